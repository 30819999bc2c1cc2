"""A batch: functions that share a transaction, each of which fails by itself.

A SAVEPOINT precedes each function. On PostgreSQL the statements that a function leaves unsent run
there while the next functions run, and the first queries of these are prefetched together.
"""

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from farmlive.store.compatibility import ask, require
from farmlive.store.fast import (
    Earlier,
    HotConnection,
    Mark,
    Miscounted,
    Question,
    Result,
    independent_prefix,
)
from farmlive.store.writer_lock import begin, waited_in_vain

# SQLSTATE classes: connection (08) and operator intervention (57); insufficient resources (53),
# system error (58), internal error (XX).
CONNECTION_STATES = ("08", "57")
_FAULT_STATES = (*CONNECTION_STATES, "53", "58", "XX")
# After a failed fsync the disk may have kept the data, or not.
SYNC_FAULT = "disk I/O error"
_FAULTS = ("disk is full", SYNC_FAULT, "unable to open database")
_CALLS = "farmlive.after_commit"
_BEGIN, _END, _UNDO = "SAVEPOINT unit", "RELEASE SAVEPOINT unit", "ROLLBACK TO SAVEPOINT unit"


@dataclass(slots=True, eq=False)
class Unit:
    """One function to run: what it prefetches, its caller's future, the check of the store at which
    it is due, and its outcome.
    """

    function: Callable[[Connection], Any]
    waiter: asyncio.Future[Any]
    question: Question | None = None
    due: int = 0
    result: Any = None
    error: BaseException | None = None
    calls: list[Callable[[], None]] = field(default_factory=list)

    def fail(self, error: BaseException) -> None:
        """Set its error as its outcome."""
        self.result, self.calls, self.error = None, [], error


def after_commit(connection: Connection, call: Callable[[], None]) -> None:
    """Call `call` in the event loop once this write is committed, before its caller gets the
    result.

    Calls of one batch run in the order of registration. Those of a function that raised, or of a
    batch that failed, do not run.
    """
    connection.info[_CALLS].append(call)


@contextlib.contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Run a part of a write that can fail by itself.

    If it raises, its changes and its `after_commit` calls are undone. What the function did before
    stays, and it may go on if it catches the error.
    """
    quick = cast(HotConnection, connection)
    calls: list[Callable[[], None]] = connection.info[_CALLS]
    before, mark = len(calls), quick.tally.mark()
    quick.control("SAVEPOINT part")
    try:
        yield
        quick.control("RELEASE SAVEPOINT part")
    except BaseException:
        del calls[before:]
        quick.discard(mark)
        quick.control("ROLLBACK TO SAVEPOINT part", "RELEASE SAVEPOINT part")
        raise


def run(connection: HotConnection, batch: Sequence[Unit], knows: str, epoch: int) -> None:
    """Run each function so that a failure undoes its own changes alone.

    Raises only what ends the whole transaction: a full disk, a lost connection, Miscounted,
    ClockMoved if the database's time has another `epoch`, or Outgrown if the database needs newer
    code than this one, whose newest revision is `knows`. If unsent statements of a function fail
    when they are sent, the functions after it run again.
    """
    left = deque(batch)
    done: list[tuple[Unit, Mark]] = []
    served: Result | None = None
    while True:
        try:
            if served is None:
                served = _begin(connection, knows)
            while left:
                _prefetch(connection, left)
                unit = left.popleft()
                done.append((unit, connection.start(unit.question)))
                _run(connection, *done[-1], last=not left)
            connection.settle()  # needed if the last function failed
            require(connection, served, knows, epoch)
            return
        except Earlier as earlier:
            _undo(connection, earlier, left, done)


def _begin(connection: HotConnection, knows: str) -> Result:
    """Take the writer lock and query which code the database serves. Raises Earlier."""
    if connection.dialect.name == "postgresql":
        connection.control_nowait(begin(knows), owner=None)
    served = ask(connection)
    connection.control_nowait(_BEGIN, owner=None)
    return served


def _prefetch(connection: HotConnection, left: deque[Unit]) -> None:
    """Prefetch the queries of the next functions together, unless the first one has its results."""
    first = left[0].question
    if first is None or connection.has_prefetched(first) or connection.dialect.name == "sqlite":
        return  # SQLite has no round trips
    questions = independent_prefix(unit.question for unit in left)
    if len(questions) > 1:
        connection.prefetch(questions)


def _run(connection: HotConnection, unit: Unit, mark: Mark, *, last: bool) -> None:
    """Run one function. Raises Earlier, and what ends the transaction."""
    unit.error = None
    unit.calls = connection.info[_CALLS] = []
    try:
        unit.result = unit.function(connection)
        if last:
            connection.settle()
        else:
            connection.control_nowait(_END, _BEGIN, owner=unit)
    except Earlier:
        raise
    except BaseException as error:
        if ends_transaction(error):
            raise
        unit.fail(error)
        if connection.discard(mark):
            connection.control(_UNDO)


def _undo(
    connection: HotConnection,
    earlier: Earlier,
    left: deque[Unit],
    done: list[tuple[Unit, Mark]],
) -> None:
    """Undo the function that owned the failed statements, and queue the functions after it again.

    Raises what ends the transaction.
    """
    error = connection.failure(earlier.error)
    if earlier.owner is None or ends_transaction(error):
        raise error from earlier.error
    unit, mark = done.pop()
    while unit is not earlier.owner:
        unit.error = None
        left.appendleft(unit)
        unit, mark = done.pop()
    unit.fail(error)
    connection.discard(mark)
    connection.forget_prefetched()
    connection.control(_UNDO)


def ends_transaction(error: BaseException) -> bool:
    """Return whether the database or a deferred update is at fault, not the function or its
    statement.
    """
    if isinstance(error, Miscounted):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        said = str(error.orig)
        return any(fault in said for fault in _FAULTS)
    if waited_in_vain(error):
        return True
    state = state_of(error)
    # Without a SQLSTATE the driver reports a connection that it can't get or has lost.
    return isinstance(error, OperationalError) if state is None else state[:2] in _FAULT_STATES


def state_of(error: DBAPIError) -> str | None:
    """Return the SQLSTATE, or None if the error has none."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state
