"""The fast path: compiled statements, prefetch, pipelines and deferred updates."""
