"""The fast path: compiled statements, prefetched queries, pipelines and deferred updates."""
