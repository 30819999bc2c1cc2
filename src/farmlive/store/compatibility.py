"""Which code the database serves: said by whoever migrates it, and read by each transaction that
writes, so that a server whose database was moved on beyond it writes nothing more.

Always holds: a migration and a transaction of code that it leaves behind never overlap. On SQLite
only one of them writes; on PostgreSQL all code of a revision shares that one's fence, and the
migration takes it for itself.
"""

from typing import cast
from zlib import crc32

from sqlalchemy import Column, Connection, Integer, String, Table, select

from farmlive.store.hot import hot
from farmlive.store.pipeline import Result
from farmlive.store.tables import metadata

# PostgreSQL's first number of the advisory locks, one a revision.
_FENCE = 730_511_202

compatibility = Table(
    "schema_compatibility",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("oldest_code", String(32), nullable=False),
)

_OLDEST = hot(select(compatibility.c.oldest_code).where(compatibility.c.id == 1))


class Outgrown(Exception):
    """The database needs newer code than this one: nothing that this one writes may be kept."""


def share_fence(knows: str) -> str:
    """What PostgreSQL evaluates to keep migrations out that leave this code behind, or to wait for
    one, until the transaction ends.
    """
    return f"pg_advisory_xact_lock_shared({_FENCE}, {crc32(knows.encode()) >> 1})"


def take_fence(knows: str) -> str:
    """What it evaluates to keep transactions of this code out."""
    return f"pg_advisory_xact_lock({_FENCE}, {crc32(knows.encode()) >> 1})"


def ask(connection: Connection) -> Result:
    """Ask which code the database serves, for `require`; PostgreSQL gets it with what follows."""
    return cast(Result, connection.execute(_OLDEST))


def require(connection: Connection, asked: Result, knows: str) -> None:
    """Raise Outgrown unless the database serves code whose newest revision is `knows`."""
    # What was asked before a statement failed has no answer.
    found = asked.first() or ask(connection).first()
    if found is not None and found.oldest_code > knows:
        raise Outgrown(
            f"the database serves farmlive from revision {found.oldest_code} on, and this one "
            f"knows {knows}"
        )
