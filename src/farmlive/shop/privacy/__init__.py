"""A buyer's own data: export, erasure, and removal once it is no longer needed."""
