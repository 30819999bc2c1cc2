"""Viewers on links hardly wider than the stream, and narrower: joins, recovery, and the cost of
link control.
"""
