"""The two doors to the database: `write`, whose callers share commits, and `read`.

One thread writes. What arrives while it works, or within `GATHER_S` of the first, is one
transaction. Answers go out after the COMMIT. Each caller has an answer by its deadline, whatever
the database does (`deadlines`).
"""

import asyncio
import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Self, TypeVar, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from farmlive.again import in_task
from farmlive.outages import Outages
from farmlive.settings import Settings
from farmlive.store import condition as conditions
from farmlive.store import deadlines, opening, pulse, reference, turns
from farmlive.store import engine as engines
from farmlive.store.ahead import Question
from farmlive.store.alone import Alone
from farmlive.store.batch import Unit, run
from farmlive.store.compatibility import Outgrown
from farmlive.store.condition import Condition
from farmlive.store.connection import HotConnection
from farmlive.store.deadlines import (
    DROP_AFTER_S,
    REQUEST_S,
    TASK_S,
    GivenUp,
    Work,
    ticks,
)
from farmlive.store.failures import (
    CommitFailed,
    NewerDatabase,
    NotRead,
    failure_of,
    late,
    unknown,
)
from farmlive.store.keys import KeyFile, Keys, KeysRefused
from farmlive.store.readers import Readers
from farmlive.store.reference import ClockMoved
from farmlive.store.tally import Miscounted

T = TypeVar("T")

GATHER_S = 0.001
# Where more than one came at a time more will: each commit has its price, and each is told to all.
CROWD_GATHER_S = 0.01
# Of more subtransactions PostgreSQL's readers would look up the parents on disk.
BATCH = 64
TURN = 4
# So long others go before what may be last.
_LAST = ticks(2.0)


class _Batch(Work):
    """What the writer has in hand."""

    def __init__(self, units: list[Unit], at: int):
        super().__init__()
        self.units = units
        self.at = at

    def due(self) -> int:
        """At which check it is due: whoever has waited long for a turn leaves it some time."""
        return max(min(unit.due for unit in self.units), self.at + conditions.SILENT)


class Store:
    """The database of one server, opened by `Store.open` in the event loop that will use it."""

    def __init__(
        self,
        writer: Engine,
        readers: Engine,
        knows: str,
        keys: Keys | KeysRefused,
        time_of: tuple[int, int],
        outages: Outages | None = None,
    ):
        self._keys = keys
        # The newest revision that this code knows.
        self._knows = knows
        self.clock_epoch, self.unserved_ms = time_of
        """Of which epoch of the database's time this process is, and for how long no server was
        there before (`reference`).
        """
        self.condition = condition = Condition(outages or Outages())
        self._opened = contextlib.ExitStack()
        self._writer = writer
        self._readers = Readers(readers, condition, knows)
        self._loop = asyncio.get_running_loop()
        self._pending: list[Unit] = []
        # What others go before, each with the check from which it waits no longer.
        self._last: deque[tuple[Unit, int]] = deque()
        self._crowded = False
        self._closed = False
        self._batch: _Batch | None = None
        # The writer does not come back from what was given up.
        self._hung = False
        self._committed_at: float | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._batches: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._write_batches, name="store-writer", daemon=True
        )
        self._checking = self._loop.call_later(deadlines.CHECK_S, self._check)

    @classmethod
    async def open(
        cls,
        settings: Settings,
        *,
        migrates: bool = False,
        alone: bool = False,
        outages: Outages | None = None,
    ) -> Self:
        """Connect and start the writer, after running missing revisions where `migrates`.

        Who is `alone` serves the folder of a SQLite database: a second one gets FolderTaken.
        That the database, or its disk, fails and comes back is told to `outages`.

        Raises DatabaseRefused where the database would not keep what it acknowledges, and where
        its tables are not those that this code works on; where `migrates`, as servers do, also
        where the keys are not the database's.
        """
        if not migrates:
            engines.check_there(settings.database_url, settings.data)
        with contextlib.ExitStack() as opened:
            url = opening.address(settings)
            if alone and not settings.database_url:
                opened.callback(Alone(settings.data).close)
            writer = engines.writer_engine(url)
            opened.callback(writer.dispose)
            key_file = KeyFile.of(settings)
            _, knows = await asyncio.to_thread(opening.prepare, writer, migrates, key_file)
            keys = await asyncio.to_thread(opening.keys_of, writer, key_file)
            if migrates and isinstance(keys, KeysRefused):
                raise keys
            take_time = opening.begin_time if migrates else opening.take_time
            time_of = await asyncio.to_thread(take_time, writer)
            store = cls(writer, engines.reader_engine(url), knows, keys, time_of, outages)
            store._opened = opened.pop_all()
        store._thread.start()
        return store

    @staticmethod
    async def migrate(settings: Settings) -> str:
        """Bring the tables up to date and return the revision that they are at.

        Raises DatabaseRefused, as `open` does.
        """
        writer = engines.writer_engine(opening.address(settings))
        try:
            at, _ = await asyncio.to_thread(opening.prepare, writer, True, KeyFile.of(settings))
            return at
        finally:
            writer.dispose()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._writer.dialect.name

    @property
    def keys(self) -> Keys:
        """The keys of this database. Raises KeysRefused where they are not here, as on a machine
        from which accounts alone are kept.
        """
        if isinstance(self._keys, KeysRefused):
            raise self._keys
        return self._keys

    @property
    def writing_s(self) -> float:
        """For how long, in seconds, the writer has been at what it does; 0 without anything."""
        batch = self._batch
        began = None if batch is None else batch.began
        return 0 if began is None else time.monotonic() - began

    @property
    def committed_at(self) -> float | None:
        """When the last commit was, by the monotonic clock."""
        return self._committed_at

    @property
    def outgrown(self) -> str:
        """Why this code may write nothing into its database any more; empty where it may."""
        return self.condition.newer.reason

    async def write(
        self,
        function: Callable[[Connection], T],
        *,
        asks: Question | None = None,
        within_s: float | None = None,
        last: bool = False,
        patient: bool = True,
    ) -> T:
        """Run the function in the writer's next transaction and return what it returned, committed.

        `asks` is what it asks first, if it may be asked before its turn. Everyone waits for it, so
        it takes a second at most; `within_s` is how long its caller waits for its turn and it, else
        as long as a request does, or a task (`deadlines`).
        What may be `last` has a transaction of its own, once nobody else waits, or within seconds;
        the next one where it is not `patient`.
        What it raises is raised here, and its own changes alone are undone. Raises CommitFailed
        where the batch could not be committed, CommitUnknown where nobody can tell, NewerDatabase
        where it must not be. A caller that is cancelled before its turn leaves no trace; after it,
        the write stands.
        """
        if self.condition.newer.failing:  # `try_out` looks whether it still is
            raise NewerDatabase
        return await self._write_soon(function, asks, within_s, last=last, patient=patient)

    async def _write_soon(
        self,
        function: Callable[[Connection], T],
        asks: Question | None = None,
        within_s: float | None = None,
        *,
        last: bool = False,
        patient: bool = True,
    ) -> T:
        if self._closed:
            raise CommitFailed("The server is stopping. Try again in a moment.")
        if self._hung:
            raise late()
        if within_s is None:
            within_s = TASK_S if in_task.get() else REQUEST_S
        unit = Unit(function, self._loop.create_future(), asks, self.condition.due(within_s))
        if last and patient:
            self._last.append((unit, self.condition.ticks + _LAST))
        elif last:
            self._last.appendleft((unit, self.condition.ticks))
        else:
            self._pending.append(unit)
        if self._idle.is_set():
            self._idle.clear()
            self._loop.call_later(GATHER_S, self._hand_over)
        return cast(T, await unit.waiter)

    async def try_out(self) -> bool:
        """Write a little, so that what fails is known before someone's order is refused; whether
        it was committed.
        """
        known = self.condition
        room = pulse.ROOM if known.full.failing else 0
        try:
            await self._write_soon(lambda connection: pulse.beat(connection, room), None, REQUEST_S)
        except Exception as error:
            # The database would not have it.
            if not (known.full.failing or known.away.failing or known.newer.failing):
                known.away.failed(type(error).__name__)
            return False
        known.full.recovered()
        return True

    async def read(self, function: Callable[[Connection], T], *, within_s: float = REQUEST_S) -> T:
        """Run the function in a read-only transaction of its own and return what it returned.

        Raises NotRead where the database is away or has not answered `within_s`, and NewerDatabase
        where it can't be read since it is of a newer farmlive.
        """
        return await self._readers.read(function, within_s)

    async def analyze(self, table: str) -> None:
        """Have the planner's statistics of a table brought up to date; statements that are prepared
        are planned anew. PostgreSQL holds no writer meanwhile, SQLite some milliseconds.
        """
        if self.dialect == "postgresql":
            url = self._writer.url.render_as_string(hide_password=False)
            await asyncio.to_thread(engines.analyze_apart, url, table)
            return

        def write(connection: Connection) -> None:
            connection.exec_driver_sql(f'ANALYZE "{table}"')

        await self.write(write)
        # Each connection read what was known when it was opened.
        await asyncio.to_thread(self._readers.connect_anew)

    async def scrub(self, tables: Sequence[str]) -> bool:
        """Have what was overwritten and deleted leave the files: SQLite's WAL is emptied, on
        PostgreSQL the tables are vacuumed, which may take a while. Whether it was done; else it is
        tried again. Raises NotRead.
        """
        url = self._writer.url.render_as_string(hide_password=False)
        try:
            return await asyncio.to_thread(engines.scrub_apart, url, tables)
        except DBAPIError as error:
            raise NotRead("Try again in a moment.") from error

    async def close(self) -> None:
        """Let what is under way be committed, then stop the threads and disconnect."""
        self._closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REQUEST_S + 2 * DROP_AFTER_S):
                await self._idle.wait()
        if self._thread.is_alive():
            self._batches.put(None)
            if not self._hung:  # which nothing can end: it goes with the process
                await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._readers.stop)
        self._checking.cancel()
        self._readers.connect_anew()
        self._opened.close()

    # In the event loop.

    def _hand_over(self) -> None:
        if self._last and (not self._pending or self._last[0][1] <= self.condition.ticks):
            batch = [self._last.popleft()[0]]
        else:
            batch = self._pending[:BATCH]
            del self._pending[:BATCH]
        batch = [unit for unit in batch if not unit.waiter.cancelled()]
        self._crowded = len(batch) > 1
        if batch:
            self._batch = _Batch(batch, self.condition.ticks)
            self._batches.put(self._batch)
        elif self._pending or self._last:
            self._loop.call_soon(self._hand_over)
        else:
            self._idle.set()

    def _check(self) -> None:
        """Answer whoever's deadline has come, and end what is under way for them."""
        self.condition.ticks += 1
        self._checking = self._loop.call_later(deadlines.CHECK_S, self._check)
        if self._readers.readings:
            self._readers.check()
        if (batch := self._batch) is not None:
            self._check_batch(batch)
            self._check_pending()

    def _check_batch(self, batch: _Batch) -> None:
        """Give up what is not committed yet; of a commit the end of its connection says more, if it
        comes.
        """
        overdue = self.condition.ticks - batch.due()
        if overdue >= conditions.DROP:
            batch.end()
        if overdue >= 0 and not self._hung and (batch.give_up() or overdue > conditions.DROP):
            self._hung = True
            self.condition.falls_silent(len(batch.units))
            failure = late if batch.given_up else unknown
            for unit in batch.units:
                if not unit.waiter.done():
                    unit.waiter.set_exception(failure())

    def _check_pending(self) -> None:
        """Answer those who have waited for their turn for too long, or would in vain."""
        waiting = [*self._pending, *(unit for unit, _ in self._last)]
        overdue = [unit for unit in waiting if self._hung or unit.due <= self.condition.ticks]
        if overdue:
            gone = set(map(id, overdue))
            self._pending = [unit for unit in self._pending if id(unit) not in gone]
            self._last = deque(each for each in self._last if id(each[0]) not in gone)
        for unit in overdue:
            if not unit.waiter.done():
                unit.waiter.set_exception(late())

    def _return(self, batch: _Batch) -> None:
        """The writer is done with it."""
        self._batch, self._hung = None, False
        self._answer(batch.units)

    def _answer(self, batch: list[Unit], start: int = 0) -> None:
        """Answer a few, then the rest, so that the loop looks at its sockets in between."""
        turn = batch[start : start + TURN]
        for unit in turn:
            for call in unit.calls:
                try:
                    call()
                except Exception as error:  # one listener's fault is not the writer's
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
            if isinstance(error, Miscounted):  # a fault of ours, which nobody would hear of
                told = {"message": "nothing of a batch was kept", "exception": error}
                self._loop.call_soon_threadsafe(self._loop.call_exception_handler, told)
            if turns.waited_in_vain(error):
                self._end_others_turn()
            if isinstance(error, DBAPIError) and not work.given_up:
                self.condition.note(error, len(batch))
            if isinstance(error, Outgrown):
                self.condition.newer.failed(str(error), len(batch))
            failure = failure_of(error, committing=work.committing)
            for unit in batch:
                unit.calls = []
                unit.error = failure()  # a refusal too: it may have been for what is not kept

    def _commit(self, work: _Batch) -> None:
        """Run the batch and commit it; once more where the time had moved."""
        try:
            self._commit_once(work)
        except ClockMoved:
            with self._writer.connect() as connection:
                self.clock_epoch = reference.take(connection)
            self._commit_once(work)

    def _commit_once(self, work: _Batch) -> None:
        with self._writer.connect() as connection:
            if work.given_up:  # while it connected, which the next one need not
                self.condition.silent = False
                raise GivenUp
            try:
                transaction = connection.begin()
                run(cast(HotConnection, connection), work.units, self._knows, self.clock_epoch)
                work.commit()
                transaction.commit()
                self._committed_at = time.monotonic()
                self.condition.answers()
                self.condition.away.recovered()
                self.condition.newer.recovered()
            except BaseException:
                # Whatever state it is in, closing it undoes it; the next batch has a new one.
                connection.invalidate()
                raise

    def _end_others_turn(self) -> None:
        with contextlib.suppress(DBAPIError):  # it is away, and its turns with it
            if turns.end_others(self._writer):
                told = {"message": "a server had stopped in its turn, which was ended"}
                self._loop.call_soon_threadsafe(self._loop.call_exception_handler, told)
