"""The engine in plain Python, the reference that the one in C is held against."""
