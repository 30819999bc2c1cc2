"""The writer lock: servers on one PostgreSQL write one after the other, as with SQLite's BEGIN
IMMEDIATE.

A batch changes rows of many broadcasts in the order of its functions; two batches at once would
deadlock.
"""

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from farmlive.store.compatibility import share_fence
from farmlive.store.engine import BUSY_TIMEOUT_MS

_LOCK = 7310306862116234
# Takes the lock, which a transaction holds until it ends.
_TAKE = f"pg_advisory_xact_lock({_LOCK})"
TAKE_TURN = f"SELECT {_TAKE}"
# The SQLSTATE after waiting BUSY_TIMEOUT_MS for this or any other lock.
_LOCKED = "55P03"
_END = text("""
    SELECT count(pg_terminate_backend(pid)) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND (classid::bigint << 32 | objid::bigint) = :lock AND datname = current_database()
    AND wait_event = 'ClientRead' AND clock_timestamp() - xact_start > :long * interval '1 ms'
""")


def begin(knows: str) -> str:
    """Return the first statement of a write transaction of code of this revision.

    It takes the fence before the writer lock, so that a server that waits for a migration blocks no
    other.
    """
    return f"SELECT {share_fence(knows)}, {_TAKE}"


def waited_in_vain(error: Exception) -> bool:
    """Return whether a lock timed out."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _LOCKED


def end_others(writer: Engine) -> bool:
    """Terminate a transaction whose server no longer continues it; return whether there was one.

    A server that was stopped inside its transaction holds the lock for as long as its machine
    acknowledges packets. Its uncommitted changes are rolled back, and it gets an error if it ever
    continues.
    """
    with writer.connect() as connection:
        found = connection.execute(_END, {"lock": _LOCK, "long": BUSY_TIMEOUT_MS})
        return bool(found.scalar_one())
