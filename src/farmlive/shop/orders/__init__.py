"""Placed orders: who may read them, and every transition until they are handed over."""
