"""The oldest code that may write to the database.

A migration sets it, and each write transaction checks it, so that a server that is too old for a
migration stops writing.

Invariant: a migration and a transaction of code that is too old for it never overlap. SQLite has
one writer; on PostgreSQL all code of a revision holds a shared advisory lock of that revision, the
fence, which the migration takes exclusively.
"""

from typing import cast
from zlib import crc32

from sqlalchemy import Column, Connection, Integer, String, Table, select

from farmlive.store.fast import Result, hot
from farmlive.store.reference import EPOCH, ClockMoved
from farmlive.store.tables import metadata

# The first key of PostgreSQL's advisory locks; the second is the revision's.
_FENCE = 730_511_202

compatibility = Table(
    "schema_compatibility",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("oldest_code", String(32), nullable=False),
)

_OLDEST = hot(select(compatibility.c.oldest_code, EPOCH).where(compatibility.c.id == 1))


class Outgrown(Exception):
    """The database needs newer code than this one: nothing that this code writes may be
    committed.
    """


def share_fence(knows: str) -> str:
    """Return the SQL that takes the fence, shared, until the transaction ends: migrations that this
    code is too old for wait, and it waits for them.
    """
    return f"pg_advisory_xact_lock_shared({_FENCE}, {crc32(knows.encode()) >> 1})"


def take_fence(knows: str) -> str:
    """Return the SQL that takes the fence exclusively, so that transactions of this code wait."""
    return f"pg_advisory_xact_lock({_FENCE}, {crc32(knows.encode()) >> 1})"


def ask(connection: Connection) -> Result:
    """Query the oldest code and the clock's epoch, for `require`; PostgreSQL gets the query with
    the next statements.
    """
    return cast(Result, connection.execute(_OLDEST))


def require(connection: Connection, asked: Result, knows: str, epoch: int | None = None) -> None:
    """Raise Outgrown unless the database serves code whose newest revision is `knows`, and
    ClockMoved unless its time has this epoch, if one is given.
    """
    # The result is lost if a statement failed in the same pipeline.
    found = asked.first() or ask(connection).first()
    if found is not None and found.oldest_code > knows:
        raise Outgrown(
            f"the database serves farmlive from revision {found.oldest_code} on, and this one "
            f"knows {knows}"
        )
    if found is not None and epoch is not None and (found.epoch or 0) != epoch:
        raise ClockMoved
