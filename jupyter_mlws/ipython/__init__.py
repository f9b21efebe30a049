"""Magics, widgets and rich display in notebooks."""
