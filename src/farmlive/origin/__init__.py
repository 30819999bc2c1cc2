"""Where the fruit comes from: farms, lots, their trace events, and the moments they were shown."""
