"""Files of Azure ML that are understood and checked here, one module for each family of things."""
