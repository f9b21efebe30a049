"""Where things are kept: rows in SQLite, bytes by their hash."""
