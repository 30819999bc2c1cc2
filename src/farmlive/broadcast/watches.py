"""Who watched, and when: a row a connection, opened as a viewer joins and kept up to date.

A crash loses at most the last minute of each. What the rows are worth is the review's to say.
"""

import asyncio
from dataclasses import dataclass, field

from sqlalchemy import bindparam, insert, update

from farmlive.again import Again
from farmlive.broadcast.hub import Client
from farmlive.broadcast.tables import watches
from farmlive.clock import now_ms
from farmlive.problems import Unavailable
from farmlive.store import Store

KEEP_S = 60.0
# How many rows one turn of the writer brings up to date: orders wait no longer than that.
AT_ONCE = 1_000

_OPEN = insert(watches).returning(watches.c.id)
_KEEP = (
    update(watches)
    .where(watches.c.id.in_(bindparam("ids", expanding=True)))
    .values(to_at=bindparam("now"), running=bindparam("still"))
)


@dataclass(slots=True, eq=False)
class _Watch:
    """A connection that watches; `row` is its row once that is committed."""

    broadcast: str
    client: Client
    resumed: bool
    opening: asyncio.Task[None] | None = field(default=None, repr=False)
    row: int | None = None


class Watches:
    """The watch sessions of this server's viewers."""

    def __init__(self, store: Store):
        self._store = store
        self._watching: dict[Client, _Watch] = {}
        self._keeping = Again(
            KEEP_S, self.keep, "watch sessions were not kept", "watch sessions are kept again"
        )

    async def start(self) -> None:
        """Begin to keep them up to date."""
        await self._keeping.start()

    async def stop(self) -> None:
        """Close what is still open and stop."""
        await self._keeping.stop()
        opening = [watch.opening for watch in self._watching.values() if watch.opening]
        await asyncio.gather(*opening, return_exceptions=True)
        try:
            await self.keep(still=False)
        except Unavailable as error:
            self._keeping.outage.failed(error.title)
        self._watching.clear()

    def begin(self, broadcast: str, client: Client, *, resumed: bool) -> None:
        """A viewer joined; `resumed` where the page was open before and only its channel is new."""
        watch = self._watching[client] = _Watch(broadcast, client, resumed)
        watch.opening = asyncio.create_task(self._open(watch))

    async def end(self, client: Client) -> None:
        """The viewer left."""
        watch = self._watching.pop(client, None)
        if watch is None:
            return
        now = now_ms()
        if watch.opening is not None:
            await watch.opening
        try:
            if watch.row is None:
                await self._insert(watch, now, running=False)
            else:
                await self._update([watch.row], now, still=False)
        except Unavailable as error:
            self._keeping.outage.failed(error.title)

    async def keep(self, *, still: bool = True) -> None:
        """Bring every open row up to this moment. Raises Unavailable."""
        rows = [watch.row for watch in self._watching.values() if watch.row is not None]
        for start in range(0, len(rows), AT_ONCE):
            await self._update(rows[start : start + AT_ONCE], now_ms(), still=still)

    async def _open(self, watch: _Watch) -> None:
        try:
            watch.row = await self._insert(watch, now_ms(), running=True)
        except Unavailable as error:
            self._keeping.outage.failed(error.title)  # this one will be kept when it ends

    async def _insert(self, watch: _Watch, to_at: int, *, running: bool) -> int:
        row = {
            "broadcast": watch.broadcast,
            "device": watch.client.device,
            "from_at": watch.client.joined_at,
            "to_at": to_at,
            "resumed": watch.resumed,
            "running": running,
        }
        return await self._store.write(
            lambda connection: connection.execute(_OPEN, row).scalar_one()
        )

    async def _update(self, rows: list[int], now: int, *, still: bool) -> None:
        values = {"ids": rows, "now": now, "still": still}
        await self._store.write(lambda connection: connection.execute(_KEEP, values) and None)
