"""How runs differ: one module for each section of a comparison."""
