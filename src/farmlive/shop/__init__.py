"""What is sold: products, the bag of a broadcast, the till, orders and pick-up points."""
