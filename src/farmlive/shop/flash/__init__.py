"""Flash batches: boxes of an offer at a lower price, for a limited time."""
