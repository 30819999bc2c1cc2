"""The addresses of the shop in the API. No logic."""
