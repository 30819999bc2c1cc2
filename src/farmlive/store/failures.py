"""Failures of reads and writes: the problems that callers get, and which one follows from a
database error.
"""

from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from farmlive.problems import Unavailable
from farmlive.store.batch import CONNECTION_STATES, SYNC_FAULT, state_of
from farmlive.store.compatibility import Outgrown
from farmlive.store.deadlines import GivenUp


class CommitFailed(Unavailable):
    """The batch was rolled back: nothing was kept, and the caller may try again."""

    slug = "not-saved"
    title = "The database could not save it, and nothing was kept"


class CommitUnknown(Unavailable):
    """The connection broke during COMMIT, SQLite's disk failed at its fsync, or neither answered by
    the deadline: the write may have been kept, or not.
    """

    slug = "save-unknown"
    title = "The database went away while saving"


class NotRead(Unavailable):
    """The database is unavailable or full, or has not answered by the deadline."""

    slug = "not-read"
    title = "The database can't be read at the moment"


class NewerDatabase(Unavailable):
    """Newer code migrated the database; this server is too old to write to it."""

    slug = "newer-database"
    title = "The database has moved on to a newer version than this server's"

    def __init__(self) -> None:
        super().__init__(
            "Nothing was saved. Try again in a minute: a server of the newer version is to take "
            "the place of this one.",
            headers={"Retry-After": "60"},
        )


TOO_SLOW = "The database has not answered in time. Try again in a moment."


def is_of_disk(error: Exception) -> bool:
    """Return whether the disk is at fault: SQLite's message says so, or PostgreSQL's SQLSTATE
    (disk_full, io_error).
    """
    if isinstance(error, DBAPIError) and state_of(error) in ("53100", "58030"):
        return True
    return any(word in str(error) for word in ("is full", "No space left", SYNC_FAULT))


def unknown() -> CommitUnknown:
    """Return the problem for a write whose outcome is unknown."""
    return CommitUnknown(
        "It may have been saved or not. Send the same request with the same key again: it is "
        "done once at most."
    )


def late() -> CommitFailed:
    """Return the problem for a write that was not committed by its deadline, and won't be."""
    return CommitFailed(
        "Nothing was saved, since the database has not answered in time. Try again in a moment."
    )


def failure_of(error: Exception, *, committing: bool) -> Callable[[], Unavailable]:
    """Return the function that makes the problems of a failed batch."""
    if isinstance(error, Outgrown):
        return NewerDatabase
    lost = isinstance(error, DBAPIError) and (
        error.connection_invalidated
        or str(state_of(error))[:2] in CONNECTION_STATES
        or SYNC_FAULT in str(error.orig)
    )
    if committing and lost:
        return unknown
    if isinstance(error, GivenUp):
        return late
    full = any(word in str(error) for word in ("is full", "No space left"))
    reason = "the disk is full" if full else "the database did not take it"
    return lambda: CommitFailed(f"Nothing was saved, since {reason}. Try again in a moment.")
