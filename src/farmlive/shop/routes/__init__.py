"""Routes of the shop. No logic."""
