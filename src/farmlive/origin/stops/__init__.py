"""Stopped lots: which findings stop a lot, and how a coordinator lifts them."""
