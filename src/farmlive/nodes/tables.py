"""The table of media leases."""

from sqlalchemy import BigInteger, Column, String, Table

from farmlive.store import metadata
from farmlive.store.running import runs_until

media_leases = Table(
    "media_leases",
    metadata,
    Column("broadcast", String(26), primary_key=True),
    # The process that holds it; it has another id after each start.
    Column("node", String(26), nullable=False),
    # Its URL for the other servers, FARMLIVE_NODE_URL; empty if not set.
    Column("url", String(200), nullable=False),
    # By which a process recognizes a lease of an earlier process in its place.
    Column("place", String(300), nullable=False),
    # Rises with each tenure; media's events are written on condition of it.
    Column("epoch", BigInteger, nullable=False),
    # Milliseconds since 1970 by the database's clock; 0: released.
    Column("until", BigInteger, nullable=False),
)

# Columns that run by the clock, and move with it when it is set.
runs_until(media_leases, "until")
