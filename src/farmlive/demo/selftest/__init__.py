"""The selftest: a stream, viewers, orders and prices, tried once with figures."""
