"""Flash batches: n boxes of an offer at a price of their own, for a time of their own."""
