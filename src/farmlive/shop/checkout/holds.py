"""Holds: stock reserved for a device until a time, while the buyer fills in the order.

A device has at most one hold per broadcast. The order that takes the hold gets its id (till.py).
"""

import asyncio
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from farmlive.broadcast import events
from farmlive.broadcast.log import Log, UnknownBroadcast
from farmlive.clock import now_ms
from farmlive.edge.contracts import by_device, raises
from farmlive.ids import ulid
from farmlive.origin.core.problems import LotStopped
from farmlive.people import Caller
from farmlive.people.core.problems import Blocked
from farmlive.problems import BroadcastEnded, BroadcastNotLive, TooMany
from farmlive.settings import Settings
from farmlive.shop.checkout import limits, new_devices, queries
from farmlive.shop.checkout.limits import Blocks, Limits
from farmlive.shop.checkout.rush import Rush
from farmlive.shop.core import idempotency, proof_of_work
from farmlive.shop.core.checkout_models import HoldDrop, HoldPlace
from farmlive.shop.core.due_scheduler import DueScheduler
from farmlive.shop.core.models import money
from farmlive.shop.core.problems import (
    AnswerGone,
    BoxLimit,
    HoldOver,
    HoldShare,
    KeyReused,
    LotSpent,
    OrderTooLarge,
    PriceChanged,
    SoldOut,
    UnknownOffer,
)
from farmlive.shop.core.proof_of_work import ProofNeeded
from farmlive.shop.core.tables import holds
from farmlive.shop.flash import limits as flash_limits
from farmlive.shop.flash.problems import LimitReached
from farmlive.shop.notices.limits import Pseudonym
from farmlive.shop.orders import box_limits
from farmlive.shop.stock import line_items, offer_rows, stock
from farmlive.store import Json, Question, Store, hot

_DUE = select(holds.c.id).where(holds.c.until_at <= bindparam("now"))
_NEXT = select(func.min(holds.c.until_at))
_OVER = hot(
    delete(holds)
    .where(holds.c.id == bindparam("hold"), holds.c.until_at <= bindparam("now"))
    .returning(holds)
)
_DROP = hot(
    delete(holds)
    .where(
        holds.c.id == bindparam("hold"),
        holds.c.broadcast == bindparam("in_broadcast"),
        holds.c.device == bindparam("of_device"),
    )
    .returning(holds)
)
_HOLD = hot(insert(holds), own=True)
_REPLACE = hot(
    update(holds)
    .where(holds.c.id == bindparam("hold"))
    .values(
        lines=bindparam("now_lines", type_=Json),
        total=bindparam("now_total"),
        until_at=bindparam("until"),
        boxes=bindparam("now_boxes"),
        source=bindparam("now_source"),
        is_new=bindparam("now_new"),
    ),
    own=True,
)


class Holds:
    """Creates, renews, drops and expires holds; `scheduler` runs the expiry.

    `address_pseudonym` turns an IP address within a broadcast into its source. `allocate_returned`
    gives returned boxes to the waiting list; `on_dropped` also takes the device off that list.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: Settings,
        *,
        address_pseudonym: Pseudonym,
        limits: Limits,
        blocks: Blocks,
        rush: Rush,
        allocate_returned: stock.AllocateReturned,
        on_dropped: stock.Ordered,
    ):
        self._store = store
        self._log = log
        self._settings = settings
        self._address_pseudonym = address_pseudonym
        self._limits = limits
        self._blocks = blocks
        self._rush = rush
        self._allocate_returned = allocate_returned
        self._on_dropped = on_dropped
        self.scheduler = DueScheduler(
            store, _next, self.expire, "holds did not run out; trying again"
        )

    @by_device
    @raises(
        UnknownBroadcast,
        BroadcastNotLive,
        BroadcastEnded,
        UnknownOffer,
        OrderTooLarge,
        PriceChanged,
        SoldOut,
        LotSpent,
        LotStopped,
        LimitReached,
        BoxLimit,
        HoldShare,
        HoldOver,
        ProofNeeded,
        Blocked,
        KeyReused,
        AnswerGone,
        TooMany,
    )
    async def place(self, caller: Caller, broadcast: str, request: HoldPlace) -> dict[str, Any]:
        """Hold these lines for the caller's device; returns `Held`, committed.

        An earlier hold of the device in this broadcast is replaced and keeps its id; its boxes
        count as available to the request. The hold lasts `hold_minutes` from now, at most
        `HOLD_AT_MOST` times that from its first creation. A line whose price only the earlier hold
        still grants keeps the earlier end.

        Raises TooMany, ProofNeeded, Forbidden (blocked), OrderTooLarge, UnknownBroadcast,
        KeyReused, BroadcastNotLive, BroadcastEnded, UnknownOffer, LotStopped, PriceChanged,
        SoldOut, LotSpent, LimitReached, BoxLimit, HoldShare, HoldOver; the earlier hold then stays
        unchanged.
        """
        per_minute = self._settings.orders_per_minute
        with limits.counting(self._limits, "holds", caller, per_minute):
            return await self._place(caller, broadcast, request)

    async def _place(self, caller: Caller, broadcast: str, request: HoldPlace) -> dict[str, Any]:
        if caller.role is None:
            bits = self._settings.order_proof_bits
            proof_of_work.check(broadcast, request.key, request.proof, bits)
        box_limits.check_order(self._settings, caller, request.lines)
        await self._blocks.check(device=caller.device, phone=None, address=caller.address)
        body_hash = idempotency.canonical_hash(request, HoldPlace)
        taker = await box_limits.box_owner(
            self._settings, caller, broadcast, self._address_pseudonym
        )
        named = {
            "broadcast": broadcast,
            "key": request.key,
            "device": caller.device,
            **taker.named,
        }
        about = line_items.prefetch_keys(broadcast, request.key, caller.device)
        question = queries.HOLD[taker.source is not None]

        def once(connection: Connection) -> dict[str, Any]:
            head_of = self._log.ask_head(connection, broadcast)
            asked_of = connection.execute(question, named)
            wanted = [line.offer for line in request.lines]
            offers_of = offer_rows.request_offers(connection, broadcast, wanted)
            head, asked, known = head_of(), asked_of.one(), offers_of()
            answered = idempotency.read_answer(asked, body_hash)
            if answered is not None:
                return answered
            if head.state == "scheduled":
                raise BroadcastNotLive("Nothing was held: come back when the broadcast is live.")
            if head.state == "ended":
                raise BroadcastEnded(
                    "Nothing more was held: this broadcast has ended. What you hold already can "
                    "be ordered until its time is over."
                )
            answer = self._hold(connection, caller, taker, broadcast, request, asked, known)
            idempotency.store_answer(connection, broadcast, request.key, body_hash, answer)
            return answer

        return await self._store.write(once, asks=Question([(question, named)], about))

    @by_device
    @raises(UnknownBroadcast, TooMany)
    async def drop(self, caller: Caller, broadcast: str, request: HoldDrop) -> dict[str, Any]:
        """Drop the caller's hold with this id; without one nothing happens.

        The device also leaves the waiting lists of these offers, which would otherwise hold the
        boxes for it again. Raises TooMany, UnknownBroadcast.
        """
        per_minute = limits.GIVEN_UP * self._settings.orders_per_minute
        limits.check_rate(self._limits, "drops", caller, per_minute)

        def write(connection: Connection) -> dict[str, Any]:
            self._log.head(connection, broadcast)
            named = {
                "hold": request.order,
                "in_broadcast": broadcast,
                "of_device": caller.device,
            }
            row = connection.execute(_DROP, named).one_or_none()
            if row is not None:
                over = events.OrderCancelled(
                    order=row.id,
                    state="cancelled",
                    payment="due",
                    by="buyer",
                    farms=_farms(row),
                )
                self._return_boxes(connection, row, over, dropped=True)
            return {}

        return await self._store.write(write)

    async def expire(self) -> int:
        """Expire every hold that is due and return how many.

        Of several servers only one expires each.
        """
        now = now_ms()
        due = await self._store.read(
            lambda connection: connection.execute(_DUE, {"now": now}).scalars().all()
        )
        done = await asyncio.gather(
            *(self._store.write(partial(self._expire, hold=hold)) for hold in due)
        )
        return sum(done)

    def _hold(
        self,
        connection: Connection,
        caller: Caller,
        taker: box_limits.BoxOwner,
        broadcast: str,
        request: HoldPlace,
        asked: Row[Any],
        known: dict[str, offer_rows.OfferRow],
    ) -> dict[str, Any]:
        wanted, before = request.lines, line_items.hold_in(asked)
        now = now_ms()
        grace_ms = self._settings.price_grace_ms
        checked = flash_limits.check_lines(
            connection,
            broadcast,
            wanted,
            known,
            before,
            now,
            grace_ms,
            device=line_items.personal_device(caller),
            ordered=bool(asked.orders_of_device),
            for_buyer=caller.role is None,
        )
        batches = checked.batches
        box_limits.check(connection, self._settings, broadcast, wanted, taker, asked, before)
        is_new = new_devices.is_new(caller, asked)
        with_held = line_items.with_held(connection, broadcast, known, before)
        if is_new:
            new_devices.check_share(wanted, batches, with_held, before)
        if not (before and before.covers(wanted, now)):
            self._rush.check(connection, caller, broadcast, request, known.values(), is_new=is_new)
        moved = stock.move(
            connection,
            line_items.stock_moves(wanted, batches, before, sell=False, is_new=is_new),
            with_held,
            for_buyer=caller.role is None,
        )
        kept = [
            line_items.line_facts(line, known[line.offer], batches.get(line.offer))
            for line in wanted
        ]
        total = sum(line["total"] for line in kept)
        currency = known[wanted[0].offer].currency
        minutes = self._settings.hold_minutes
        until, final = limits.hold_end(minutes, now, before.held_at if before else None)
        if before and checked.by_hold:
            until = before.until_at
        if until <= now:
            raise HoldOver(
                "Nothing was held anew: this hold was renewed for as long as one may be, and goes "
                "back to the others. Hold what is left then."
            )
        if before:
            order = before.id
            changed: dict[str, Any] = {
                "hold": order,
                "now_lines": kept,
                "now_total": total,
                "until": until,
                "now_boxes": box_limits.boxes_of(wanted),
                "now_source": taker.source,
                "now_new": is_new,
            }
            connection.execute(_REPLACE, changed)
        else:
            order = ulid()
            row: dict[str, Any] = {
                "id": order,
                "broadcast": broadcast,
                "device": caller.device,
                "lines": kept,
                "total": total,
                "currency": currency,
                "held_at": now,
                "until_at": until,
                "boxes": box_limits.boxes_of(wanted),
                "source": taker.source,
                "is_new": is_new,
            }
            connection.execute(_HOLD, row)
        held = events.OrderHeld(
            order=order,
            lines=kept,
            total=money(total, currency),
            until=until,
            state="held",
            payment="due",
            simulated=caller.simulated,
            farms={line["farm"] for line in (*kept, *(before.lines.values() if before else ()))},
            device=caller.device,
        )
        # without an earlier hold nothing is returned
        allocate_returned = self._allocate_returned if before else stock.moved_events
        rush = self._rush.take(connection, caller, broadcast, wanted, before, is_new=is_new)
        told_stock = allocate_returned(connection, broadcast, moved)
        self._log.append_all(connection, broadcast, [held, *told_stock, *rush])
        self.scheduler.announce(connection, until)
        return {
            "id": order,
            "lines": kept,
            "total": held.total,
            "until": until,
            "final": final,
        }

    def _expire(self, connection: Connection, hold: str) -> bool:
        # No row: the hold was placed, dropped, renewed or expired meanwhile, or the clock was set.
        row = connection.execute(_OVER, {"hold": hold, "now": now_ms()}).one_or_none()
        if row is None:
            return False
        over = events.OrderExpired(order=row.id, state="expired", farms=_farms(row))
        self._return_boxes(connection, row, over)
        return True

    def _return_boxes(
        self,
        connection: Connection,
        row: Row[Any],
        over: events.OrderEvent,
        *,
        dropped: bool = False,
    ) -> None:
        """Return a hold's boxes to stock; `dropped` by its buyer, otherwise expired."""
        back = {
            line["offer"]: stock.StockMove().take(
                hold=-line["quantity"], flash=line.get("flash"), is_new=row.is_new
            )
            for line in row.lines
        }
        moved = stock.move(
            connection, back, offer_rows.read_offers(connection, row.broadcast, back)
        )
        if dropped:
            settled = self._on_dropped(connection, row.broadcast, row.device, back, moved)
        else:
            settled = self._allocate_returned(connection, row.broadcast, moved)
        self._log.append_all(connection, row.broadcast, [over, *settled])


def _farms(hold: Row[Any]) -> list[str]:
    return [line["farm"] for line in hold.lines]


def _next(connection: Connection) -> int | None:
    until: int | None = connection.execute(_NEXT).scalar_one()
    return until
