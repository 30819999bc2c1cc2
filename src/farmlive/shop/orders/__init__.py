"""Orders that were placed: who may read them, and each transition until they are handed over."""
