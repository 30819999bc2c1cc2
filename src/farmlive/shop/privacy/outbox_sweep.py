"""Removes the notices of erased buyers from this server's outbox, as part of an erasure.

erasing.py erases the orders; notices/outbox_file.py keeps the file.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from farmlive.clock import now_ms, rfc3339
from farmlive.people.core.devices import forget_pseudonyms
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_tables import orders
from farmlive.shop.notices import outbox_file, queue
from farmlive.shop.notices.limits import Pseudonym
from farmlive.shop.privacy.tables import erasures
from farmlive.store import Store

# The longest time after which a leased notice may still be written to an outbox.
LATE_MS = 2 * queue.LEASE_MS

_SINCE = select(erasures).where(erasures.c.at > bindparam("since")).order_by(erasures.c.at)
_ORDERS_BY_ID = select(orders).where(orders.c.id.in_(bindparam("those", expanding=True)))


class OutboxSweep:
    """Sweeps the outbox; it remembers for which erasures that is done."""

    def __init__(self, store: Store, outbox: Path, *, pseudonym: Pseudonym):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._pseudonym = pseudonym
        self._outbox = outbox
        # The time up to which this server's outbox is cleared for all erasures, and the later
        # erasures for which it was cleared once.
        self._swept_upto = 0
        self._swept: set[str] = set()

    async def sweep(self) -> None:
        """Remove messages from this server's outbox: of all new erasures together, and once more
        when no server can still be writing one from before.
        """
        late = now_ms() - LATE_MS
        # After the clock was set back, new erasures may be older than this time.
        self._swept_upto = min(self._swept_upto, late)
        rows = await self._store.read(partial(_since, at=self._swept_upto))
        if any(row.id not in self._swept or row.at <= late for row in rows):
            is_theirs = await self._line_test(rows)
            await asyncio.to_thread(outbox_file.overwrite_lines, self._outbox, is_theirs)
            self._swept = {row.id for row in rows if row.at > late}
            self._swept_upto = max([self._swept_upto, *(row.at for row in rows if row.at <= late)])

    async def _line_test(self, erased: Sequence[Row[Any]]) -> outbox_file.Theirs:
        """Return the test for lines to erase: those to numbers with one of the pseudonyms, since
        the numbers are stored nowhere, and those about a single order of these.
        """
        buyers = {buyer: row.at for row in erased for buyer in row.buyers}
        told = await asyncio.to_thread(outbox_file.recipients, self._outbox) if buyers else set()
        marks = {to: await self._pseudonym(to) for to in told}
        numbers = {to: buyers[mark] for to, mark in marks.items() if mark in buyers}
        forget_pseudonyms()
        of_orders = {row.order: row.at for row in erased if row.order is not None}
        found = await self._store.read(partial(_with_ids, ids=sorted(of_orders)))
        urls = {f"/order/{self._links.token_of(row)}": of_orders[row.id] for row in found}

        def is_theirs(at: str, to: str, number: str, url: str) -> bool:
            upto = numbers.get(to, -1)
            if "," not in number:
                upto = max(upto, urls.get(url[url.rfind("/order/") :], -1))
            return upto >= 0 and at <= rfc3339(upto)

        return is_theirs


def _since(connection: Connection, at: int) -> Sequence[Row[Any]]:
    return connection.execute(_SINCE, {"since": at}).all()


def _with_ids(connection: Connection, ids: Sequence[str]) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for first in range(0, len(ids), 1_000):
        found += connection.execute(_ORDERS_BY_ID, {"those": ids[first : first + 1_000]}).all()
    return found
