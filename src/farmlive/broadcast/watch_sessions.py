"""Watch sessions: one row per viewer's connection.

New and ended ones are buffered and written once a second, open ones are updated each minute, so
that orders need not wait for them. A crash loses at most the last minute of each. The review
computes figures from the rows.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, insert, update

from farmlive.broadcast.reporting.viewers import WatchSession
from farmlive.broadcast.tables import watches
from farmlive.broadcast.wire.client import Client
from farmlive.clock import now_ms
from farmlive.periodic import Periodic
from farmlive.problems import Unavailable
from farmlive.store import FILE_S, CommitUnknown, Store

KEEP_S = 60.0
WRITE_S = 1.0
# Rows that one write transaction updates or inserts, which bounds how long an order waits.
UPDATES_PER_WRITE = 1_000
INSERTS_PER_WRITE = 200
# Most buffered sessions while the database is unavailable; more are dropped.
MOST = 50_000

_OPEN = insert(watches).returning(watches.c.id, sort_by_parameter_order=True)
_KEEP = (
    update(watches)
    .where(watches.c.id.in_(bindparam("ids", expanding=True)))
    .values(to_at=bindparam("now"), running=bindparam("still"))
)
_END = (
    update(watches)
    .where(watches.c.id == bindparam("row"))
    .values(to_at=bindparam("left"), running=False)
)


@dataclass(slots=True, eq=False)
class _Watch:
    """A viewer's connection; `row` is the row's id once it is committed, `left` when it ended."""

    broadcast: str
    device: str
    joined: int
    resumed: bool
    left: int | None = None
    row: int | None = None

    def values(self) -> dict[str, Any]:
        """Return the row to insert."""
        return {
            "broadcast": self.broadcast,
            "device": self.device,
            "from_at": self.joined,
            "to_at": now_ms() if self.left is None else self.left,
            "resumed": self.resumed,
            "running": self.left is None,
        }


def insert_ended(connection: Connection, broadcast: str, sessions: Iterable[WatchSession]) -> None:
    """Insert sessions of a broadcast that have ended, such as those of the demo's past evenings."""
    rows = [{"broadcast": broadcast, **session._asdict()} for session in sessions]
    if rows:
        connection.execute(insert(watches), rows)


class WatchSessions:
    """The watch sessions of this server's viewers."""

    def __init__(self, store: Store):
        self._store = store
        self._watching: dict[Client, _Watch] = {}
        self._turn = asyncio.Lock()
        self._began: list[_Watch] = []
        self._ended: list[_Watch] = []
        self._keeping = Periodic(
            KEEP_S, self.keep, "watch sessions were not kept", "watch sessions are kept again"
        )
        self._writing = Periodic(
            WRITE_S,
            self._write_loop,
            "who came and left was not kept",
            "who comes and leaves is kept again",
        )

    async def start(self) -> None:
        """Start to write sessions and to update open ones."""
        await self._writing.start()
        await self._keeping.start()

    async def stop(self) -> None:
        """Close the open sessions and stop."""
        await self._keeping.stop()
        await self._writing.stop()
        for client in list(self._watching):
            self.end(client)
        try:
            await self.write()
        except Unavailable as error:
            self._writing.outage.failed(error.title)

    def begin(self, broadcast: str, client: Client, *, resumed: bool) -> None:
        """Start a session; `resumed` where the page was open before and only its channel is new."""
        watch = _Watch(broadcast, client.device, client.joined_at, resumed)
        self._watching[client] = watch
        self._began.append(watch)

    def end(self, client: Client) -> None:
        """End a viewer's session."""
        watch = self._watching.pop(client, None)
        if watch is None:
            return
        watch.left = now_ms()
        if len(self._ended) >= MOST:
            self._writing.outage.failed("more wait than are kept")
            return
        self._ended.append(watch)

    def shift(self, by: int) -> None:
        """Shift open sessions by `by` milliseconds after the clock was set, so that each keeps its
        length. The rows that are written were shifted with the clock.
        """
        for watch in self._began:
            watch.joined += by
        for watch in self._ended:
            if watch.left is not None:
                watch.left += by

    async def _write_loop(self) -> None:
        # `stop` must wait for a write under way, or its rows would be written twice.
        await asyncio.shield(self.write())

    async def write(self) -> None:
        """Write the sessions that started or ended. Raises Unavailable."""
        async with self._turn:
            while self._began:
                some, self._began = self._began[:INSERTS_PER_WRITE], self._began[INSERTS_PER_WRITE:]
                await self._insert(some)
            while self._ended:
                some, self._ended = self._ended[:INSERTS_PER_WRITE], self._ended[INSERTS_PER_WRITE:]
                await self._end(some)

    async def keep(self, *, still: bool = True) -> None:
        """Update every open session's row to this moment. Raises Unavailable."""
        rows = [watch.row for watch in self._watching.values() if watch.row is not None]
        for start in range(0, len(rows), UPDATES_PER_WRITE):
            values = {
                "ids": rows[start : start + UPDATES_PER_WRITE],
                "now": now_ms(),
                "still": still,
            }
            await self._write(partial(_execute, _KEEP, values))

    async def _insert(self, some: list[_Watch]) -> None:
        """Insert sessions that go on; one that has ended is inserted by `_end`."""
        some = [watch for watch in some if watch.left is None]
        try:
            await self._open(some)
        except CommitUnknown:  # its end inserts it
            raise
        except Unavailable:
            self._began = some + self._began
            raise

    async def _end(self, some: list[_Watch]) -> None:
        there = [watch for watch in some if watch.row is not None]
        try:
            await self._open([watch for watch in some if watch.row is None])
            if there:
                rows = [{"row": watch.row, "left": watch.left} for watch in there]
                await self._write(partial(_execute, _END, rows))
        except CommitUnknown:  # may be committed: better lost than counted twice
            self._ended = there + self._ended
            raise
        except Unavailable:
            self._ended = some + self._ended
            raise

    async def _open(self, some: list[_Watch]) -> None:
        if some:
            rows = [watch.values() for watch in some]
            found = await self._write(
                lambda connection: connection.execute(_OPEN, rows).scalars().all()
            )
            for watch, row in zip(some, found, strict=True):
                watch.row = row

    async def _write(self, function: Callable[[Connection], Any]) -> Any:
        return await self._store.write(function, within_s=FILE_S, last=True)


def _execute(statement: Executable, values: Any, connection: Connection) -> None:
    connection.execute(statement, values)
