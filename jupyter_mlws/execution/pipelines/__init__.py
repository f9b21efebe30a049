"""Pipelines: from a document to a checked plan, and from a plan to what runs next."""
