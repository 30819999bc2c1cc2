"""Retention of sales: an order without personal data is deleted some years after its last change,
with its lines and its history. The review's sums of it are stored with the broadcast in the same
transaction; the log keeps its events, which hold no personal data.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Integer, Row, bindparam, delete, select

from farmlive.clock import now_ms
from farmlive.ids import first_ulid
from farmlive.periodic import in_steps
from farmlive.review import kept_sums
from farmlive.review.kept_sums import FarmSales
from farmlive.review.review import refunds
from farmlive.shop.core.order_tables import claims, order_changes, order_lines, orders
from farmlive.shop.notices.tables import notices
from farmlive.shop.privacy import retention
from farmlive.store import Store
from farmlive.store.files.uploads import forget_owners

AT_ONCE = 20

_OLD = (
    select(orders)
    .where(orders.c.id > bindparam("after"), orders.c.id < bindparam("before"))
    .order_by(orders.c.id)
    .limit(bindparam("most", type_=Integer))
)
_THOSE = select(orders).where(orders.c.id.in_(bindparam("those", expanding=True)))


class SaleRetention:
    """Deletes orders `keep_ms` after their last change."""

    def __init__(self, store: Store, keep_ms: int):
        self._store = store
        self._keep_ms = keep_ms

    async def remove(self) -> int:
        """Delete all that are due, in steps; return the number of orders. Raises Unavailable.

        Orders that are passed over, since they stay open for years, are few and are read again each
        time.
        """
        removed = 0
        after = ""
        now = now_ms()

        async def step() -> bool:
            nonlocal removed, after
            rows = await self._store.read(partial(self._page, after=after, now=now, most=AT_ONCE))
            if not rows:
                return False
            ids = [row.id for row in rows]
            removed += await self._store.write(partial(self._delete, ids=ids, now=now))
            after = ids[-1]
            return True

        await in_steps(step)
        return removed

    async def outlook(self) -> int:
        """Return how many orders `remove` would delete."""
        found, after, now = 0, "", now_ms()
        while True:
            page = partial(self._page, after=after, now=now, most=retention.READ_AT_ONCE)
            rows = await self._store.read(page)
            if not rows:
                return found
            found += len(await self._store.read(partial(self._due, rows=rows, now=now)))
            after = rows[-1].id

    def _page(self, connection: Connection, after: str, now: int, most: int) -> Sequence[Row[Any]]:
        named = {"after": after, "before": first_ulid(now - self._keep_ms), "most": most}
        return connection.execute(_OLD, named).all()

    def _due(self, connection: Connection, rows: Sequence[Row[Any]], now: int) -> list[Row[Any]]:
        due = retention.judge(connection, rows, now, self._keep_ms).due
        return [row for row in due if row.person_gone_at is not None]

    def _delete(self, connection: Connection, ids: Sequence[str], now: int) -> int:
        rows = connection.execute(_THOSE, {"those": ids}).all()
        due = self._due(connection, rows, now)
        for broadcast in sorted({row.broadcast for row in due}):
            _keep(connection, broadcast, [row for row in due if row.broadcast == broadcast])
        gone = [row.id for row in due]
        for table in (notices, claims, order_changes, order_lines):
            connection.execute(delete(table).where(table.c.order.in_(gone)))
        forget_owners(connection, [f"order:{order}" for order in gone])
        connection.execute(delete(orders).where(orders.c.id.in_(gone)))
        return len(gone)


def _keep(connection: Connection, broadcast: str, rows: Sequence[Row[Any]]) -> None:
    """Add these orders to the stored sales of their broadcast; cancelled ones count nowhere."""
    standing = {row.id: row for row in rows if row.state != "cancelled"}
    if not standing:
        return
    sales = kept_sums.kept(connection, broadcast).sales
    lines = connection.execute(
        select(order_lines).where(order_lines.c.order.in_(list(standing)))
    ).all()
    for row in standing.values():
        farms = tuple(sorted({line.farm for line in lines if line.order == row.id}))
        sales.orders[farms] = sales.orders.get(farms, 0) + 1
        sales.currency = row.currency
    for line in lines:
        of_farm = sales.farms.setdefault(line.farm, FarmSales())
        of_farm.items += line.quantity
        _add(of_farm, standing[line.order].payment, line.total)
    for line, part in refunds(connection, orders.c.id.in_(list(standing))):
        _add(sales.farms[line.farm], line.payment, -part)
    kept_sums.keep(connection, broadcast, sales=sales.written())


def _add(of_farm: FarmSales, payment: str, amount: int) -> None:
    if payment == "due":
        of_farm.due += amount
    else:
        of_farm.paid += amount
