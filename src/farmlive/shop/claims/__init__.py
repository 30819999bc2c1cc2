"""What came damaged, and what staff give back for it."""
