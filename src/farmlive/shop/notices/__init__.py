"""Notices: messages to buyers about their orders, by phone or e-mail."""
