"""Searching for the best values: spaces, ways to draw from them, rules to stop early."""
