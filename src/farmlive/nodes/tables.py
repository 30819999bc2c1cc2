"""The table of media leases."""

from sqlalchemy import BigInteger, Column, String, Table

from farmlive.store import metadata
from farmlive.store.running import runs_until

media_leases = Table(
    "media_leases",
    metadata,
    Column("broadcast", String(26), primary_key=True),
    # The process that holds it; it has another identifier after each start.
    Column("node", String(26), nullable=False),
    # Where the other servers reach it, FARMLIVE_NODE_URL; empty where that is not set.
    Column("url", String(200), nullable=False),
    # By what a process knows a lease of the one that ran in its place before.
    Column("place", String(300), nullable=False),
    # Rises with each tenure; what is written into the log of media is written on condition of it.
    Column("epoch", BigInteger, nullable=False),
    # Milliseconds since 1970 by the database's clock; 0: given back.
    Column("until", BigInteger, nullable=False),
)

# What runs by the clock, and moves with it when it is set.
runs_until(media_leases, "until")
