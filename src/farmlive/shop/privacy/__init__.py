"""A buyer's own data: exported, erased, and removed when it is no longer needed."""
