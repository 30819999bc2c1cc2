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
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from farmlive.again import in_task
from farmlive.outages import Outages, reason_of
from farmlive.settings import Settings
from farmlive.store import deadlines, pulse, reference, turns
from farmlive.store import engine as engines
from farmlive.store.ahead import Question
from farmlive.store.alone import Alone
from farmlive.store.batch import Unit, ends_transaction, run, state_of
from farmlive.store.compatibility import Outgrown, ask, require
from farmlive.store.connection import HotConnection
from farmlive.store.deadlines import (
    DROP_AFTER_S,
    REQUEST_S,
    SILENT_S,
    TASK_S,
    GivenUp,
    Work,
    ticks,
)
from farmlive.store.engine import DatabaseRefused
from farmlive.store.failures import (
    TOO_SLOW,
    CommitFailed,
    NewerDatabase,
    NotRead,
    failure_of,
    is_of_disk,
    late,
    unknown,
)
from farmlive.store.keys import KeyFile, Keys, KeysRefused
from farmlive.store.keys import check as check_keys
from farmlive.store.migrate import Revisions, check, migrate
from farmlive.store.reference import ClockMoved
from farmlive.store.tally import Miscounted

T = TypeVar("T")

GATHER_S = 0.001
# Where more than one came at a time more will: each commit has its price, and each is told to all.
CROWD_GATHER_S = 0.01
# Of more subtransactions PostgreSQL's readers would look up the parents on disk.
BATCH = 64
TURN = 4
_REQUEST, _SILENT, _DROP = ticks(REQUEST_S), ticks(SILENT_S), ticks(DROP_AFTER_S)
# So long others go before what may be last.
_LAST = ticks(2.0)
# The SQLSTATE of a statement that PostgreSQL cancelled, at its deadline.
_CANCELED = "57014"


class _Reading(Work):
    """One read on its way."""

    def __init__(self, function: Callable[[Connection], Any], waiter: asyncio.Future[Any]):
        super().__init__()
        self.function, self.waiter = function, waiter
        self.asked_at = self.due = 0
        self.within_s = REQUEST_S


class _Batch(Work):
    """What the writer has in hand."""

    def __init__(self, units: list[Unit], at: int):
        super().__init__()
        self.units = units
        self.at = at

    def due(self) -> int:
        """At which check it is due: whoever has waited long for a turn leaves it some time."""
        return max(min(unit.due for unit in self.units), self.at + _SILENT)


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
        outages = outages or Outages()
        self._keys = keys
        # The newest revision that this code knows.
        self._knows = knows
        self.clock_epoch, self.unserved_ms = time_of
        """Of which epoch of the database's time this process is, and for how long no server was
        there before (`reference`).
        """
        self._newer = outages.watch(
            "database_version",
            needed=True,
            lost="the database is of a newer farmlive than this one, which saves nothing any more",
            back="the database serves this farmlive again",
            what_to_do="Start the newer farmlive in the place of this one.",
        )
        self._away = outages.watch(
            "database",
            needed=True,
            lost="the database is away, or takes nothing",
            back="the database is back",
            what_to_do="See that the database runs and that this server reaches it.",
        )
        self._full = outages.watch(
            "database_disk",
            needed=True,
            lost="the database's disk takes nothing; no order can be saved",
            back="the database's disk takes what is written again",
            what_to_do="Make room on the database's disk, or see what is wrong with it.",
        )
        self._opened = contextlib.ExitStack()
        self._writer = writer
        self._readers = readers
        self._loop = asyncio.get_running_loop()
        self._pending: list[Unit] = []
        # What others go before, each with the check from which it waits no longer.
        self._last: deque[tuple[Unit, int]] = deque()
        self._crowded = False
        self._closed = False
        self._batch: _Batch | None = None
        # How many checks there were, and at which of them the database last answered.
        self._ticks = self._answered = 0
        # Nothing came of it since something was given up.
        self._silent = False
        # The writer does not come back from what was given up.
        self._hung = False
        self._committed_at: float | None = None
        self._readings: set[_Reading] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._batches: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._write_batches, name="store-writer", daemon=True
        )
        self._pool = ThreadPoolExecutor(engines.READERS, thread_name_prefix="store-reader")
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
            url = _address(settings)
            if alone and not settings.database_url:
                opened.callback(Alone(settings.data).close)
            writer = engines.writer_engine(url)
            opened.callback(writer.dispose)
            key_file = KeyFile.of(settings)
            _, knows = await asyncio.to_thread(_prepare, writer, migrates, key_file)
            keys = await asyncio.to_thread(_keys, writer, key_file)
            if migrates and isinstance(keys, KeysRefused):
                raise keys
            take_time = reference.begin if migrates else _take_time
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
        writer = engines.writer_engine(_address(settings))
        try:
            at, _ = await asyncio.to_thread(_prepare, writer, True, KeyFile.of(settings))
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
        return self._newer.reason

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
        if self._newer.failing:  # `try_out` looks whether it still is
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
        unit = Unit(function, self._loop.create_future(), asks, self._due(within_s))
        if last and patient:
            self._last.append((unit, self._ticks + _LAST))
        elif last:
            self._last.appendleft((unit, self._ticks))
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
        room = pulse.ROOM if self._full.failing else 0
        try:
            await self._write_soon(lambda connection: pulse.beat(connection, room), None, REQUEST_S)
        except Exception as error:
            # The database would not have it.
            if not (self._full.failing or self._away.failing or self._newer.failing):
                self._away.failed(type(error).__name__)
            return False
        self._full.recovered()
        return True

    async def read(self, function: Callable[[Connection], T], *, within_s: float = REQUEST_S) -> T:
        """Run the function in a read-only transaction of its own and return what it returned.

        Raises NotRead where the database is away or has not answered `within_s`, and NewerDatabase
        where it can't be read since it is of a newer farmlive.
        """
        reading = _Reading(function, self._loop.create_future())
        reading.asked_at, reading.due = self._ticks, self._due(within_s)
        reading.within_s = within_s
        self._pool.submit(self._read, reading)
        self._readings.add(reading)
        return cast(T, await reading.waiter)

    def _due(self, within_s: float) -> int:
        if self._silent:
            return self._ticks + _SILENT
        return self._ticks + (_REQUEST if within_s == REQUEST_S else ticks(within_s))

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
        await asyncio.to_thread(self._readers.dispose)

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
        await asyncio.to_thread(self._pool.shutdown)
        self._checking.cancel()
        self._readers.dispose()
        self._opened.close()

    # In a reader's thread.

    def _read(self, reading: _Reading) -> None:
        result, error = None, None
        if not reading.waiter.done():  # else it was given up, or its caller has gone
            reading.start()
            try:
                result = self._read_now(reading)
                self._answered, self._silent = self._ticks, False
            except BaseException as raised:
                error = raised
            finally:
                reading.finish()
        self._loop.call_soon_threadsafe(self._was_read, reading, result, error)

    def _read_now(self, reading: _Reading) -> Any:
        try:
            with self._readers.connect() as connection:
                try:
                    if reading.within_s > REQUEST_S and self.dialect == "postgresql":
                        limit_ms = round(reading.within_s * 1000)
                        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {limit_ms}")
                    result = reading.function(connection)
                    cast(HotConnection, connection).send()
                    return result
                except DBAPIError:
                    if reading.given_up:  # its connection may have ended in the midst of anything
                        connection.invalidate()
                    raise
        except DBAPIError as error:
            if reading.given_up or state_of(error) == _CANCELED:
                raise NotRead(TOO_SLOW) from error
            if ends_transaction(error):
                self._note(error, 1)
                raise NotRead("Try again in a moment.") from error
            if self._is_outgrown():
                raise NewerDatabase from error
            raise

    def _is_outgrown(self) -> bool:
        """Look whether that is why something could not be read."""
        try:
            with self._readers.connect() as connection:
                require(connection, ask(connection), self._knows)
        except Outgrown as error:
            self._newer.failed(str(error))
        except DBAPIError:  # nobody can tell
            return False
        return self._newer.failing

    # In the event loop.

    def _hand_over(self) -> None:
        if self._last and (not self._pending or self._last[0][1] <= self._ticks):
            batch = [self._last.popleft()[0]]
        else:
            batch = self._pending[:BATCH]
            del self._pending[:BATCH]
        batch = [unit for unit in batch if not unit.waiter.cancelled()]
        self._crowded = len(batch) > 1
        if batch:
            self._batch = _Batch(batch, self._ticks)
            self._batches.put(self._batch)
        elif self._pending or self._last:
            self._loop.call_soon(self._hand_over)
        else:
            self._idle.set()

    def _was_read(self, reading: _Reading, result: Any, error: BaseException | None) -> None:
        self._readings.discard(reading)
        if reading.waiter.done():
            return
        if error is not None:
            reading.waiter.set_exception(error)
        else:
            reading.waiter.set_result(result)

    def _check(self) -> None:
        """Answer whoever's deadline has come, and end what is under way for them."""
        self._ticks += 1
        self._checking = self._loop.call_later(deadlines.CHECK_S, self._check)
        if self._readings:
            self._check_readings()
        if (batch := self._batch) is not None:
            self._check_batch(batch)
            self._check_pending()

    def _check_readings(self) -> None:
        silent = 0
        for reading in list(self._readings):
            if self._ticks >= reading.due and not reading.given_up:
                reading.give_up()
                silent += self._answered <= reading.asked_at
                if not reading.waiter.done():
                    reading.waiter.set_exception(NotRead(TOO_SLOW))
            if self._ticks >= reading.due + _DROP:
                reading.end()
        if silent:
            self._falls_silent(silent)

    def _check_batch(self, batch: _Batch) -> None:
        """Give up what is not committed yet; of a commit the end of its connection says more, if it
        comes.
        """
        overdue = self._ticks - batch.due()
        if overdue >= _DROP:
            batch.end()
        if overdue >= 0 and not self._hung and (batch.give_up() or overdue > _DROP):
            self._hung = True
            self._falls_silent(len(batch.units))
            failure = late if batch.given_up else unknown
            for unit in batch.units:
                if not unit.waiter.done():
                    unit.waiter.set_exception(failure())

    def _check_pending(self) -> None:
        """Answer those who have waited for their turn for too long, or would in vain."""
        waiting = [*self._pending, *(unit for unit, _ in self._last)]
        overdue = [unit for unit in waiting if self._hung or unit.due <= self._ticks]
        if overdue:
            gone = set(map(id, overdue))
            self._pending = [unit for unit in self._pending if id(unit) not in gone]
            self._last = deque(each for each in self._last if id(each[0]) not in gone)
        for unit in overdue:
            if not unit.waiter.done():
                unit.waiter.set_exception(late())

    def _falls_silent(self, times: int) -> None:
        self._silent = True
        self._away.failed("it does not answer", times)

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
                self._note(error, len(batch))
            if isinstance(error, Outgrown):
                self._newer.failed(str(error), len(batch))
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
                self._silent = False
                raise GivenUp
            try:
                transaction = connection.begin()
                run(cast(HotConnection, connection), work.units, self._knows, self.clock_epoch)
                work.commit()
                transaction.commit()
                self._committed_at = time.monotonic()
                self._answered, self._silent = self._ticks, False
                self._away.recovered()
                self._newer.recovered()
            except BaseException:
                # Whatever state it is in, closing it undoes it; the next batch has a new one.
                connection.invalidate()
                raise

    def _note(self, error: DBAPIError, times: int) -> None:
        """The database did not take, or answer, what so many asked of it.

        That something was committed is no proof of a disk: it may have changed nothing, or found
        room. Only `try_out` ends that.
        """
        kind = self._full if is_of_disk(error) else self._away
        kind.failed(reason_of(error.orig or error), times)

    def _end_others_turn(self) -> None:
        with contextlib.suppress(DBAPIError):  # it is away, and its turns with it
            if turns.end_others(self._writer):
                told = {"message": "a server had stopped in its turn, which was ended"}
                self._loop.call_soon_threadsafe(self._loop.call_exception_handler, told)


def _address(settings: Settings) -> str:
    """Return the database's URL; create its folder where there is none."""
    # It holds buyers' names, phones and addresses: no other user of the machine may read them.
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DatabaseRefused(
            f"The folder {settings.data} can't be made ({error.strerror}): give another one "
            "by FARMLIVE_DATA"
        ) from error
    return engines.address(settings.database_url, settings.data)


def _prepare(writer: Engine, migrates: bool, key_file: KeyFile) -> tuple[str, str]:
    """The revision that the database is at now, and the newest that this code knows."""
    revisions = Revisions()
    try:
        with writer.connect() as connection:
            engines.check_durable(connection)
            if not migrates:
                return check(connection, revisions), revisions.head
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        what_to_do = "FARMLIVE_DATABASE_URL is right, and that this user may write there"
        if writer.dialect.name == "sqlite":
            what_to_do = "FARMLIVE_DATA is right, its disk has room, and this user may write there"
        raise DatabaseRefused(
            f"The database can't be opened ({reason}): see that {what_to_do}"
        ) from error
    return migrate(writer, revisions, keys=key_file), revisions.head


def _keys(writer: Engine, key_file: KeyFile) -> Keys | KeysRefused:
    try:
        with writer.connect() as connection:
            return check_keys(connection, key_file)
    except KeysRefused as refused:
        return refused


def _take_time(writer: Engine) -> tuple[int, int]:
    with writer.connect() as connection:
        return reference.take(connection), 0
