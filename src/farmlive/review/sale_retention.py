"""Retention of sales: deletes an order without personal data some years after its last change, with
its lines and its history. The same transaction stores the review's sums of it with the broadcast;
the log keeps its events, which hold no personal data.
"""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from farmlive.clock import now_ms
from farmlive.periodic import in_steps
from farmlive.review import stored_sums
from farmlive.review.refunds import refund_per_line
from farmlive.review.stored_sums import FarmSales
from farmlive.shop.reporting import removal
from farmlive.shop.reporting.sales import refunded_orders
from farmlive.store import Store

ORDERS_PER_BATCH = 20
# Orders read at a time where nothing is removed.
ORDERS_PER_READ = 500


class SaleRetention:
    """Deletes orders `keep_ms` after their last change."""

    def __init__(self, store: Store, keep_ms: int):
        self._store = store
        self._keep_ms = keep_ms

    async def remove(self) -> int:
        """Delete all that are due, in steps; return the number of orders. Raises Unavailable.

        Orders that stay open for years are few, and are read again each time.
        """
        removed = 0
        after = ""
        now = now_ms()

        async def step() -> bool:
            nonlocal removed, after
            page = partial(
                removal.old_ids, after=after, now=now, keep_ms=self._keep_ms, most=ORDERS_PER_BATCH
            )
            ids = await self._store.read(page)
            if not ids:
                return False
            removed += await self._store.write(partial(self._remove, ids=ids, now=now))
            after = ids[-1]
            return True

        await in_steps(step)
        return removed

    async def outlook(self) -> int:
        """Return how many orders `remove` would delete."""
        found, after, now = 0, "", now_ms()

        def count(connection: Connection) -> tuple[int, str | None]:
            ids = removal.old_ids(
                connection, after=after, now=now, keep_ms=self._keep_ms, most=ORDERS_PER_READ
            )
            due = removal.due(connection, ids, now, self._keep_ms) if ids else []
            return len(due), ids[-1] if ids else None

        while True:
            due, last = await self._store.read(count)
            if last is None:
                return found
            found, after = found + due, last

    def _remove(self, connection: Connection, ids: Sequence[str], now: int) -> int:
        due = removal.due(connection, ids, now, self._keep_ms)
        for broadcast in sorted({order.broadcast for order in due}):
            _store_sums(
                connection, broadcast, [order for order in due if order.broadcast == broadcast]
            )
        removal.remove(connection, [order.id for order in due])
        return len(due)


def _store_sums(connection: Connection, broadcast: str, due: Sequence[removal.OldOrder]) -> None:
    """Add these orders to the stored sales of their broadcast; cancelled ones count nowhere."""
    standing = {order.id: order for order in due if order.state != "cancelled"}
    if not standing:
        return
    sales = stored_sums.read_sums(connection, broadcast).sales
    lines = removal.lines(connection, list(standing))
    for order in standing.values():
        farms = tuple(sorted({line.farm for line in lines if line.order == order.id}))
        sales.orders[farms] = sales.orders.get(farms, 0) + 1
        sales.currency = order.currency
    for line in lines:
        of_farm = sales.farms.setdefault(line.farm, FarmSales())
        of_farm.items += line.quantity
        _add(of_farm, standing[line.order].payment, line.total)
    for refunded in refunded_orders(connection, ids=standing):
        for sold, part in refund_per_line(refunded):
            _add(sales.farms[sold.farm], refunded.payment, -part)
    stored_sums.store_sums(connection, broadcast, sales=sales.as_json())


def _add(of_farm: FarmSales, payment: str, amount: int) -> None:
    if payment == "due":
        of_farm.due += amount
    else:
        of_farm.paid += amount
