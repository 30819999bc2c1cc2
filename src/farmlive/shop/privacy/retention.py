"""Retention: removes the personal data of orders after the retention time, in steps of a few
orders.

Orders are scanned by id, whose order is that of creation. Orders that are passed over, because they
are open or have changed since, are checked again every day. orders/buyer_data.py removes the data.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, Integer, Row, bindparam, insert, select, update

from farmlive.clock import DAY_MS, now_ms
from farmlive.ids import first_ulid
from farmlive.periodic import in_steps
from farmlive.shop.claims.photos import ClaimPhotos
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_tables import orders
from farmlive.shop.orders import buyer_data
from farmlive.shop.privacy.tables import retention_marks
from farmlive.store import Store

# Orders per step: a few milliseconds of the writer's time.
ORDERS_PER_BATCH = 20
# Orders read at a time where nothing is removed.
ORDERS_PER_READ = 500
# How often an order that was passed over is checked again.
CHECK_MS = DAY_MS
_MARK = "person"

_NEW = (
    select(orders)
    .where(orders.c.id > bindparam("after"), orders.c.id < bindparam("before"))
    .order_by(orders.c.id)
    .limit(bindparam("most", type_=Integer))
)
_AGAIN = (
    select(orders)
    .where(orders.c.person_check_at <= bindparam("now"))
    .order_by(orders.c.person_check_at, orders.c.id)
    .limit(bindparam("most", type_=Integer))
)
_PASSED = (
    select(orders)
    .where(orders.c.person_check_at.is_not(None), orders.c.id > bindparam("after"))
    .order_by(orders.c.id)
    .limit(bindparam("most", type_=Integer))
)
_ORDERS_BY_ID = select(orders).where(orders.c.id.in_(bindparam("those", expanding=True)))
_UPTO = select(retention_marks.c.upto).where(retention_marks.c.name == bindparam("mark"))
_LOOK_AGAIN = (
    update(orders)
    .where(orders.c.id == bindparam("of"))
    .values(person_check_at=bindparam("check_at"))
)


@dataclass
class Judgement:
    """Orders with due data, and the others with the reason; None if only the time has not come."""

    due: list[Row[Any]] = field(default_factory=list)
    waiting: list[tuple[Row[Any], buyer_data.Because | None]] = field(default_factory=list)
    # When each waiting order is checked again, at the latest.
    again: dict[str, int] = field(default_factory=dict)


@dataclass
class RetentionPreview:
    """The orders that `remove` would handle now: `due` ones.

    `open` counts the other old orders by the reason why they are kept, and `named` lists the first
    of them.
    """

    due: int = 0
    open: Counter[str] = field(default_factory=Counter)
    named: list[tuple[str, str, str]] = field(default_factory=list)


def judge(connection: Connection, rows: Sequence[Row[Any]], now: int, keep_ms: int) -> Judgement:
    """Decide which of the orders lose their buyer's data now.

    A paid parcel that was shipped counts as received by then: not everybody records that.
    """
    found = Judgement()
    claimed = buyer_data.claimed(connection, [row.id for row in rows])
    changed = buyer_data.last_changes(connection, rows)
    for row in rows:
        because = buyer_data.kept_because(row, claimed=row.id in claimed)
        if because == "shipped":
            because = None
        due_at = changed[row.id] + keep_ms
        if because is None and due_at <= now:
            found.due.append(row)
        else:
            found.waiting.append((row, because if due_at <= now else None))
            later = now + CHECK_MS
            found.again[row.id] = min(due_at, later) if due_at > now else later
    return found


class PersonRetention:
    """Removes the buyers' data `keep_ms` after the orders' last change."""

    def __init__(self, store: Store, photos: ClaimPhotos, keep_ms: int):
        self._store = store
        self._photos = photos
        self._keep_ms = keep_ms

    async def remove(self) -> int:
        """Remove all that is due, in steps; return the number of orders. Raises Unavailable."""
        removed = 0

        async def step() -> bool:
            nonlocal removed
            now = now_ms()
            ids, upto = await self._store.read(partial(self._look, now=now))
            if not ids:
                return False
            emptied, photos = await self._store.write(
                partial(self._apply, ids=ids, upto=upto, now=now)
            )
            removed += emptied
            await self._photos.remove(photos)
            return True

        await in_steps(step)
        return removed

    async def preview(self) -> RetentionPreview:
        """Return what `remove` would do, without doing it."""
        found = RetentionPreview()
        now = now_ms()
        after = await self._store.read(_upto)
        for query in (_NEW, _PASSED):
            while True:
                named = {"before": first_ulid(now - self._keep_ms)} if query is _NEW else {}
                page = {**named, "after": after, "most": ORDERS_PER_READ}
                rows, judged = await self._store.read(
                    partial(self._judged, query=query, named=page, now=now)
                )
                found.due += sum(row.person_gone_at is None for row in judged.due)
                for row, because in judged.waiting:
                    if because is not None:
                        found.open[because] += 1
                        found.named.append((row.broadcast, order_number(row.number), because))
                if len(rows) < ORDERS_PER_READ:
                    break
                after = rows[-1].id
            after = ""
        return found

    def _judged(
        self, connection: Connection, query: Any, named: dict[str, Any], now: int
    ) -> tuple[Sequence[Row[Any]], Judgement]:
        rows = connection.execute(query, named).all()
        return rows, judge(connection, rows, now, self._keep_ms)

    def _look(self, connection: Connection, now: int) -> tuple[list[str], str | None]:
        """Return the orders to check in one step, and the id up to which all are checked then."""
        again = connection.execute(_AGAIN, {"now": now, "most": ORDERS_PER_BATCH}).all()
        if again:
            return [row.id for row in again], None
        before = first_ulid(now - self._keep_ms)
        new = {"after": _upto(connection), "before": before, "most": ORDERS_PER_BATCH}
        ids = [row.id for row in connection.execute(_NEW, new)]
        return ids, ids[-1] if ids else None

    def _apply(
        self, connection: Connection, ids: Sequence[str], upto: str | None, now: int
    ) -> tuple[int, set[str]]:
        rows = connection.execute(_ORDERS_BY_ID, {"those": ids}).all()
        judged = judge(connection, rows, now, self._keep_ms)
        photos = buyer_data.erase_details(connection, judged.due, now)
        for order, at in judged.again.items():
            connection.execute(_LOOK_AGAIN, {"of": order, "check_at": at})
        if upto is not None:
            _mark(connection, upto)
        return sum(row.person_gone_at is None for row in judged.due), photos


def _upto(connection: Connection) -> str:
    found: str | None = connection.execute(_UPTO, {"mark": _MARK}).scalar()
    return found or ""


def _mark(connection: Connection, upto: str) -> None:
    before = connection.execute(_UPTO, {"mark": _MARK}).scalar()
    if before is None:
        connection.execute(insert(retention_marks), {"name": _MARK, "upto": upto})
    elif before < upto:
        connection.execute(
            update(retention_marks).where(retention_marks.c.name == _MARK).values(upto=upto)
        )
