"""Flash batches: plans, starts and ends sales of an offer's boxes at a lower price for a limited
time.

While a batch runs, its remaining boxes are kept for it: `kept` of the offer = boxes − sold − held
of the batch. Till and holds sell and hold them; limits.py has the limit per buyer, and sold_out.py
ends a batch with the sale of its last box.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, bindparam, case, func, insert, select, update

from farmlive.broadcast import events
from farmlive.broadcast.log import Event, Log, UnknownBroadcast
from farmlive.clock import now_ms
from farmlive.edge.contracts import raises
from farmlive.ids import ulid
from farmlive.origin.core.problems import LotStopped
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.problems import BroadcastEnded, BroadcastNotLive
from farmlive.shop.core import currencies, idempotency
from farmlive.shop.core.due_scheduler import DueScheduler
from farmlive.shop.core.models import money
from farmlive.shop.core.order_tables import order_lines
from farmlive.shop.core.problems import (
    AnswerGone,
    KeyReused,
    LotSpent,
    SoldOut,
    UnknownOffer,
    WrongCurrency,
)
from farmlive.shop.core.tables import flashes, offers
from farmlive.shop.flash.models import Flash, FlashEnd, FlashPlan, NewFlash
from farmlive.shop.flash.problems import FlashNotCheaper, FlashThere, UnknownFlash
from farmlive.shop.flash.views import (
    OPEN,
    Facts,
    as_api,
    ended_event,
    public_facts,
    read_for_cards,
)
from farmlive.shop.stock import offer_rows, reprice_holds, stock
from farmlive.shop.stock.line_items import LATE_MS
from farmlive.store import Store

WRONG: Final = "wrong"
"""The reason for the end of a batch with a mistaken price, also if that is found out later."""
STOPPED: Final = "stopped"
"""Why a batch ended whose lot was stopped."""

_OPEN_IN = select(flashes).where(
    flashes.c.broadcast == bindparam("broadcast"), flashes.c.state.in_(OPEN)
)
_OF_BROADCAST = (
    select(flashes, offers.c.currency)
    .join(offers, offers.c.id == flashes.c.offer)
    .where(flashes.c.broadcast == bindparam("broadcast"))
    .order_by(flashes.c.id)
)
_ONE = _OF_BROADCAST.where(flashes.c.id == bindparam("flash"))
_PLANNED = select(flashes).where(flashes.c.state == "planned").order_by(flashes.c.starts_at)
_NEXT_END = select(func.min(flashes.c.ends_at)).where(flashes.c.state == "running")
_due_at = case(
    (flashes.c.state == "planned", flashes.c.starts_at), else_=flashes.c.ends_at + LATE_MS
)
# In order of their due times: two batches may compete for the same lot.
_DUE = (
    select(flashes.c.id, flashes.c.broadcast)
    .where(flashes.c.state.in_(OPEN), _due_at <= bindparam("now"))
    .order_by(_due_at, flashes.c.id)
)
_INSERT = insert(flashes)
_SET = update(flashes).where(flashes.c.id == bindparam("of"))
_ORDERS = select(func.count()).where(order_lines.c.flash == bindparam("flash"))


class Flashes:
    """Plans flash batches, and starts and ends them when due; `scheduler` runs this.

    `allocate_returned` gives boxes that return at a batch's end to the waiting list. `begin_due`
    and `end_all` handle `broadcast.started` and `broadcast.ended`, in their transactions.
    """

    def __init__(self, store: Store, log: Log, *, allocate_returned: stock.AllocateReturned):
        self._store = store
        self._log = log
        self._allocate_returned = allocate_returned
        self.scheduler = DueScheduler(
            store, self._next, self.run_due, "flash batches did not start or end; trying again"
        )

    @raises(
        UnknownBroadcast,
        BroadcastEnded,
        BroadcastNotLive,
        UnknownOffer,
        WrongCurrency,
        FlashNotCheaper,
        FlashThere,
        LotSpent,
        LotStopped,
        SoldOut,
        KeyReused,
        AnswerGone,
    )
    async def plan(self, caller: Caller, broadcast: str, message: FlashPlan) -> dict[str, Any]:
        """Plan a batch; returns `Flash`.

        Without a start time, or with one in the past, it starts now. Its boxes come from what is
        left, and missing ones are released, as many as the lot has. Idempotent when a key is given.
        Raises UnknownBroadcast, WrongCurrency, KeyReused, BroadcastNotLive (nothing starts before),
        BroadcastEnded, UnknownOffer, LotStopped, FlashThere, FlashNotCheaper, LotSpent.
        """
        key = message.key
        body_hash = idempotency.canonical_hash(message, FlashPlan, scope="flashes")

        def plan(connection: Connection, price: int) -> dict[str, Any]:
            now = now_ms()
            starts_at = now if message.starts_at is None else max(now, message.starts_at)
            state = self._log.head(connection, broadcast).state
            if state == "ended":
                raise BroadcastEnded("Nothing was planned: this broadcast has ended.")
            if state == "scheduled" and message.starts_at is None:
                raise BroadcastNotLive(
                    "Nothing was started: say when the batch starts, or start it once the "
                    "broadcast is live."
                )
            known = offer_rows.read_offers(connection, broadcast, [message.offer])
            if message.offer not in known:
                raise UnknownOffer(
                    "Nothing was planned: that offer is not in this broadcast's bag.",
                    offers=[message.offer],
                )
            stock.check_sellable(connection, known.values())
            usual = known[message.offer]
            if price >= usual.price:
                raise FlashNotCheaper(money(usual.price, usual.currency))
            other = read_for_cards(connection, [message.offer]).get(message.offer)
            if other is not None:
                raise FlashThere(other.id)
            flash = ulid()
            row = {
                "id": flash,
                "broadcast": broadcast,
                "offer": message.offer,
                "state": "planned",
                "price": price,
                "boxes": message.boxes,
                "per_buyer": message.per_buyer,
                "starts_at": starts_at,
                "ends_at": starts_at + message.seconds * 1000,
                "created_at": now,
            }
            connection.execute(_INSERT, row)
            planned = self._one(connection, broadcast, flash)
            if state == "live" and starts_at <= now:
                told = self._start(connection, planned, now)
                if not isinstance(told[0], events.FlashStarted):
                    facts = known[message.offer]
                    left_g = max(0, facts.lot_left_g)
                    raise LotSpent(
                        facts.lot,
                        left_g,
                        [{"offer": message.offer, "left": 0}],
                        "Nothing was started: the lot has no box left for it. Record what was "
                        "picked since, or offer another lot.",
                    )
            else:
                told = [events.FlashPlanned(flash=flash, offer=planned.offer, **_facts(planned))]
                self.scheduler.announce(connection, starts_at)
            self._log.append_all(connection, broadcast, told)
            record_action(
                connection,
                caller,
                "flash.plan",
                flash,
                broadcast=broadcast,
                **message.model_dump(exclude_none=True, include=set(NewFlash.model_fields))
                | {"price": price},
            )
            return as_api(self._one(connection, broadcast, flash)).model_dump(mode="json")

        def write(connection: Connection) -> dict[str, Any]:
            self._log.head(connection, broadcast)
            price = currencies.in_bag(connection, broadcast, message.price)
            before = idempotency.find_answer(
                connection, broadcast, key, body_hash, message=idempotency.OF_STAFF
            )
            if before is not None:
                return before
            answer = plan(connection, price)
            idempotency.store_answer(connection, broadcast, key, body_hash, answer)
            return answer

        return await self._store.write(write)

    @raises(UnknownBroadcast, UnknownFlash)
    async def end(self, caller: Caller, broadcast: str, message: FlashEnd) -> dict[str, Any]:
        """End a running batch, or cancel a planned one; an ended one stays unchanged.

        Returns `Flash`. With `wrong`, its price was a mistake: holds of it get the offer's price,
        also those of a batch that ended before, and an event tells staff how many orders have the
        wrong price. Raises UnknownBroadcast, UnknownFlash.
        """

        def write(connection: Connection) -> dict[str, Any]:
            self._log.head(connection, broadcast)
            row = self._one(connection, broadcast, message.flash)
            wrong = message.wrong and row.state != "planned" and row.why != WRONG
            told: list[events.EventModel] = []
            more = {}
            if row.state != "ended":
                told += self._end(connection, row, WRONG if wrong else "host")
            if wrong:
                again, corrected = self._mark_mistake(connection, row)
                told += [*again, corrected]
                more = {"was": row.price, "price": corrected.right["amount"]}
            if told:
                self._log.append_all(connection, broadcast, told)
                record_action(connection, caller, "flash.end", row.id, broadcast=broadcast, **more)
            return as_api(self._one(connection, broadcast, row.id)).model_dump(mode="json")

        return await self._store.write(write)

    async def list_batches(self, broadcast: str) -> list[Flash]:
        """List the batches of a broadcast, oldest first. Raises UnknownBroadcast."""

        def read(connection: Connection) -> list[Flash]:
            self._log.head(connection, broadcast)
            found = connection.execute(_OF_BROADCAST, {"broadcast": broadcast})
            return [as_api(row) for row in found.all()]

        return await self._store.read(read)

    async def run_due(self) -> int:
        """Start and end every batch that is due; return how many.

        Of several servers one handles each. A batch of a broadcast that is not live waits for it.
        """
        now = now_ms()
        due = await self._store.read(
            lambda connection: connection.execute(_DUE, {"now": now}).all()
        )
        done = 0
        for row in due:
            done += await self._store.write(
                lambda connection, row=row: self._run_one(connection, row)  # type: ignore[misc]
            )
        return done

    # Within the caller's transaction.

    def stop(self, connection: Connection, broadcast: str, lot: str) -> list[events.EventModel]:
        """End the batches of a stopped lot, planned ones too; return the events to append."""
        named = {"broadcast": broadcast}
        found = connection.execute(_OPEN_IN.where(_is_sellable(lot)), named).all()
        return [entry for row in found for entry in self._end(connection, row, STOPPED)]

    def _next(self, connection: Connection) -> int | None:
        """Return when the next batch is due, without those that wait for their broadcast."""
        times = [
            row.starts_at
            for row in connection.execute(_PLANNED).all()
            if row.starts_at > now_ms() or self._log.head(connection, row.broadcast).state == "live"
        ]
        end = connection.execute(_NEXT_END).scalar_one()
        return min([*times, *([end + LATE_MS] if end is not None else [])], default=None)

    def _run_one(self, connection: Connection, due: Row[Any]) -> bool:
        now = now_ms()
        state = self._log.head(connection, due.broadcast).state
        row = self._one(connection, due.broadcast, due.id)
        # Otherwise another server started, ended or moved it.
        if row.state == "planned" and row.starts_at <= now and state == "live":
            told = self._start(connection, row, now)
        elif row.state == "running" and row.ends_at + LATE_MS <= now:
            told = self._end(connection, row, "time")
        else:
            return False
        self._log.append_all(connection, due.broadcast, told)
        return True

    def _start(self, connection: Connection, row: Row[Any], now: int) -> list[events.EventModel]:
        """Start a planned batch; end it at once if its lot is stopped or has nothing left."""
        known = offer_rows.read_offers(connection, row.broadcast, [row.offer])
        facts = known[row.offer]
        if facts.lot_stopped:
            return self._end(connection, row, STOPPED)
        free = facts.released - facts.sold - facts.held - facts.kept
        boxes = min(row.boxes, max(0, facts.lot_left_g) // facts.net_weight_g)
        if boxes == 0:
            return self._end(connection, row, "sold_out")
        more = max(0, boxes - free)
        kept = {row.offer: stock.StockMove(keep=boxes, release=more)}
        moved = stock.move(connection, kept, known)
        values = {"state": "running", "boxes": boxes, "starts_at": now}
        values["ends_at"] = now + row.ends_at - row.starts_at
        connection.execute(_SET.values(values), {"of": row.id})
        self.scheduler.announce(connection, values["ends_at"] + LATE_MS)
        begun = self._one(connection, row.broadcast, row.id)
        told: list[events.EventModel] = [
            events.FlashStarted(flash=begun.id, offer=begun.offer, **_facts(begun)),
        ]
        if more:
            released = moved[0].released
            told.append(events.OfferReleased(offer=row.offer, quantity=more, released=released))
        return [*told, *moved]

    def _end(
        self, connection: Connection, row: Row[Any], why: events.WhyEnded
    ) -> list[events.EventModel]:
        """End a batch; boxes that are kept for it and not held return to the offer."""
        known = offer_rows.read_offers(connection, row.broadcast, [row.offer])
        keep = -known[row.offer].kept if row.state == "running" else 0
        moved = stock.move(connection, {row.offer: stock.StockMove(keep=keep)}, known)
        values = {"state": "ended", "why": why, "ended_at": now_ms()}
        connection.execute(_SET.values(values), {"of": row.id})
        return [ended_event(row, why), *self._allocate_returned(connection, row.broadcast, moved)]

    def _mark_mistake(
        self, connection: Connection, row: Row[Any]
    ) -> tuple[list[events.OrderHeld], events.FlashCorrected]:
        """Mark the batch's price as a mistake, and give its holds the offer's price."""
        connection.execute(_SET.values(why=WRONG), {"of": row.id})
        offer = row.offer
        known = offer_rows.read_offers(connection, row.broadcast, [offer])
        held = reprice_holds.list_holds(connection, row.broadcast, offer, flash=row.id)
        again = [reprice_holds.reprice(connection, *of, known[offer].price) for of in held]
        boxes = sum(line["quantity"] for _, line in held)
        new = sum(line["quantity"] for hold, line in held if hold.is_new)
        # The boxes stay held, outside the batch.
        stock.move(connection, {offer: stock.StockMove(batches={row.id: (0, -boxes, -new)})}, known)
        return again, events.FlashCorrected(
            flash=row.id,
            offer=offer,
            price=money(row.price, row.currency),
            right=money(known[offer].price, row.currency),
            orders=connection.execute(_ORDERS, {"flash": row.id}).scalar_one(),
        )

    def begin_due(self, connection: Connection, event: Event) -> None:
        """Start the batches that were planned for a time before the broadcast went live."""
        now = now_ms()
        for row in connection.execute(_OPEN_IN, {"broadcast": event.broadcast}).all():
            if row.state == "planned" and row.starts_at <= now:
                planned = self._one(connection, event.broadcast, row.id)
                told = self._start(connection, planned, now)
                self._log.append_all(connection, event.broadcast, told)

    def end_all(self, connection: Connection, event: Event) -> None:
        """End the broadcast's batches, planned ones too."""
        for row in connection.execute(_OPEN_IN, {"broadcast": event.broadcast}).all():
            told = self._end(connection, row, "broadcast")
            self._log.append_all(connection, event.broadcast, told)

    def _one(self, connection: Connection, broadcast: str, flash: str) -> Row[Any]:
        row = connection.execute(_ONE, {"broadcast": broadcast, "flash": flash}).one_or_none()
        if row is None:
            raise UnknownFlash("Nothing was changed: this broadcast has no such flash batch.")
        return row


def _is_sellable(lot: str) -> ColumnElement[bool]:
    return flashes.c.offer.in_(select(offers.c.id).where(offers.c.lot == lot))


def _facts(row: Row[Any]) -> Facts:
    return public_facts(row, row.currency)
