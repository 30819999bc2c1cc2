"""The addresses of people in the API. No logic."""
