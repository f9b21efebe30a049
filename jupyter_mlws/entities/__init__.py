"""What things are: typed, without input or output."""
