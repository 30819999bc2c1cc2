"""The readers: connections and threads for reads, and a deadline for every caller, whatever the
database does.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from farmlive.store import condition as conditions
from farmlive.store import engine as engines
from farmlive.store.batch import ends_transaction, state_of
from farmlive.store.compatibility import Outgrown, ask, require
from farmlive.store.condition import Condition
from farmlive.store.deadlines import REQUEST_S, Work
from farmlive.store.failures import TOO_SLOW, NewerDatabase, NotRead
from farmlive.store.fast import HotConnection

T = TypeVar("T")

# The SQLSTATE of a statement that PostgreSQL cancelled at its deadline.
_CANCELED = "57014"


class _Reading(Work):
    """One read: the check at which it was requested, and the one at which it is due."""

    def __init__(
        self,
        function: Callable[[Connection], Any],
        waiter: asyncio.Future[Any],
        asked_at: int,
        due: int,
        within_s: float,
    ):
        super().__init__()
        self.function, self.waiter = function, waiter
        self.asked_at, self.due, self.within_s = asked_at, due, within_s


class Readers:
    """The readers of a store, for the event loop in which it is created."""

    def __init__(self, engine: Engine, condition: Condition, knows: str):
        self._engine = engine
        self._condition = condition
        self._knows = knows
        self._loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(engines.READERS, thread_name_prefix="store-reader")
        # How often all connections were closed: those in use then are closed after it.
        self._generation = 0
        self.readings: set[_Reading] = set()
        """What is under way."""

    async def read(self, function: Callable[[Connection], T], within_s: float) -> T:
        """Do as `Store.read`."""
        known = self._condition
        waiter = self._loop.create_future()
        reading = _Reading(function, waiter, known.ticks, known.due(within_s), within_s)
        self._pool.submit(self._read, reading)
        self.readings.add(reading)
        return cast(T, await reading.waiter)

    def check(self) -> None:
        """Answer callers whose deadline has passed, and cancel their work."""
        silent = 0
        known = self._condition
        for reading in list(self.readings):
            if known.ticks >= reading.due and not reading.given_up:
                reading.give_up()
                silent += known.answered <= reading.asked_at
                if not reading.waiter.done():
                    reading.waiter.set_exception(NotRead(TOO_SLOW))
            if known.ticks >= reading.due + conditions.DROP:
                reading.end()
        if silent:
            known.falls_silent(silent)

    def connect_anew(self) -> None:
        """Close all idle connections, and those in use as soon as they are idle."""
        self._generation += 1
        self._engine.dispose()

    def stop(self) -> None:
        """Wait for current reads, and start no more."""
        self._pool.shutdown()

    def _was_read(self, reading: _Reading, result: Any, error: BaseException | None) -> None:
        self.readings.discard(reading)
        if reading.waiter.done():
            return
        if error is not None:
            reading.waiter.set_exception(error)
        else:
            reading.waiter.set_result(result)

    # In a reader's thread.

    def _read(self, reading: _Reading) -> None:
        result, error = None, None
        if not reading.waiter.done():  # otherwise it was given up, or its caller was cancelled
            reading.start()
            try:
                result = self._read_now(reading)
                self._condition.answers()
            except BaseException as raised:
                error = raised
            finally:
                reading.finish()
        self._loop.call_soon_threadsafe(self._was_read, reading, result, error)

    def _read_now(self, reading: _Reading) -> Any:
        generation = self._generation
        try:
            with self._engine.connect() as connection:
                try:
                    if reading.within_s > REQUEST_S and connection.dialect.name == "postgresql":
                        limit_ms = round(reading.within_s * 1000)
                        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {limit_ms}")
                    result = reading.function(connection)
                    cast(HotConnection, connection).send()
                    return result
                except DBAPIError:
                    if reading.given_up:  # the connection may have been cut in any state
                        connection.invalidate()
                    raise
                finally:
                    if generation != self._generation and not connection.invalidated:
                        connection.detach()  # its pool is gone
        except DBAPIError as error:
            if reading.given_up or state_of(error) == _CANCELED:
                raise NotRead(TOO_SLOW) from error
            if ends_transaction(error):
                self._condition.note(error, 1)
                raise NotRead("Try again in a moment.") from error
            if self._is_outgrown():
                raise NewerDatabase from error
            raise

    def _is_outgrown(self) -> bool:
        """Return whether a read failed because this code is too old for the database."""
        newer = self._condition.newer
        try:
            with self._engine.connect() as connection:
                require(connection, ask(connection), self._knows)
        except Outgrown as error:
            newer.failed(str(error))
        except DBAPIError:  # unknown without the database
            return False
        return newer.failing
