"""Turns: servers on one PostgreSQL write one after the other, as SQLite's BEGIN IMMEDIATE has them
do. A batch changes rows of many broadcasts in the order of its functions; two would deadlock.
"""

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from farmlive.store.compatibility import share_fence
from farmlive.store.engine import BUSY_TIMEOUT_MS

_LOCK = 7310306862116234
# What takes the turn, which a transaction keeps until it ends.
_TAKE = f"pg_advisory_xact_lock({_LOCK})"
TAKE_TURN = f"SELECT {_TAKE}"
# The SQLSTATE of who waited BUSY_TIMEOUT_MS for it, or for what someone else has locked.
_LOCKED = "55P03"
_END = text("""
    SELECT count(pg_terminate_backend(pid)) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND (classid::bigint << 32 | objid::bigint) = :lock AND datname = current_database()
    AND wait_event = 'ClientRead' AND clock_timestamp() - xact_start > :long * interval '1 ms'
""")


def begin(knows: str) -> str:
    """Return the first statement of a write transaction of code of this revision. It takes the
    fence before the turn, so that a server that waits for a migration blocks no other.
    """
    return f"SELECT {share_fence(knows)}, {_TAKE}"


def waited_in_vain(error: Exception) -> bool:
    """Whether someone else has locked what this asked for, for too long."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _LOCKED


def end_others(writer: Engine) -> bool:
    """End a turn with which its server does not go on; whether there was one.

    Who was stopped in its turn has it for as long as its machine answers for it. What it had not
    committed is undone, and it is told so if it ever goes on.
    """
    with writer.connect() as connection:
        found = connection.execute(_END, {"lock": _LOCK, "long": BUSY_TIMEOUT_MS})
        return bool(found.scalar_one())
