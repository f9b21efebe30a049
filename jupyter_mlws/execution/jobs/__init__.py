"""What to run: one job type, one file."""
