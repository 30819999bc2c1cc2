"""Deadlines of reads and writes: the work on each connection, and how another thread cancels it.

store.py decides when work is due. PostgreSQL cancels a statement by itself (`statement_timeout`).
If PostgreSQL is stopped or unreachable, it neither does that nor answers a cancel request, which
needs a connection too: then the socket is shut down, and the waiting thread gets a connection
error.
"""

import contextlib
import os
import socket
import sqlite3
import threading
import time
from typing import Any

from psycopg.pq import ExecStatus
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

CHECK_S = 0.25
# For a request's read or write. File downloads and tasks set longer deadlines.
REQUEST_S = 10.0
FILE_S = 60.0
# For a task's write, which goes in steps of at most a second: it waits longer for its turn than
# people do, and blocks nobody for as long as a file's read may take.
TASK_S = 20.0
# If the database is silent for this long, other callers get their error at once.
SILENT_S = 1.0
# From the cancel request to the shutdown of the connection.
DROP_AFTER_S = 1.0

_WIRE = "farmlive.wire"
_at_work = threading.local()


def ticks(seconds: float) -> int:
    """Return after how many checks something is due."""
    return round(seconds / CHECK_S) + 1


class Wire:
    """One connection, as used by a thread that cancels another thread's work on it."""

    _socket: socket.socket | None = None

    def __init__(self, driver: Any):
        self._driver = driver
        if not isinstance(driver, sqlite3.Connection):
            # A descriptor of its own: libpq may close its one at any time, and the number may be
            # reused for another connection.
            self._socket = socket.socket(fileno=os.dup(driver.pgconn.socket))

    def end(self) -> None:
        """Cancel the current statement; on PostgreSQL also the connection."""
        with contextlib.suppress(OSError, sqlite3.Error):
            if self._socket is None:
                self._driver.interrupt()
            else:
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the descriptor: the connection is closed."""
        if self._socket is not None:
            self._socket.close()

    def __del__(self) -> None:
        # SQLAlchemy reports no close of a connection that failed during setup.
        self.close()


class GivenUp(Exception):
    """The caller has already received an error: nothing may be committed any more."""


class Work:
    """A thread's work at the database, from `start` to `finish`."""

    def __init__(self) -> None:
        self.began: float | None = None
        """When, by the monotonic clock, its thread took it up."""
        self.given_up = False
        """Its callers have had their answer."""
        self.committing = False
        self._lock = threading.Lock()
        self._wire: Wire | None = None

    def start(self) -> None:
        """Assign the connections that this thread gets from now on to this work."""
        _at_work.work = self
        self.began = time.monotonic()

    def finish(self) -> None:
        """Release the connection: it may not be cancelled any more."""
        _at_work.work = None
        with self._lock:
            self._wire = None

    def use(self, wire: Wire) -> None:
        """Record the connection that the work uses."""
        with self._lock:
            self._wire = wire

    def commit(self) -> None:
        """Begin the commit, which can't be taken back. Raises GivenUp."""
        with self._lock:
            if self.given_up:
                raise GivenUp
            self.committing = True

    def give_up(self) -> bool:
        """Forbid the commit; return False if it has begun already."""
        with self._lock:
            self.given_up = not self.committing
            return self.given_up

    def end(self) -> None:
        """Cancel the work on its connection, if it has one; its statement fails."""
        with self._lock:
            if self._wire is not None:
                self._wire.end()


def keep_wires(engine: Engine) -> None:
    """Register the engine's connections with the work that uses them, and test them before use."""

    @event.listens_for(engine, "connect", insert=True)
    def _connect(driver: Any, record: Any) -> None:
        record.info[_WIRE] = Wire(driver)
        record.info["farmlive.fresh"] = True
        _use(record)

    @event.listens_for(engine, "checkout")
    def _checkout(driver: Any, record: Any, _proxy: Any) -> None:
        _use(record)
        if record.info.pop("farmlive.fresh", False) or isinstance(driver, sqlite3.Connection):
            return
        if driver.pgconn.exec_(b"").status != ExecStatus.EMPTY_QUERY:
            raise InvalidatePoolError("the connection is lost")

    @event.listens_for(engine, "close")
    def _close(_driver: Any, record: Any) -> None:
        if (wire := record.info.pop(_WIRE, None)) is not None:
            wire.close()


def _use(record: Any) -> None:
    work: Work | None = getattr(_at_work, "work", None)
    if work is not None:
        work.use(record.info[_WIRE])
