"""Shared parts of people: tables, API models, callers, sessions, devices and limits."""
