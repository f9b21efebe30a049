"""A pipeline in the words of others: Azure ML's YAML, Python."""
