"""The edge of HTTP: problems as answers, limits, headers, host names, lists by pages."""
