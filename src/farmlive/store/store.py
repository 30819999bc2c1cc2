"""The two entry points to the database: `write`, whose callers share commits (writer.py), and
`read` (readers.py).

Each caller gets a result or an error by its deadline, whatever the database does (deadlines.py).
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from farmlive.outages import Outages
from farmlive.settings import Settings
from farmlive.store import deadlines, opening, pulse
from farmlive.store import engine as engines
from farmlive.store.alone import Alone
from farmlive.store.condition import Condition
from farmlive.store.deadlines import REQUEST_S
from farmlive.store.failures import NewerDatabase, NotRead
from farmlive.store.fast import Question
from farmlive.store.keys import KeyFile, Keys, KeysRefused
from farmlive.store.readers import Readers
from farmlive.store.writer import Writer

T = TypeVar("T")


class Store:
    """The database of one server; `Store.open` makes it, in the event loop that will use it."""

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
        clock_epoch, self.unserved_ms = time_of
        """For how long no server was there before this one (`reference`)."""
        self.condition = condition = Condition(outages or Outages())
        self._opened = contextlib.ExitStack()
        self._writer = Writer(writer, condition, knows, clock_epoch)
        self._readers = Readers(readers, condition, knows)
        self._loop = asyncio.get_running_loop()
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
        """Connect and start the writer; with `migrates`, run the missing revisions first.

        With `alone`, this server locks the folder of a SQLite database: a second server gets
        FolderTaken. Failures and recoveries of the database or its disk are reported to `outages`.

        Raises DatabaseRefused if the database would not keep what it acknowledges, or if this code
        does not work on its tables; with `migrates`, as servers call it, also if the keys are not
        the database's.
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
        store._writer.start()
        return store

    @staticmethod
    async def migrate(settings: Settings) -> str:
        """Bring the tables up to date and return their revision.

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
        return self._writer.engine.dialect.name

    @property
    def keys(self) -> Keys:
        """The keys of this database.

        Raises KeysRefused if they are not here, as on a machine that only runs the
        commands about accounts.
        """
        if isinstance(self._keys, KeysRefused):
            raise self._keys
        return self._keys

    @property
    def writing_s(self) -> float:
        """For how many seconds the writer has been busy with its current batch; 0 if it is idle."""
        return self._writer.writing_s

    @property
    def committed_at(self) -> float | None:
        """The time of the last commit on the monotonic clock, or None."""
        return self._writer.committed_at

    @property
    def clock_epoch(self) -> int:
        """The epoch of the database's time that this process uses (reference.py)."""
        return self._writer.clock_epoch

    @clock_epoch.setter
    def clock_epoch(self, epoch: int) -> None:
        self._writer.clock_epoch = epoch

    @property
    def outgrown(self) -> str:
        """Why this code may no longer write to its database; empty if it may."""
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
        """Run the function in the writer's next transaction; return its result once it is
        committed.

        All callers wait for the function, so it must take less than a second. `asks` is its first
        query, if it may be prefetched. `within_s` is how long the caller waits for its turn and its
        commit; by default as long as a request or a task may take (deadlines.py). A function that
        may be `last` gets a transaction of its own once no other caller waits, or after some
        seconds; if it is not `patient`, the next one.

        An exception of the function is raised here and undoes only its own changes. Raises
        CommitFailed if the batch was not committed, CommitUnknown if that can't be known,
        NewerDatabase if this code must not write. A caller cancelled before its turn leaves no
        trace; after that its write stays.
        """
        if self.condition.newer.failing:  # `try_out` checks whether this still fails
            raise NewerDatabase
        return await self._writer.write(function, asks, within_s, last=last, patient=patient)

    async def try_out(self) -> bool:
        """Commit a small write, so that failures are known before an order is refused; return
        whether it was committed.
        """
        known = self.condition
        room = pulse.ROOM if known.full.failing else 0
        try:
            await self._writer.write(
                lambda connection: pulse.beat(connection, room), None, REQUEST_S
            )
        except Exception as error:
            # The database refused it for a reason that no outage has recorded yet.
            if not (known.full.failing or known.away.failing or known.newer.failing):
                known.away.failed(type(error).__name__)
            return False
        known.full.recovered()
        return True

    async def read(self, function: Callable[[Connection], T], *, within_s: float = REQUEST_S) -> T:
        """Run the function in a read-only transaction of its own and return its result.

        Raises NotRead if the database is unavailable or has not answered `within_s` seconds, and
        NewerDatabase if this code can't read it because newer code migrated it.
        """
        return await self._readers.read(function, within_s)

    async def analyze(self, table: str) -> None:
        """Update the planner's statistics of a table, and have prepared statements planned again.

        PostgreSQL blocks no writer meanwhile, SQLite does for some milliseconds.
        """
        if self.dialect == "postgresql":
            url = self._writer.engine.url.render_as_string(hide_password=False)
            await asyncio.to_thread(engines.analyze_apart, url, table)
            return

        def write(connection: Connection) -> None:
            connection.exec_driver_sql(f'ANALYZE "{table}"')

        await self.write(write)
        # Each connection has the statistics of the time it was opened.
        await asyncio.to_thread(self._readers.connect_anew)

    async def scrub(self, tables: Sequence[str]) -> bool:
        """Remove overwritten and deleted rows from the files; return whether that is done.

        SQLite's WAL is emptied; on PostgreSQL the tables are vacuumed, which may take a while. If
        it is not done, call it again. Raises NotRead.
        """
        url = self._writer.engine.url.render_as_string(hide_password=False)
        try:
            return await asyncio.to_thread(engines.scrub_apart, url, tables)
        except DBAPIError as error:
            raise NotRead("Try again in a moment.") from error

    async def close(self) -> None:
        """Commit the current batch, then stop the threads and disconnect."""
        await self._writer.stop()
        await asyncio.to_thread(self._readers.stop)
        self._checking.cancel()
        self._readers.connect_anew()
        self._opened.close()

    def _check(self) -> None:
        """Answer callers whose deadline has passed, and cancel their work."""
        self.condition.ticks += 1
        self._checking = self._loop.call_later(deadlines.CHECK_S, self._check)
        if self._readers.readings:
            self._readers.check()
        self._writer.check()
