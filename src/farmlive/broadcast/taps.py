"""Who looked at a card: a row each, gathered and written once a second, so that no order waits for
them. A crash loses the last second's.
"""

import asyncio
from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, insert

from farmlive.broadcast.log import Log
from farmlive.broadcast.tables import card_taps
from farmlive.clock import now_ms
from farmlive.periodic import Periodic
from farmlive.problems import Unavailable
from farmlive.store import FILE_S, CommitUnknown, Store

WRITE_S = 1.0
# So many rows are one write: whoever orders meanwhile waits for no more.
AT_ONCE = 200
# More are not kept where the database takes nothing.
MOST = 50_000


class Taps:
    """Looks at cards that are not written yet."""

    def __init__(self, store: Store, log: Log):
        self._store = store
        self._log = log
        self._turn = asyncio.Lock()
        self._rows: list[dict[str, Any]] = []
        self._writing = Periodic(
            WRITE_S, self._write_on, "looks at cards were not kept", "looks at cards are kept again"
        )

    async def start(self) -> None:
        """Begin to write them."""
        await self._writing.start()

    async def stop(self) -> None:
        """Write what there is and stop."""
        await self._writing.stop()
        try:
            await self.write()
        except Unavailable as error:
            self._writing.outage.failed(error.title)

    def add(self, broadcast: str, offer: str, device: str) -> None:
        """Count that a viewer looked at a card; only while the broadcast is live."""
        if len(self._rows) >= MOST:
            self._writing.outage.failed("more wait than are kept")
            return
        row = {"broadcast": broadcast, "offer": offer, "device": device, "at": now_ms()}
        self._rows.append(row)

    async def _write_on(self) -> None:
        # Whoever stops waits for what is under way, or it would be written twice.
        await asyncio.shield(self.write())

    async def write(self) -> None:
        """Write all that came up to now. Raises Unavailable."""
        async with self._turn:
            while self._rows:
                some, self._rows = self._rows[:AT_ONCE], self._rows[AT_ONCE:]
                try:
                    await self._store.write(self._insert(some), within_s=FILE_S, last=True)
                except CommitUnknown:  # twice is worse than never
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
