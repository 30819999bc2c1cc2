"""Deadlines of reads and writes: what is under way on which connection, and how another thread ends
it. When something is due is the doors' to say.

PostgreSQL cancels a statement by itself (`statement_timeout`). A PostgreSQL that is stopped, or out
of reach, does neither that nor answers a cancel request, which takes a connection too: the socket
is shut down, and the thread that waits at it sees the end of the connection.
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
# A request's read or write. A file's and a task's say how much longer they may take.
REQUEST_S = 10.0
FILE_S = 60.0
# A task's write, which goes in steps of a second at most: it waits longer for its turn than people
# do, and holds nobody up for as long as a file's read may take.
TASK_S = 20.0
# Where the database answers nothing, nobody else waits for long to learn that.
SILENT_S = 1.0
# From the cancel to the end of the connection.
DROP_AFTER_S = 1.0

_WIRE = "farmlive.wire"
_at_work = threading.local()


def ticks(seconds: float) -> int:
    """Return in how many checks something is due."""
    return round(seconds / CHECK_S) + 1


class Wire:
    """One connection, as seen by a thread that is to end what another does on it."""

    _socket: socket.socket | None = None

    def __init__(self, driver: Any):
        self._driver = driver
        if not isinstance(driver, sqlite3.Connection):
            # A descriptor of its own: libpq may close its one at any time, and its number be
            # another connection's then.
            self._socket = socket.socket(fileno=os.dup(driver.pgconn.socket))

    def end(self) -> None:
        """End what is under way; on PostgreSQL with the connection."""
        with contextlib.suppress(OSError, sqlite3.Error):
            if self._socket is None:
                self._driver.interrupt()
            else:
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the descriptor back: the connection is closed."""
        if self._socket is not None:
            self._socket.close()

    def __del__(self) -> None:
        # Of a connection that failed while it was set up nobody says that it is closed.
        self.close()


class GivenUp(Exception):
    """Whoever asked has had an answer: nothing of it is to be committed any more."""


class Work:
    """What a thread does at the database, from `start` until `finish`."""

    def __init__(self) -> None:
        self.began: float | None = None
        """When, by the monotonic clock, its thread took it up."""
        self.given_up = False
        """Its callers have had their answer."""
        self.committing = False
        self._lock = threading.Lock()
        self._wire: Wire | None = None

    def start(self) -> None:
        """Take the connections that this thread gets from now on for this work's."""
        _at_work.work = self
        self.began = time.monotonic()

    def finish(self) -> None:
        """Leave the connection: nobody may end it any more."""
        _at_work.work = None
        with self._lock:
            self._wire = None

    def use(self, wire: Wire) -> None:
        """Work on this connection."""
        with self._lock:
            self._wire = wire

    def commit(self) -> None:
        """Begin to commit, from where there is no way back. Raises GivenUp."""
        with self._lock:
            if self.given_up:
                raise GivenUp
            self.committing = True

    def give_up(self) -> bool:
        """Commit nothing; False where it began to commit already."""
        with self._lock:
            self.given_up = not self.committing
            return self.given_up

    def end(self) -> None:
        """End its connection, if it has one; what it does there fails."""
        with self._lock:
            if self._wire is not None:
                self._wire.end()


def keep_wires(engine: Engine) -> None:
    """Let the engine's connections be known to the work that uses them, and be tried before."""

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
