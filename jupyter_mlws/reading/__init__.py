"""Data: where it lies, how tables are read, and what they look like."""
