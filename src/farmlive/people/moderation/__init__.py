"""Blocks, and what limits and blocks refused."""
