"""Pasted postal addresses: a name, a phone, a region and a street, out of one text."""
