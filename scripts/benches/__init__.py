"""Benches and loads; `scripts/bench` and `scripts/load` start them."""
