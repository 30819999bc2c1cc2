"""A batch: functions that share a transaction, each of which fails by itself.

A SAVEPOINT stands between each and the one before it. On PostgreSQL what a function leaves to be
sent goes there with what the next one asks, so that each waits for one answer alone.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from farmlive.store.connection import HotConnection
from farmlive.store.pipeline import Earlier
from farmlive.store.tally import Mark, Miscounted

# Classes of SQLSTATE: the connection, resources, someone's intervention, the system, PostgreSQL.
CONNECTION_STATES = ("08", "57")
_FAULT_STATES = (*CONNECTION_STATES, "53", "58", "XX")
_FAULTS = ("disk is full", "disk I/O error", "unable to open database")
_CALLS = "farmlive.after_commit"
_BEGIN, _END, _UNDO = "SAVEPOINT unit", "RELEASE SAVEPOINT unit", "ROLLBACK TO SAVEPOINT unit"
# A batch changes rows of many broadcasts in the order of its functions; two nodes' batches would
# deadlock. So nodes on one PostgreSQL take turns, as SQLite's BEGIN IMMEDIATE has them do.
_TAKE_TURNS = "SELECT pg_advisory_xact_lock(7310306862116234)"


@dataclass(slots=True, eq=False)
class Unit:
    """One function on its way: what to run, who waits, and what came of it."""

    function: Callable[[Connection], Any]
    waiter: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    calls: list[Callable[[], None]] = field(default_factory=list)

    def fail(self, error: BaseException) -> None:
        """Nothing came of it but this."""
        self.result, self.calls, self.error = None, [], error


def after_commit(connection: Connection, call: Callable[[], None]) -> None:
    """Have `call` run in the event loop once this write is committed, before its caller's answer.

    Calls of one batch run in the order in which they were asked for; of a function that raised,
    or a batch that failed, none run.
    """
    connection.info[_CALLS].append(call)


@contextlib.contextmanager
def apart(connection: Connection) -> Iterator[None]:
    """A part of a write that fails by itself: its changes, and what it asked `after_commit`, are
    undone, what the function did before stands, and it may go on where it catches the error.
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
        quick.drop(mark)
        quick.control("ROLLBACK TO SAVEPOINT part", "RELEASE SAVEPOINT part")
        raise


def run(connection: HotConnection, batch: Sequence[Unit]) -> None:
    """Run each function so that its failure undoes its own changes alone; raises only what ends the
    whole transaction: a full disk, a lost connection, or Miscounted.

    A function is run again where what the one before it had left failed when it was sent.
    """
    turn = (_TAKE_TURNS,) if connection.dialect.name == "postgresql" else ()
    connection.leave(*turn, _BEGIN)
    before: tuple[Unit, Mark] | None = None
    left = list(reversed(batch))
    while left:
        unit, mark = left[-1], connection.start()
        unit.calls = connection.info[_CALLS] = []
        try:
            unit.result = unit.function(connection)
            if len(left) > 1:
                connection.leave(_END, _BEGIN)
            else:
                connection.settle()
        except Earlier as earlier:
            _undo(connection, before, earlier)
            before = None
            continue
        except BaseException as error:
            if ends_transaction(error):
                raise
            unit.fail(error)
            if connection.drop(mark):
                connection.control(_UNDO)
                before = None
        else:
            before = unit, mark
        left.pop()
    try:
        connection.settle()  # where the last one failed
    except Earlier as earlier:
        _undo(connection, before, earlier)
        connection.settle()


def _undo(connection: HotConnection, before: tuple[Unit, Mark] | None, earlier: Earlier) -> None:
    """Undo the function before, of which that failed. Raises what ends the transaction."""
    error = connection.failure(earlier.error)
    if before is None or ends_transaction(error):
        raise error from earlier.error
    unit, mark = before
    unit.fail(error)
    connection.drop(mark)
    connection.control(_UNDO)


def ends_transaction(error: BaseException) -> bool:
    """Whether the database is at fault, or the tally, and not the function or its statement."""
    if isinstance(error, Miscounted):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        text = str(error.orig)
        return any(fault in text for fault in _FAULTS)
    state = state_of(error)
    # Without a state the driver speaks, of a connection that it can't get or has lost.
    return isinstance(error, OperationalError) if state is None else state[:2] in _FAULT_STATES


def state_of(error: DBAPIError) -> str | None:
    """The SQLSTATE, where the database gave one."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state
