"""Boxes of offers and grams of lots: what is left, what a line item takes of it and at which
price.
"""
