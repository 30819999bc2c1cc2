"""The tables of buyers' data: codes that were asked for, persons that are erased, and up to where
retention has looked.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from farmlive.store import Json, metadata
from farmlive.store.running import runs_until

# A code that was asked for to a phone, by a keyed pseudonym of it, and the wrong ones since; a row
# whether the phone has orders. The code is derived from `seed`: when it was issued, by the clock of
# then, since `issued_at` moves when the clock is set.
person_codes = Table(
    "person_codes",
    metadata,
    Column("phone", String(32), primary_key=True),
    Column("issued_at", BigInteger, nullable=False),
    Column("seed", BigInteger, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False),
    Column("tried_at", BigInteger, nullable=False),
    # When nothing of it counts any more.
    Column("until", BigInteger, nullable=False, index=True),
)

# Persons that are erased, or were within the days of the outbox: `buyers` are the pseudonyms that
# go, unless it is one `order`; `buyer` is the one that comes, empty once it is done.
erasures = Table(
    "erasures",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("buyers", Json, nullable=False),
    Column("order", String(26)),
    Column("buyer", String(64), nullable=False),
    Column("done_at", BigInteger),
    # The WAL and, on PostgreSQL, dead rows are gone: nothing is left to do.
    Column("scrubbed_at", BigInteger),
    Index("ix_erasures_at", "at"),
    Index("ix_erasures_left", "scrubbed_at", "id"),
)

# Up to which order retention.py has looked: those before it were dealt with or are looked at again.
retention_marks = Table(
    "retention_marks",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("upto", String(26), nullable=False),
)

# Moves with the clock when it is set.
runs_until(person_codes, "until", "issued_at", "tried_at")
