"""How things are run: job types, computes and the one dispatcher."""
