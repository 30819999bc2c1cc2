"""A lock of the data folder: with SQLite one server runs at a time; other commands may run beside
it.

On PostgreSQL several servers may run, and `require` checks that none does. The lock is flock(2) on
a file of its own. This process must not open a database file except through SQLite: closing it
drops all POSIX locks that the process holds on it.
"""

import contextlib
import fcntl
import os
from pathlib import Path

from sqlalchemy import Connection, text

from farmlive.store.engine import DatabaseRefused

NAME = "serve.lock"
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)

# A transaction looks at the connections once, unless it is told to forget what it saw.
_LATER = text("SELECT pg_stat_clear_snapshot(), pg_sleep(0.1)")
_LOOKS = 10


class FolderTaken(DatabaseRefused):
    """Another server holds the folder; the message has its process id and what to do."""


class ServersRun(DatabaseRefused):
    """Other processes are connected to the database, as running servers are."""


def require(connection: Connection) -> None:
    """Check that nothing else is connected to PostgreSQL, and let no server start before this
    transaction ends.

    A server that has just been stopped leaves its connections a moment later. SQLite's folder is
    locked by `Alone`. Raises ServersRun.
    """
    if connection.dialect.name != "postgresql":
        return
    # A starting server reads this table first.
    connection.execute(text("LOCK TABLE key_fingerprint IN ACCESS EXCLUSIVE MODE"))
    for _ in range(_LOOKS):
        others = connection.execute(_OTHERS).scalar_one()
        if not others:
            return
        connection.execute(_LATER)
    raise ServersRun(
        f"Others are connected to this database ({others} connections): stop every server of "
        "it, and end a pooler, a backup or psql that is on it. Nothing was changed"
    )


class Alone:
    """Holds the folder until `close` or the end of the process.

    Raises FolderTaken, and DatabaseRefused if the folder's file system has no locks.
    """

    def __init__(self, folder: Path):
        path = folder / NAME
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DatabaseRefused(
                f"The file {path} can't be opened ({error.strerror}): see that FARMLIVE_DATA is "
                "right, and that this user may write there"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            other = os.pread(self._file, 20, 0).decode(errors="replace").strip()
            os.close(self._file)
            if not isinstance(error, BlockingIOError):
                raise DatabaseRefused(
                    f"The folder {folder} takes no lock ({error.strerror}): it must be on a local "
                    "disk, or set FARMLIVE_DATABASE_URL"
                ) from error
            raise FolderTaken(
                f"Another farmlive serves {folder} already{f' (process {other})' if other else ''}."
                " Stop that one, or give this one a folder of its own by FARMLIVE_DATA; several "
                "servers need PostgreSQL. `farmlive user` and `farmlive key` go on beside it"
            ) from error
        with contextlib.suppress(OSError):  # the lock holds without the process id, on a full disk
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, b"%d\n" % os.getpid(), 0)

    def close(self) -> None:
        """Release the folder."""
        os.close(self._file)
