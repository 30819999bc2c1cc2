"""A lot's story, read from its trace."""
