"""Who is blocked, and what limits and blocks refused."""
