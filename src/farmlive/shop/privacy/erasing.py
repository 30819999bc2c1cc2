"""Erasure: removes the personal data of one order, or of all orders of a phone, before its time.

It begins with one transaction, which refuses it if anything is open, and continues in steps of a
few orders; another run or another server resumes what a killed server left. orders/buyer_data.py
defines the personal data; the routes and codes.py check who may erase. Each server removes the
person from its own outbox (outbox_sweep.py).
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from farmlive.broadcast.events import OrderErased
from farmlive.broadcast.log import Event, Log
from farmlive.clock import DAY_MS, HOUR_MS, now_ms
from farmlive.ids import ulid
from farmlive.outages import reason_of
from farmlive.people import Caller
from farmlive.people.core import audit
from farmlive.people.core.devices import forget_pseudonyms
from farmlive.people.moderation.blocklist import forget_orders
from farmlive.periodic import Periodic, in_steps
from farmlive.problems import Unavailable
from farmlive.settings import Settings
from farmlive.shop.claims.photos import ClaimPhotos
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_tables import orders
from farmlive.shop.notices.limits import Pseudonym, StrangerLimits
from farmlive.shop.notices.tables import notices
from farmlive.shop.orders import buyer_data
from farmlive.shop.privacy.outbox_sweep import OutboxSweep
from farmlive.shop.privacy.problems import OrdersOpen
from farmlive.shop.privacy.tables import erasures
from farmlive.store import FILE_S, Store

EVERY_S = 5
# Orders per step: a few milliseconds of the writer's time.
ORDERS_PER_BATCH = 20
# How many orders of an erasure the audit entry names.
NAMED = 20
VACUUM_EVERY_S = 600
FORGET_EVERY_MS = HOUR_MS
# By then the outbox files are removed, also on servers that were down.
SPARE_MS = DAY_MS
# Tables whose dead rows PostgreSQL keeps until they are vacuumed.
SCRUBBED = (
    "orders",
    "order_changes",
    "order_keys",
    "claims",
    "notices",
    "events",
    "log_checkpoints",
    "uploads",
    "blocks",
    "erasures",
)

_LEFT = select(erasures).where(erasures.c.scrubbed_at.is_(None)).order_by(erasures.c.id)
_ORDERS_BY_ID = select(orders).where(orders.c.id.in_(bindparam("those", expanding=True)))


@dataclass(frozen=True)
class OrderScope:
    """The orders to erase or export: all with these pseudonyms, which are one phone's, or one
    order.
    """

    buyers: tuple[str, ...] = ()
    order: str | None = None

    def query(self) -> Select[Any]:
        """Return the query of these orders.

        Erased orders of a phone are not under its pseudonym any more.
        """
        if self.order is not None:
            return select(orders).where(orders.c.id == self.order)
        return select(orders).where(orders.c.buyer.in_(self.buyers))


class Erasure:
    """Erases; `periodic` resumes unfinished erasures, of this server or another."""

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: Settings,
        photos: ClaimPhotos,
        *,
        pseudonym: Pseudonym,
    ):
        self._store = store
        self._log = log
        self._limits = StrangerLimits(settings, store)
        self._photos = photos
        self._outbox = OutboxSweep(store, settings.data / "outbox", pseudonym=pseudonym)
        self._keep_ms = settings.outbox_ms + SPARE_MS
        self._scrubbed_at = float("-inf")
        self._forgot_at = 0
        self._working = asyncio.Lock()
        self.periodic = Periodic(
            EVERY_S,
            self.resume,
            "what a buyer had erased was not erased whole; trying again",
            "what buyers had erased is erased whole",
            at_once=True,
        )

    async def erase(self, caller: Caller, whose: OrderScope, *, by: str) -> int:
        """Erase the buyers of these orders and return the number of orders.

        `by` is the caller's right for the audit entry: `link`, `code` or `role`. Once begun it is
        always completed, by the task if it can't be now, as on a full disk. Raises OrdersOpen with
        the open orders, in which case nothing is changed, and Unavailable.
        """
        begin = partial(self._begin, caller=caller, whose=whose, by=by)
        begun = await self._store.write(begin)
        if begun:
            # PostgreSQL may take long to vacuum: leave that to the task.
            try:
                await self._work(scrubs=self._store.dialect == "sqlite")
            except (OSError, Unavailable) as error:
                self.periodic.outage.failed(reason_of(error))
        return begun

    async def resume(self) -> None:
        """Complete the erasures that were begun. Raises Unavailable, OSError."""
        await self._work(scrubs=True)

    async def _work(self, *, scrubs: bool) -> None:
        async with self._working:
            left = await self._store.read(_left)
            for row in left:
                if row.done_at is None:
                    await self._finish(row)
            await self._outbox.sweep()
        # Outside the lock: it may take long, and no buyer should wait for it.
        if left and scrubs:
            await self._scrub([row.id for row in left])
        now = now_ms()
        if not 0 <= now - self._forgot_at < FORGET_EVERY_MS:
            await self._store.write(partial(_forget, before=now - self._keep_ms))
            self._forgot_at = now

    # Transactions.

    def _begin(self, connection: Connection, caller: Caller, whose: OrderScope, by: str) -> int:
        now = now_ms()
        query = whose.query().where(~buyer_data.IS_ERASED).order_by(orders.c.id)
        rows = connection.execute(query).all()
        if still := buyer_data.open_of(connection, rows, now):
            raise OrdersOpen(
                [
                    {
                        "broadcast": row.broadcast,
                        "number": order_number(row.number),
                        "because": because,
                    }
                    for row, because in still
                ]
            )
        if rows:
            erasure = ulid()
            # A clock that was set back may be behind the orders and their notices.
            at = max(now, *(row.placed_at for row in rows), _last_notice_at(connection, rows))
            connection.execute(
                insert(erasures),
                {
                    "id": erasure,
                    "at": at,
                    "buyers": list(whose.buyers),
                    "order": whose.order,
                    "buyer": buyer_data.ERASED + secrets.token_hex(12),
                },
            )
            who = caller if caller.role is not None else audit.NOBODY
            within = {row.broadcast for row in rows}
            audit.record_always(
                connection,
                who,
                "person.erase",
                whose.order or erasure,
                broadcast=within.pop() if len(within) == 1 else None,
                by=by,
                orders=len(rows),
                named=[
                    {"number": order_number(row.number), "broadcast": row.broadcast}
                    for row in rows[:NAMED]
                ],
            )
        return len(rows)

    def _look(
        self, connection: Connection, row: Row[Any], after: str
    ) -> tuple[list[str], list[Event]]:
        """Return the next orders of an erasure, and the events with their buyer."""
        query = _scope_of(row).query().where(~buyer_data.IS_ERASED, orders.c.id > after)
        query = (
            query.where(orders.c.placed_at <= row.at).order_by(orders.c.id).limit(ORDERS_PER_BATCH)
        )
        found = connection.execute(query).all()
        told: list[Event] = []
        for broadcast in sorted({each.broadcast for each in found}):
            of_broadcast = [each.id for each in found if each.broadcast == broadcast]
            events = self._log.of_orders(connection, broadcast, of_broadcast)
            told += [event for event in events if "buyer" in event.data]
        return [each.id for each in found], told

    def _apply(
        self,
        connection: Connection,
        erasure: Row[Any],
        ids: Sequence[str],
        told: Sequence[Event],
        devices: dict[str, str],
    ) -> set[str]:
        """Erase these orders, without those that are open meanwhile or that another server has
        erased. Return the photos to remove.
        """
        now = now_ms()
        rows = connection.execute(_ORDERS_BY_ID, {"those": ids}).all()
        still = {row.id for row, _ in buyer_data.open_of(connection, rows, now)}
        rows = [row for row in rows if row.id not in still and not buyer_data.is_erased(row)]
        if not rows:
            return set()
        those = [row.id for row in rows]
        self._keep_counts(connection, those, now)
        photos = buyer_data.erase_details(connection, rows, now)
        forget_orders(connection, those)
        for row in rows:
            values = {"buyer": erasure.buyer}
            if row.account is None:  # the device of an order by a clerk is not the buyer's
                new = buyer_data.ERASED + secrets.token_hex(12)
                values["device"] = devices.setdefault(row.device, new)
            connection.execute(update(orders).where(orders.c.id == row.id).values(**values))
        if erasure.order is not None:
            _erase_phone(connection, rows[0].buyer, max(now, erasure.at))
        erased: dict[str, Event] = {}
        for row in rows:
            number = order_number(row.number)
            announced = OrderErased(order=row.id, number=number, buyer=erasure.buyer)
            erased[row.id] = self._log.append(connection, row.broadcast, announced)
        for event in told:
            if (by := erased.get(event.data["order"])) is not None:
                self._log.rename_buyer(connection, event, erasure.buyer, by=by)
        return photos

    def _keep_counts(self, connection: Connection, ids: Sequence[str], now: int) -> None:
        """Keep the limits' counts of these orders' notices: otherwise erasing would allow more of
        them.
        """
        counted = connection.execute(
            select(
                notices.c.recipient, notices.c.created_at, notices.c.cause, notices.c.held_by
            ).where(notices.c.order.in_(ids))
        )
        for row in counted.all():
            if row.cause == "stranger" and row.held_by is None:
                self._limits.count(connection, row.recipient, row.created_at, now)

    # After the commit.

    async def _finish(self, erasure: Row[Any]) -> None:
        after = ""
        devices: dict[str, str] = {}

        async def step() -> bool:
            nonlocal after
            look = partial(self._look, row=erasure, after=after)
            ids, told = await self._store.read(look, within_s=FILE_S)
            if not ids:
                return False
            apply = partial(self._apply, erasure=erasure, ids=ids, told=told, devices=devices)
            await self._photos.remove(await self._store.write(apply))
            after = ids[-1]
            return True

        await in_steps(step)
        forget_pseudonyms()
        await self._store.write(partial(_done, erasure=erasure.id))

    async def _scrub(self, ids: Sequence[str]) -> None:
        """Remove the old data from the WAL, or from dead rows.

        PostgreSQL scans tables for that, so it is rate limited: not once per erasure.
        """
        now = time.monotonic()
        if self._store.dialect == "postgresql" and now < self._scrubbed_at + VACUUM_EVERY_S:
            return
        if await self._store.scrub(SCRUBBED):
            self._scrubbed_at = now
            await self._store.write(partial(_scrubbed, ids=ids))


def _erase_phone(connection: Connection, buyer: str, at: int) -> None:
    """Also erase every line to the phone with this pseudonym from the outboxes, up to `at`, unless
    another order still has the phone: a line with a code names no order, and a combined line names
    several.

    Call it after the erased order has lost the pseudonym, so that of two simultaneous erasures the
    second one does it. The pseudonym gets a row of its own, which is already done.
    """
    others = exists().where(orders.c.buyer == buyer, orders.c.person_gone_at.is_(None))
    if not connection.execute(select(others)).scalar():
        connection.execute(
            insert(erasures),
            {
                "id": ulid(),
                "at": at,
                "buyers": [buyer],
                "order": None,
                "buyer": "",
                "done_at": at,
                "scrubbed_at": at,
            },
        )


def _scope_of(erasure: Row[Any]) -> OrderScope:
    return OrderScope(tuple(erasure.buyers), erasure.order)


def _left(connection: Connection) -> Sequence[Row[Any]]:
    """Return the erasures with something left to do in the database."""
    return connection.execute(_LEFT).all()


def _last_notice_at(connection: Connection, rows: Sequence[Row[Any]]) -> int:
    """Return the time of the latest notice of these orders, as its line in an outbox has it."""
    latest = [0]
    for first in range(0, len(rows), 1_000):
        ids = [row.id for row in rows[first : first + 1_000]]
        told = select(func.max(notices.c.created_at)).where(notices.c.order.in_(ids))
        latest.append(connection.execute(told).scalar() or 0)
    return max(latest)


def _done(connection: Connection, erasure: str) -> None:
    """Mark as done, and delete the link between old and new pseudonym."""
    connection.execute(
        update(erasures).where(erasures.c.id == erasure).values(done_at=now_ms(), buyer="")
    )


def _scrubbed(connection: Connection, ids: Sequence[str]) -> None:
    connection.execute(update(erasures).where(erasures.c.id.in_(ids)).values(scrubbed_at=now_ms()))


def _forget(connection: Connection, before: int) -> None:
    connection.execute(
        delete(erasures).where(erasures.c.at < before, erasures.c.scrubbed_at.is_not(None))
    )
