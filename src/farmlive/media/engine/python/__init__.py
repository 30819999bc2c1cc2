"""The engine in plain Python: the reference implementation for the one in C."""
