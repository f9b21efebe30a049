"""Where to run: one compute, one file."""
