"""Card taps: one row each, buffered and written once a second, so that orders need not wait for
them. A crash loses the last second.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert

from farmlive.broadcast.log import Log
from farmlive.broadcast.tables import card_taps
from farmlive.clock import now_ms
from farmlive.periodic import Periodic
from farmlive.problems import Unavailable
from farmlive.store import FILE_S, CommitUnknown, Store

WRITE_S = 1.0
# Rows per write transaction, which bounds how long an order waits for it.
TAPS_PER_WRITE = 200
# Most buffered taps while the database is unavailable; more are dropped.
MOST = 50_000


class Tap(NamedTuple):
    """A device opened an offer's card, at a time in UTC milliseconds."""

    offer: str
    device: str
    at: int


def insert_taps(connection: Connection, broadcast: str, taps: Iterable[Tap]) -> None:
    """Insert taps of a broadcast's past, such as those of the demo's evenings."""
    rows = [{"broadcast": broadcast, **tap._asdict()} for tap in taps]
    if rows:
        connection.execute(insert(card_taps), rows)


class Taps:
    """Card taps that are not written yet."""

    def __init__(self, store: Store, log: Log):
        self._store = store
        self._log = log
        self._turn = asyncio.Lock()
        self._rows: list[dict[str, Any]] = []
        self._writing = Periodic(
            WRITE_S,
            self._write_loop,
            "looks at cards were not kept",
            "looks at cards are kept again",
        )

    async def start(self) -> None:
        """Start to write them."""
        await self._writing.start()

    async def stop(self) -> None:
        """Write what is buffered and stop."""
        await self._writing.stop()
        try:
            await self.write()
        except Unavailable as error:
            self._writing.outage.failed(error.title)

    def add(self, broadcast: str, offer: str, device: str) -> None:
        """Count that a viewer opened a card; only while the broadcast is live."""
        if len(self._rows) >= MOST:
            self._writing.outage.failed("more wait than are kept")
            return
        row = {"broadcast": broadcast, "offer": offer, "device": device, "at": now_ms()}
        self._rows.append(row)

    async def _write_loop(self) -> None:
        # `stop` must wait for a write under way, or its rows would be written twice.
        await asyncio.shield(self.write())

    async def write(self) -> None:
        """Write all buffered taps. Raises Unavailable."""
        async with self._turn:
            while self._rows:
                some, self._rows = self._rows[:TAPS_PER_WRITE], self._rows[TAPS_PER_WRITE:]
                try:
                    await self._store.write(self._insert(some), within_s=FILE_S, last=True)
                except CommitUnknown:  # may be committed: better lost than counted twice
                    raise
                except Unavailable:
                    self._rows = some + self._rows
                    raise

    def _insert(self, rows: list[dict[str, Any]]) -> Any:
        of_broadcast = defaultdict(list)
        for row in rows:
            of_broadcast[row["broadcast"]].append(row)

        def write(connection: Connection) -> None:
            for broadcast, some in of_broadcast.items():
                if self._log.head(connection, broadcast).state == "live":
                    connection.execute(insert(card_taps), some)

        return write
