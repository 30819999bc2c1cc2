"""The farms' products, and the bag: what a broadcast offers."""
