"""A publisher: its tracks and their rings, and the feedback on them."""
