"""One server at a time serves a SQLite folder: the other commands go on beside it.

The lock is of a file of its own (flock(2)). Nothing here, or anywhere in this process, opens a file
of the database beside SQLite: to close one drops all POSIX locks that the process has on it.
"""

import contextlib
import fcntl
import os
from pathlib import Path

from farmlive.store.engine import DatabaseRefused

NAME = "serve.lock"


class FolderTaken(DatabaseRefused):
    """Another server runs on the folder; the message says which, and what to do."""


class Alone:
    """Holds a folder from when it is made until it is closed, or the process ends however it does.

    Raises FolderTaken, and DatabaseRefused where the folder takes no lock.
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
        with contextlib.suppress(OSError):  # on a full disk it is held without
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, b"%d\n" % os.getpid(), 0)

    def close(self) -> None:
        """Let another one serve it."""
        os.close(self._file)
