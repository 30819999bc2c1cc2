"""Calls of the HTTP API by resource."""
