"""Tables of privacy: codes, erasures, and the position of retention."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from farmlive.store import Json, metadata
from farmlive.store.running import runs_until

# A code that was requested for a phone, by the phone's keyed pseudonym, and the wrong codes since;
# the row exists whether or not the phone has orders. The code is derived from `seed`, the time of
# its issue by the clock at that time, since `issued_at` moves when the clock is set.
person_codes = Table(
    "person_codes",
    metadata,
    Column("phone", String(32), primary_key=True),
    Column("issued_at", BigInteger, nullable=False),
    Column("seed", BigInteger, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False),
    Column("tried_at", BigInteger, nullable=False),
    # When the row expires.
    Column("until", BigInteger, nullable=False, index=True),
)

# Erasures, also completed ones until the outbox files are gone: `buyers` are the old pseudonyms,
# unless it is a single `order`; `buyer` is the new one, empty once it is done.
erasures = Table(
    "erasures",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("buyers", Json, nullable=False),
    Column("order", String(26)),
    Column("buyer", String(64), nullable=False),
    Column("done_at", BigInteger),
    # When the WAL and, on PostgreSQL, dead rows were cleared: nothing is left to do.
    Column("scrubbed_at", BigInteger),
    Index("ix_erasures_at", "at"),
    Index("ix_erasures_left", "scrubbed_at", "id"),
)

# The order up to which retention.py has scanned: earlier ones are done, or are checked again.
retention_marks = Table(
    "retention_marks",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("upto", String(26), nullable=False),
)

# Moves with the clock when it is set.
runs_until(person_codes, "until", "issued_at", "tried_at")
