"""Accounts and their passwords: sign-in, and limits of wrong passwords."""
