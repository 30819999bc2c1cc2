"""The selftest: tries a stream, viewers, orders and prices once, with measurements."""
