"""The farms' products, and the bag of a broadcast."""
