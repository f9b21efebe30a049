"""Where things come from: graphs of lineage, what depends on what, runs made again."""
