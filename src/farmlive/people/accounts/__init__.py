"""Accounts and their passwords: who signs in, and how wrong passwords are limited."""
