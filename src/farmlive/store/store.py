"""The two doors to the database: `write`, whose callers share commits (`writer`), and `read`
(`readers`). Each caller has an answer by its deadline, whatever the database does (`deadlines`).
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
from farmlive.store.fast.prefetch import Question
from farmlive.store.keys import KeyFile, Keys, KeysRefused
from farmlive.store.readers import Readers
from farmlive.store.writer import Writer

T = TypeVar("T")


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
        store._writer.start()
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
        return self._writer.engine.dialect.name

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
        return self._writer.writing_s

    @property
    def committed_at(self) -> float | None:
        """When the last commit was, by the monotonic clock."""
        return self._writer.committed_at

    @property
    def clock_epoch(self) -> int:
        """Of which epoch of the database's time this process is (`reference`)."""
        return self._writer.clock_epoch

    @clock_epoch.setter
    def clock_epoch(self, epoch: int) -> None:
        self._writer.clock_epoch = epoch

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
        return await self._writer.write(function, asks, within_s, last=last, patient=patient)

    async def try_out(self) -> bool:
        """Write a little, so that what fails is known before someone's order is refused; whether
        it was committed.
        """
        known = self.condition
        room = pulse.ROOM if known.full.failing else 0
        try:
            await self._writer.write(
                lambda connection: pulse.beat(connection, room), None, REQUEST_S
            )
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
            url = self._writer.engine.url.render_as_string(hide_password=False)
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
        url = self._writer.engine.url.render_as_string(hide_password=False)
        try:
            return await asyncio.to_thread(engines.scrub_apart, url, tables)
        except DBAPIError as error:
            raise NotRead("Try again in a moment.") from error

    async def close(self) -> None:
        """Let what is under way be committed, then stop the threads and disconnect."""
        await self._writer.stop()
        await asyncio.to_thread(self._readers.stop)
        self._checking.cancel()
        self._readers.connect_anew()
        self._opened.close()

    def _check(self) -> None:
        """Answer whoever's deadline has come, and end what is under way for them."""
        self.condition.ticks += 1
        self._checking = self._loop.call_later(deadlines.CHECK_S, self._check)
        if self._readers.readings:
            self._readers.check()
        self._writer.check()
