"""Boxes of offers and grams of lots: what is left, what a line item takes, and at which price."""
