"""What can be asked of a workspace: one operation, one function."""
