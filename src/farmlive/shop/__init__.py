"""The shop: products, the bag of a broadcast, checkout, orders and pick-up points."""
