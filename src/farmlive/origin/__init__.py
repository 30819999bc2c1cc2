"""Origin: farms, plots, lots, their trace events, and the moments when they were shown."""
