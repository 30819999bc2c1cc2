"""The HTTP edge: problems as responses, limits, headers, host names, pagination."""
