"""Queries of broadcasts for reports: facts of the log, and watch sessions."""
