"""The HTTP routes of people. No logic."""
