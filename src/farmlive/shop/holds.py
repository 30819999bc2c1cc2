"""Holds: stock kept for a buyer while the order is written, and given back when its time is over.

A hold is the order to be, under its own id; a device has one a broadcast. Placing it is the till's.
"""

import asyncio
import contextlib
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from farmlive.broadcast.log import Entry, Log
from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.shop import keys, lines, stock
from farmlive.shop.models import money
from farmlive.shop.order_models import HoldDrop, HoldPlace, NewHold
from farmlive.shop.problems import BroadcastEnded, BroadcastNotLive
from farmlive.shop.tables import holds
from farmlive.shop.till import DEVICES_PER_ADDRESS, Blocks, Limits
from farmlive.store import Store, after_commit

# Another server's holds, and this one's where it was not told, are looked for this often.
LOOK_MS = 1000

_DUE = select(holds.c.id, holds.c.broadcast).where(holds.c.until_at <= bindparam("now"))
_NEXT = select(func.min(holds.c.until_at))
_OVER = (
    delete(holds)
    .where(holds.c.id == bindparam("hold"), holds.c.until_at <= bindparam("now"))
    .returning(holds)
)
_DROP = (
    delete(holds)
    .where(
        holds.c.id == bindparam("hold"),
        holds.c.broadcast == bindparam("in_broadcast"),
        holds.c.device == bindparam("of_device"),
    )
    .returning(holds)
)
_HOLD = insert(holds)
_REPLACE = update(holds).where(holds.c.id == bindparam("hold"))

_log = structlog.get_logger(__name__)


class Holds:
    """Keeps holds and lets them run out; `start` and `stop` are for the task that does."""

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: Settings,
        *,
        limits: Limits,
        blocks: Blocks,
    ):
        self._store = store
        self._log = log
        self._settings = settings
        self._limits = limits
        self._blocks = blocks
        self._sooner = asyncio.Event()
        self._waits_until = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Let holds run out from now on, those of an earlier run included."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Let none run out any more; who starts next goes on."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def place(self, caller: Caller, broadcast: str, request: HoldPlace) -> dict[str, Any]:
        """Keep these lines for the caller's device and answer as `Held`, committed.

        An earlier hold of the device in this broadcast becomes this one, under the same id, so
        that what one holds oneself is never in one's way. It is kept for `hold_minutes` from now;
        where only the earlier hold gives a line its price, until its end. Raises TooMany,
        Forbidden (blocked), UnknownBroadcast, KeyReused, BroadcastNotLive, BroadcastEnded,
        UnknownOffer, PriceChanged, SoldOut; the earlier hold then stays as it is.
        """
        per_minute = self._settings.orders_per_minute
        self._limits.allow("holds of a device", caller.device, per_minute)
        self._limits.allow("holds of an address", caller.address, per_minute * DEVICES_PER_ADDRESS)
        await self._blocks.check(device=caller.device, phone=None, address=caller.address)
        body_hash = keys.canonical_hash(request, NewHold)

        def once(connection: Connection) -> dict[str, Any]:
            head = self._log.head(connection, broadcast, lock=True)
            before = keys.answered(connection, broadcast, request.key, body_hash)
            if before is not None:
                return before
            if head.state == "scheduled":
                raise BroadcastNotLive("Nothing was held: come back when the broadcast is live.")
            if head.state == "ended":
                raise BroadcastEnded(
                    "Nothing more was held: this broadcast has ended. What you hold already can "
                    "be ordered until its time is over."
                )
            answer = self._hold(connection, caller, broadcast, request)
            keys.keep(connection, broadcast, request.key, body_hash, answer)
            return answer

        return await self._store.write(once)

    async def drop(self, caller: Caller, broadcast: str, request: HoldDrop) -> dict[str, Any]:
        """Give back what the caller's device holds under this id; nothing where it holds none."""

        def write(connection: Connection) -> dict[str, Any]:
            self._log.head(connection, broadcast, lock=True)
            named = {
                "hold": request.order,
                "in_broadcast": broadcast,
                "of_device": caller.device,
            }
            row = connection.execute(_DROP, named).one_or_none()
            if row is not None:
                told = {
                    "order": row.id,
                    "state": "cancelled",
                    "payment": "due",
                    "by": "buyer",
                }
                self._give_back(connection, row, "order.cancelled", told)
            return {}

        return await self._store.write(write)

    async def expire(self) -> int:
        """Let every hold whose time is over run out, each once on whichever server; how many."""
        now = now_ms()
        due = await self._store.read(
            lambda connection: connection.execute(_DUE, {"now": now}).all()
        )
        done = await asyncio.gather(
            *(
                self._store.write(
                    partial(self._expire, hold=row.id, broadcast=row.broadcast, now=now)
                )
                for row in due
            )
        )
        return sum(done)

    def _hold(
        self, connection: Connection, caller: Caller, broadcast: str, request: HoldPlace
    ) -> dict[str, Any]:
        wanted = request.lines
        known = stock.on_offer(
            connection, broadcast, [line.offer for line in wanted], caller.device
        )
        before = lines.hold_in(known)
        now = now_ms()
        by_hold = lines.check(connection, wanted, known, before, now, self._settings.price_grace_ms)
        moved = stock.move(
            connection,
            lines.moves(wanted, before, sell=False),
            lines.with_held(connection, broadcast, known, before),
        )
        kept = [lines.told(line, known[line.offer]) for line in wanted]
        total = sum(line["total"] for line in kept)
        currency = known[wanted[0].offer].currency
        until = now + round(self._settings.hold_minutes * 60_000)
        if before and by_hold:
            until = before.until_at
        row = {"lines": kept, "total": total, "until_at": until}
        if before:
            order = before.id
            connection.execute(_REPLACE.values(row), {"hold": order})
        else:
            order = ulid()
            row |= {"id": order, "broadcast": broadcast, "device": caller.device}
            connection.execute(_HOLD, {**row, "currency": currency, "held_at": now})
        farms = {line["farm"] for line in (*kept, *(before.lines.values() if before else ()))}
        answer = {"order": order, "lines": kept, "total": money(total, currency), "until": until}
        told = {**answer, "state": "held", "payment": "due"}
        if caller.simulated:
            told["simulated"] = True
        held = Entry("order.held", lines.audience(order, farms), told, caller.device)
        self._log.append_all(connection, broadcast, [held, *stock.entries(moved)])
        after_commit(connection, lambda: self._hear(until))
        return answer

    def _hear(self, until: int) -> None:
        if until < self._waits_until:
            self._sooner.set()

    def _expire(self, connection: Connection, hold: str, broadcast: str, now: int) -> bool:
        self._log.head(connection, broadcast, lock=True)
        # Placed, dropped, renewed or expired elsewhere meanwhile: then there is nothing to do.
        row = connection.execute(_OVER, {"hold": hold, "now": now}).one_or_none()
        if row is None:
            return False
        self._give_back(connection, row, "order.expired", {"order": row.id, "state": "expired"})
        return True

    def _give_back(
        self, connection: Connection, row: Row[Any], kind: str, told: Mapping[str, Any]
    ) -> None:
        back = {line["offer"]: stock.Move(hold=-line["quantity"]) for line in row.lines}
        moved = stock.move(connection, back, stock.on_offer(connection, row.broadcast, back))
        audience = lines.audience(row.id, (line["farm"] for line in row.lines))
        over = Entry(kind, audience, dict(told))
        self._log.append_all(connection, row.broadcast, [over, *stock.entries(moved)])

    async def _watch(self) -> None:
        while True:
            self._sooner.clear()
            self._waits_until = math.inf  # what is held while it reads is read again
            try:
                due = await self._store.read(lambda conn: conn.execute(_NEXT).scalar_one())
                if due is not None and due <= now_ms():
                    await self.expire()
                    continue
            except Exception as error:
                _log.warning("holds did not run out; trying again", error=str(error))
                due = None
            wait_ms = LOOK_MS if due is None else min(LOOK_MS, due - now_ms())
            self._waits_until = now_ms() + wait_ms
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_ms / 1000):
                    await self._sooner.wait()
