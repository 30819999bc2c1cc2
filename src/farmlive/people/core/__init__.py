"""What all of people shares: tables, API models, callers, sessions, devices and limits."""
