"""The demo's films, and the drawings in them."""
