"""Credentials that accounts make: API keys, stream keys, invitations and guest links."""
