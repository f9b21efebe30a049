"""The Python client of a workspace."""
