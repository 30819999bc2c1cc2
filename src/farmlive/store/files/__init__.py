"""Uploaded files: stored by their hash, decoded in a child process, with owners."""
