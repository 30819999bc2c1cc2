"""Failures of the two doors: the problems that their callers get, and which of them an error of the
database is.
"""

from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from farmlive.problems import Unavailable
from farmlive.store.batch import CONNECTION_STATES, SYNC_FAULT, state_of
from farmlive.store.compatibility import Outgrown
from farmlive.store.deadlines import GivenUp


class CommitFailed(Unavailable):
    """The batch was rolled back: nothing of it was kept, and it may be tried again."""

    slug = "not-saved"
    title = "The database could not save it, and nothing was kept"


class CommitUnknown(Unavailable):
    """The connection broke during COMMIT, or SQLite's disk did at its sync, or neither has answered
    by the deadline: what was asked may have been kept, or not.
    """

    slug = "save-unknown"
    title = "The database went away while saving"


class NotRead(Unavailable):
    """The database is away or full, or has not answered by the deadline."""

    slug = "not-read"
    title = "The database can't be read at the moment"


class NewerDatabase(Unavailable):
    """The database was moved on to a newer farmlive, and the server that was asked is of an older
    one, which writes nothing any more.
    """

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
    """SQLite says it in words; PostgreSQL by the SQLSTATEs disk_full and io_error."""
    if isinstance(error, DBAPIError) and state_of(error) in ("53100", "58030"):
        return True
    return any(word in str(error) for word in ("is full", "No space left", SYNC_FAULT))


def unknown() -> CommitUnknown:
    """Return the answer where nobody can tell."""
    return CommitUnknown(
        "It may have been saved or not. Send the same request with the same key again: it is "
        "done once at most."
    )


def late() -> CommitFailed:
    """Return the answer to a write that was not committed by its deadline, and won't be."""
    return CommitFailed(
        "Nothing was saved, since the database has not answered in time. Try again in a moment."
    )


def failure_of(error: Exception, *, committing: bool) -> Callable[[], Unavailable]:
    """Return what makes the answers to a batch that failed."""
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
