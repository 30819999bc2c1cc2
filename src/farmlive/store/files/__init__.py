"""Uploaded files: kept by their hash, decoded in a child process, owned by someone."""
