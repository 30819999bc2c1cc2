"""Checks any WHIP or WHEP server, clause by clause."""
