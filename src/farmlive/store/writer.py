"""The writer: one thread, whose callers share commits, and a deadline for every caller
(deadlines.py).

All calls that arrive while it works, or within `GATHER_S` of the first one, share one transaction.
Callers get their results after the COMMIT.
"""

import asyncio
import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from farmlive.periodic import in_task
from farmlive.store import condition as conditions
from farmlive.store import reference, writer_lock
from farmlive.store.batch import Unit, run
from farmlive.store.compatibility import Outgrown
from farmlive.store.condition import Condition
from farmlive.store.deadlines import (
    DROP_AFTER_S,
    REQUEST_S,
    TASK_S,
    GivenUp,
    Work,
    ticks,
)
from farmlive.store.failures import CommitFailed, failure_of, late, unknown
from farmlive.store.fast import HotConnection, Miscounted, Question
from farmlive.store.reference import ClockMoved

T = TypeVar("T")

GATHER_S = 0.001
# If several calls came at once, more will follow: each commit costs time, and so does announcing
# it to everybody.
CROWD_GATHER_S = 0.01
# With more subtransactions, PostgreSQL's readers would look up their parents on disk.
BATCH = 64
TURN = 4
# How long a function marked `last` lets others go first.
_LAST = ticks(2.0)


class _Batch(Work):
    """The batch that the writer works on."""

    def __init__(self, units: list[Unit], at: int):
        super().__init__()
        self.units = units
        self.at = at

    def due(self) -> int:
        """Return the check at which it is due: a caller that waited long for its turn leaves it
        some time.
        """
        return max(min(unit.due for unit in self.units), self.at + conditions.SILENT)


class Writer:
    """The writer of a store, for the event loop in which it is created."""

    def __init__(self, engine: Engine, condition: Condition, knows: str, clock_epoch: int):
        self.engine = engine
        self.clock_epoch = clock_epoch
        """Of which epoch of the database's time this process is (`reference`)."""
        self.committed_at: float | None = None
        """When the last commit was, by the monotonic clock."""
        self._condition = condition
        # The newest revision that this code knows.
        self._knows = knows
        self._loop = asyncio.get_running_loop()
        self._pending: list[Unit] = []
        # Functions that others go before, each with the check after which it no longer waits.
        self._last: deque[tuple[Unit, int]] = deque()
        self._crowded = False
        self._closed = False
        self._batch: _Batch | None = None
        # Whether the thread has not returned from work that was given up.
        self._hung = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._batches: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._write_batches, name="store-writer", daemon=True
        )

    def start(self) -> None:
        """Start writing."""
        self._thread.start()

    @property
    def writing_s(self) -> float:
        """For how many seconds it has been busy with its current batch; 0 if it is idle."""
        batch = self._batch
        began = None if batch is None else batch.began
        return 0 if began is None else time.monotonic() - began

    async def write(
        self,
        function: Callable[[Connection], T],
        asks: Question | None = None,
        within_s: float | None = None,
        *,
        last: bool = False,
        patient: bool = True,
    ) -> T:
        """Do as `Store.write`, without checking whether this code may write to the database."""
        if self._closed:
            raise CommitFailed("The server is stopping. Try again in a moment.")
        if self._hung:
            raise late()
        if within_s is None:
            within_s = TASK_S if in_task.get() else REQUEST_S
        unit = Unit(function, self._loop.create_future(), asks, self._condition.due(within_s))
        if last and patient:
            self._last.append((unit, self._condition.ticks + _LAST))
        elif last:
            self._last.appendleft((unit, self._condition.ticks))
        else:
            self._pending.append(unit)
        if self._idle.is_set():
            self._idle.clear()
            self._loop.call_later(GATHER_S, self._hand_over)
        return cast(T, await unit.waiter)

    def check(self) -> None:
        """Answer callers whose deadline has passed, and cancel their work."""
        if (batch := self._batch) is not None:
            self._check_batch(batch)
            self._check_pending()

    async def stop(self) -> None:
        """Commit the current batch and stop writing."""
        self._closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REQUEST_S + 2 * DROP_AFTER_S):
                await self._idle.wait()
        if self._thread.is_alive():
            self._batches.put(None)
            if not self._hung:  # a hung thread can't be stopped: it ends with the process
                await asyncio.to_thread(self._thread.join)

    # In the event loop.

    def _hand_over(self) -> None:
        if self._last and (not self._pending or self._last[0][1] <= self._condition.ticks):
            batch = [self._last.popleft()[0]]
        else:
            batch = self._pending[:BATCH]
            del self._pending[:BATCH]
        batch = [unit for unit in batch if not unit.waiter.cancelled()]
        self._crowded = len(batch) > 1
        if batch:
            self._batch = _Batch(batch, self._condition.ticks)
            self._batches.put(self._batch)
        elif self._pending or self._last:
            self._loop.call_soon(self._hand_over)
        else:
            self._idle.set()

    def _check_batch(self, batch: _Batch) -> None:
        """Give up a batch that is not committed yet.

        During a commit, only the end of the connection tells whether it was committed.
        """
        overdue = self._condition.ticks - batch.due()
        if overdue >= conditions.DROP:
            batch.end()
        if overdue >= 0 and not self._hung and (batch.give_up() or overdue > conditions.DROP):
            self._hung = True
            self._condition.falls_silent(len(batch.units))
            failure = late if batch.given_up else unknown
            for unit in batch.units:
                if not unit.waiter.done():
                    unit.waiter.set_exception(failure())

    def _check_pending(self) -> None:
        """Answer callers that waited too long for their turn, or that no writer will serve."""
        waiting = [*self._pending, *(unit for unit, _ in self._last)]
        overdue = [unit for unit in waiting if self._hung or unit.due <= self._condition.ticks]
        if overdue:
            gone = set(map(id, overdue))
            self._pending = [unit for unit in self._pending if id(unit) not in gone]
            self._last = deque(each for each in self._last if id(each[0]) not in gone)
        for unit in overdue:
            if not unit.waiter.done():
                unit.waiter.set_exception(late())

    def _return(self, batch: _Batch) -> None:
        """Handle a batch that the writer has finished."""
        self._batch, self._hung = None, False
        self._answer(batch.units)

    def _answer(self, batch: list[Unit], start: int = 0) -> None:
        """Answer a few callers at a time, so that the event loop reads its sockets in between."""
        turn = batch[start : start + TURN]
        for unit in turn:
            for call in unit.calls:
                try:
                    call()
                except Exception as error:  # an error of one callback must not stop the writer
                    self._loop.call_exception_handler(
                        {"message": "a call after a commit failed", "exception": error}
                    )
        for unit in turn:
            if unit.waiter.done():
                continue
            if unit.error is not None:
                unit.waiter.set_exception(unit.error)
            else:
                unit.waiter.set_result(unit.result)
        if start + TURN < len(batch):
            self._loop.call_soon(self._answer, batch, start + TURN)
        elif self._crowded and 0 < len(self._pending) < BATCH:
            self._loop.call_later(CROWD_GATHER_S, self._hand_over)
        else:
            self._hand_over()

    # In the writer's thread.

    def _write_batches(self) -> None:
        while (batch := self._batches.get()) is not None:
            batch.start()
            try:
                self._write(batch)
            finally:
                batch.finish()
            self._loop.call_soon_threadsafe(self._return, batch)

    def _write(self, work: _Batch) -> None:
        batch = work.units
        try:
            self._commit(work)
        except Exception as error:
            if isinstance(error, Miscounted):  # a bug of ours, which nobody would notice otherwise
                told = {"message": "nothing of a batch was kept", "exception": error}
                self._loop.call_soon_threadsafe(self._loop.call_exception_handler, told)
            if writer_lock.waited_in_vain(error):
                self._end_others_turn()
            if isinstance(error, DBAPIError) and not work.given_up:
                self._condition.note(error, len(batch))
            if isinstance(error, Outgrown):
                self._condition.newer.failed(str(error), len(batch))
            failure = failure_of(error, committing=work.committing)
            for unit in batch:
                unit.calls = []
                unit.error = failure()  # refusals too: their reason may not be kept

    def _commit(self, work: _Batch) -> None:
        """Run the batch and commit it; run it again if the time had moved."""
        try:
            self._commit_once(work)
        except ClockMoved:
            with self.engine.connect() as connection:
                self.clock_epoch = reference.adopt_time(connection)
            self._commit_once(work)

    def _commit_once(self, work: _Batch) -> None:
        with self.engine.connect() as connection:
            if work.given_up:  # given up while it connected; the next batch has a connection
                self._condition.silent = False
                raise GivenUp
            try:
                transaction = connection.begin()
                run(cast(HotConnection, connection), work.units, self._knows, self.clock_epoch)
                work.commit()
                transaction.commit()
                self.committed_at = time.monotonic()
                self._condition.answers()
                self._condition.away.recovered()
                self._condition.newer.recovered()
            except BaseException:
                # Whatever its state, closing the connection rolls back; the next batch gets a new
                # one.
                connection.invalidate()
                raise

    def _end_others_turn(self) -> None:
        with contextlib.suppress(DBAPIError):  # the database is away, and its locks with it
            if writer_lock.end_others(self.engine):
                told = {"message": "a server had stopped in its turn, which was ended"}
                self._loop.call_soon_threadsafe(self._loop.call_exception_handler, told)
