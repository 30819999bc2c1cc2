"""The review's table: the stored sums of broadcasts."""

from sqlalchemy import Column, ForeignKey, Table

from farmlive.store import Json, metadata

# Sums of watch sessions, card taps and orders whose rows are removed; see stored_sums.py.
broadcast_sums = Table(
    "broadcast_sums",
    metadata,
    Column("broadcast", ForeignKey("broadcasts.id"), primary_key=True),
    Column("audience", Json),
    Column("taps", Json),
    Column("sales", Json),
)
