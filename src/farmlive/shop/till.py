"""The till: takes orders, by the channel and by HTTP alike, each once and all of it or nothing.

An order is one function in the store's writer: the key, the stock, the order and its events are
committed together. What becomes of it then is orders.py's.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from farmlive.broadcast.log import Entry, Log
from farmlive.clock import now_ms
from farmlive.ids import token, ulid
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.shop import flashes, keys, lines, stock
from farmlive.shop.models import money, order_number
from farmlive.shop.order_models import NewOrder, OrderPlace
from farmlive.shop.problems import BroadcastEnded, BroadcastNotLive, UnknownCentre
from farmlive.shop.tables import centres, holds, order_lines, orders
from farmlive.store import Store

# An address is a village; a device is a person.
DEVICES_PER_ADDRESS = 20

_of_broadcast = orders.alias("of_broadcast")
_CENTRE = select(centres.c.id).where(centres.c.id == bindparam("centre"))
_ORDER = (
    insert(orders)
    .values(
        number=select(func.coalesce(func.max(_of_broadcast.c.number), 0) + 1)
        .where(_of_broadcast.c.broadcast == bindparam("in_broadcast"))
        .scalar_subquery()
    )
    .returning(orders.c.number)
)
_LINES = insert(order_lines)
_END_HOLD = delete(holds).where(holds.c.id == bindparam("hold"))


class Limits(Protocol):
    """What the shop needs of the rate limits."""

    def allow(self, name: str, key: str, per_minute: int) -> None:
        """Count one, or raise TooMany."""


class Blocks(Protocol):
    """What the shop needs of the blocks that staff set."""

    async def check(self, *, device: str, phone: str | None, address: str) -> None:
        """Raise Forbidden for a device, a buyer's pseudonym or an address that is blocked."""


class Till:
    """Takes orders.

    `pseudonym` turns a phone number into the keyed name under which the log knows its buyer;
    `ordered` is told of boxes that someone waited for, or that were held and not ordered.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: Settings,
        *,
        pseudonym: Callable[[str], Awaitable[str]],
        limits: Limits,
        blocks: Blocks,
        ordered: stock.Ordered = stock.ordered,
    ):
        self._store = store
        self._log = log
        self._settings = settings
        self._pseudonym = pseudonym
        self._limits = limits
        self._blocks = blocks
        self._ordered = ordered

    async def place(self, caller: Caller, broadcast: str, request: OrderPlace) -> dict[str, Any]:
        """Take an order and answer it as `PlacedOrder`, committed.

        It takes the hold of the caller's device that it names or shares an offer with: what is
        held counts as left, at the price at which it is held, also after the end. A hold that has
        run out is no hindrance. The same key with the same order gives the same answer, also
        after the end. Raises TooMany, Forbidden (blocked), UnknownBroadcast, KeyReused,
        BroadcastNotLive, BroadcastEnded, UnknownOffer, UnknownCentre, PriceChanged, SoldOut,
        LotSpent, LimitReached;
        nothing is then kept.
        """
        per_minute = self._settings.orders_per_minute
        self._limits.allow("orders of a device", caller.device, per_minute)
        self._limits.allow("orders of an address", caller.address, per_minute * DEVICES_PER_ADDRESS)
        body_hash = keys.canonical_hash(request, NewOrder)
        buyer = await self._pseudonym(request.buyer.phone)
        self._limits.allow("orders of a phone", buyer, per_minute)
        await self._blocks.check(device=caller.device, phone=buyer, address=caller.address)
        return await self._store.write(
            lambda connection: self._once(connection, caller, buyer, broadcast, request, body_hash)
        )

    def _once(
        self,
        connection: Connection,
        caller: Caller,
        buyer: str,
        broadcast: str,
        request: OrderPlace,
        body_hash: str,
    ) -> dict[str, Any]:
        # The lock comes first: the end of the broadcast, and another node, wait for this order.
        head = self._log.head(connection, broadcast, lock=True)
        before = keys.answered(connection, broadcast, request.key, body_hash)
        if before is not None:
            return before
        if head.state == "scheduled":
            raise BroadcastNotLive("Nothing was ordered: come back when the broadcast is live.")
        answer = self._take(
            connection, caller, buyer, broadcast, request, ended=head.state == "ended"
        )
        keys.keep(connection, broadcast, request.key, body_hash, answer)
        return answer

    def _take(
        self,
        connection: Connection,
        caller: Caller,
        buyer: str,
        broadcast: str,
        request: OrderPlace,
        *,
        ended: bool,
    ) -> dict[str, Any]:
        wanted = request.lines
        known = stock.on_offer(
            connection, broadcast, [line.offer for line in wanted], caller.device
        )
        hold = lines.hold_in(known)
        if hold and hold.id != request.order and not any(ln.offer in hold.lines for ln in wanted):
            hold = None
        now = now_ms()
        if ended and not (hold and hold.covers(wanted, now)):
            raise BroadcastEnded("Nothing was ordered: this broadcast takes no more orders.")
        checked = lines.check(connection, wanted, known, hold, now, self._settings.price_grace_ms)
        batches = checked.batches
        device = lines.person(caller)
        flashes.check_limits(
            connection, broadcast, wanted, batches, known, device=device, buyer=buyer
        )
        _check_centre(connection, request)
        moved = stock.move(
            connection,
            lines.moves(wanted, batches, hold, sell=True),
            lines.with_held(connection, broadcast, known, hold),
        )
        if hold:
            connection.execute(_END_HOLD, {"hold": hold.id})

        order = hold.id if hold else ulid()
        sold = [lines.told(line, known[line.offer], batches.get(line.offer)) for line in wanted]
        total = sum(line["total"] for line in sold)
        currency = known[wanted[0].offer].currency
        parcel = request.delivery.way == "parcel"
        page = token()
        number = connection.execute(
            _ORDER,
            {
                "in_broadcast": broadcast,
                "id": order,
                "broadcast": broadcast,
                "token": page,
                "device": caller.device,
                "account": caller.account,
                "buyer": buyer,
                "buyer_name": request.buyer.name,
                "buyer_phone": request.buyer.phone,
                "way": request.delivery.way,
                "address": request.delivery.address if parcel else None,
                "centre": None if parcel else request.delivery.centre,
                "payment_method": request.payment,
                "state": "placed",
                "payment": "due",
                "total": total,
                "currency": currency,
                "simulated": caller.simulated,
                "placed_at": now,
                "held_at": hold.held_at if hold else None,
            },
        ).scalar_one()
        connection.execute(
            _LINES,
            [
                {"order": order, "line": place, "flash": None, **line}
                for place, line in enumerate(sold, 1)
            ],
        )
        answer: dict[str, Any] = {
            "order": order,
            "number": order_number(number),
            "token": page,
            "state": "placed",
            "payment": "due",
            "total": money(total, currency),
            "url": f"/order/{page}",
        }
        told: dict[str, Any] = {
            "order": order,
            "number": answer["number"],
            "buyer": buyer,
            "lines": sold,
            "total": answer["total"],
            "state": "placed",
            "payment": "due",
            "way": request.delivery.way,
        }
        if caller.simulated:
            told["simulated"] = True
        # A farm whose boxes were held and not ordered hears that they are free again.
        farms = {line["farm"] for line in (*sold, *(hold.lines.values() if hold else ()))}
        placed = Entry("order.placed", lines.audience(order, farms), told, caller.device)
        # Else nothing can have come back, and nobody waits any less.
        waited = hold or any(row.waited for row in known.values())
        told_of = self._ordered if waited else stock.ordered
        told_stock = told_of(
            connection, broadcast, caller.device, [line.offer for line in wanted], moved
        )
        over = flashes.spent(connection, batches.values())
        self._log.append_all(connection, broadcast, [placed, *told_stock, *over])
        return answer


def _check_centre(connection: Connection, request: NewOrder) -> None:
    if request.delivery.way != "pickup":
        return
    named = {"centre": request.delivery.centre}
    if connection.execute(_CENTRE, named).first() is None:
        raise UnknownCentre("Nothing was ordered: choose one of the pick-up points in the list.")
