"""Benches and load; `scripts/bench` and `scripts/load` start them."""
