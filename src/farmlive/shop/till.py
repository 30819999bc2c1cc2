"""The till: takes orders, by the channel and by HTTP alike, each once and all of it or nothing.

An order is one function in the store's writer: the key, the stock, the order and its events are
committed together. Who may see an order, and its page, is the shop's.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from farmlive.broadcast.log import PUBLIC, STAFF, Log
from farmlive.clock import now_ms
from farmlive.ids import token, ulid
from farmlive.people import Caller
from farmlive.problems import Invalid
from farmlive.settings import Settings
from farmlive.shop.bag import stock_of
from farmlive.shop.models import NewOrder, OrderLine, OrderPlace, money, order_number
from farmlive.shop.problems import (
    BroadcastEnded,
    BroadcastNotLive,
    KeyReused,
    PriceChanged,
    SoldOut,
    UnknownCentre,
    UnknownOffer,
)
from farmlive.shop.tables import centres, offers, order_keys, order_lines, orders
from farmlive.store import Store

MAX_TOTAL = 100_000_000_00
# An address is a village; a device is a person.
DEVICES_PER_ADDRESS = 20

_KEY = select(order_keys.c.body_hash, order_keys.c.answer).where(
    order_keys.c.broadcast == bindparam("broadcast"), order_keys.c.key == bindparam("key")
)
_OFFERS = select(
    offers.c.id,
    offers.c.lot,
    offers.c.farm,
    offers.c.price,
    offers.c.currency,
    offers.c.released,
    offers.c.sold,
).where(
    offers.c.broadcast == bindparam("broadcast"),
    offers.c.id.in_(bindparam("offers", expanding=True)),
)
# Whatever was read before: nothing is sold that is not there.
_SELL = (
    update(offers)
    .where(
        offers.c.id == bindparam("offer"),
        offers.c.released - offers.c.sold >= bindparam("quantity"),
    )
    .values(sold=offers.c.sold + bindparam("quantity"))
    .returning(offers.c.released, offers.c.sold)
)
_LAST_NUMBER = select(func.max(orders.c.number)).where(orders.c.broadcast == bindparam("broadcast"))
_CENTRE = select(centres.c.id).where(centres.c.id == bindparam("centre"))
_ORDER = insert(orders)
_LINES = insert(order_lines)
_KEEP_KEY = insert(order_keys)


class Limits(Protocol):
    """What the till needs of the rate limits."""

    def allow(self, name: str, key: str, per_minute: int) -> None:
        """Count one, or raise TooMany."""


class Till:
    """Takes orders.

    `pseudonym` turns a phone number into the keyed name under which the log knows its buyer.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: Settings,
        *,
        pseudonym: Callable[[str], Awaitable[str]],
        limits: Limits,
    ):
        self._store = store
        self._log = log
        self._settings = settings
        self._pseudonym = pseudonym
        self._limits = limits

    async def place(self, caller: Caller, broadcast: str, request: OrderPlace) -> dict[str, Any]:
        """Take an order and answer it as `PlacedOrder`, committed.

        The same key with the same order gives the same answer, also after the end. Raises
        TooMany, UnknownBroadcast, KeyReused, BroadcastNotLive, BroadcastEnded, UnknownOffer,
        UnknownCentre, PriceChanged, SoldOut; nothing is then kept.
        """
        per_minute = self._settings.orders_per_minute
        self._limits.allow("orders of a device", caller.device, per_minute)
        self._limits.allow("orders of an address", caller.address, per_minute * DEVICES_PER_ADDRESS)
        body_hash = canonical_hash(request)
        buyer = await self._pseudonym(request.buyer.phone)
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
        named = {"broadcast": broadcast, "key": request.key}
        before = connection.execute(_KEY, named).one_or_none()
        if before is not None:
            if before.body_hash != body_hash:
                raise KeyReused(
                    "Nothing was ordered: an order with other contents came with this key before. "
                    "Draw a new key for a new order."
                )
            answer: dict[str, Any] = before.answer
            return answer
        if head.state == "ended":
            raise BroadcastEnded("Nothing was ordered: this broadcast takes no more orders.")
        if head.state != "live":
            raise BroadcastNotLive("Nothing was ordered: come back when the broadcast is live.")
        answer = self._take(connection, caller, buyer, broadcast, request)
        connection.execute(_KEEP_KEY, {**named, "body_hash": body_hash, "answer": answer})
        return answer

    def _take(
        self,
        connection: Connection,
        caller: Caller,
        buyer: str,
        broadcast: str,
        request: OrderPlace,
    ) -> dict[str, Any]:
        on_offer = {
            row.id: row
            for row in connection.execute(
                _OFFERS, {"broadcast": broadcast, "offers": [line.offer for line in request.lines]}
            )
        }
        _check_lines(request.lines, on_offer)
        _check_centre(connection, request)
        stock = _sell(connection, request.lines)

        order = ulid()
        currency = next(iter(on_offer.values())).currency
        lines = [_line(line, on_offer[line.offer]) for line in request.lines]
        total = sum(line["total"] for line in lines)
        if total > MAX_TOTAL:
            raise Invalid("Nothing was ordered: that is more than one order may come to.")
        last = connection.execute(_LAST_NUMBER, {"broadcast": broadcast}).scalar_one()
        number = (last or 0) + 1
        answer: dict[str, Any] = {
            "order": order,
            "number": order_number(number),
            "token": token(),
            "state": "placed",
            "payment": "due",
            "total": money(total, currency),
        }
        answer["url"] = f"/order/{answer['token']}"
        parcel = request.delivery.way == "parcel"
        connection.execute(
            _ORDER,
            {
                "id": order,
                "broadcast": broadcast,
                "number": number,
                "token": answer["token"],
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
                "placed_at": now_ms(),
            },
        )
        connection.execute(
            _LINES, [{"order": order, "line": place, **line} for place, line in enumerate(lines, 1)]
        )
        self._tell(connection, caller, broadcast, request, answer, buyer, lines)
        for changed in stock:
            self._log.append(connection, broadcast, "stock.changed", [PUBLIC], changed)
        return answer

    def _tell(
        self,
        connection: Connection,
        caller: Caller,
        broadcast: str,
        request: OrderPlace,
        answer: dict[str, Any],
        buyer: str,
        lines: list[dict[str, Any]],
    ) -> None:
        farms = sorted({line["farm"] for line in lines})
        audience = [STAFF, *(f"farm:{farm}" for farm in farms), f"order:{answer['order']}"]
        told: dict[str, Any] = {
            "order": answer["order"],
            "number": answer["number"],
            "buyer": buyer,
            "lines": lines,
            "total": answer["total"],
            "state": answer["state"],
            "payment": answer["payment"],
            "way": request.delivery.way,
        }
        if caller.simulated:
            told["simulated"] = True
        self._log.append(
            connection, broadcast, "order.placed", audience, told, device=caller.device
        )


def canonical_hash(request: NewOrder) -> str:
    """What makes two orders the same: their checked contents, the key aside, as SHA-256."""
    contents = request.model_dump(mode="json", include=set(NewOrder.model_fields))
    text = json.dumps(contents, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _check_lines(lines: Sequence[OrderLine], on_offer: dict[str, Row[*tuple[Any, ...]]]) -> None:
    unknown = [line.offer for line in lines if line.offer not in on_offer]
    if unknown:
        raise UnknownOffer(
            "Nothing was ordered: the order names what is not on offer in this broadcast. Choose "
            "from its bag.",
            offers=unknown,
        )
    changed = [line.offer for line in lines if line.price != on_offer[line.offer].price]
    if changed:
        raise PriceChanged([{"offer": offer, "price": on_offer[offer].price} for offer in changed])
    rows = [(line, on_offer[line.offer]) for line in lines]
    short = [
        {"offer": row.id, "left": row.released - row.sold}
        for line, row in rows
        if row.released - row.sold < line.quantity
    ]
    if short:
        raise SoldOut(short)


def _check_centre(connection: Connection, request: NewOrder) -> None:
    if request.delivery.way != "pickup":
        return
    named = {"centre": request.delivery.centre}
    if connection.execute(_CENTRE, named).first() is None:
        raise UnknownCentre("Nothing was ordered: choose one of the pick-up points in the list.")


def _sell(connection: Connection, lines: Sequence[OrderLine]) -> list[dict[str, Any]]:
    """Take the quantities from the stock, in one order for all, so that no two deadlock."""
    stock = []
    for line in sorted(lines, key=lambda line: line.offer):
        row = connection.execute(
            _SELL, {"offer": line.offer, "quantity": line.quantity}
        ).one_or_none()
        if row is None:
            raise SoldOut([{"offer": line.offer, "left": 0}])
        stock.append(stock_of(line.offer, row.released, row.sold))
    return stock


def _line(line: OrderLine, row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {
        "offer": line.offer,
        "lot": row.lot,
        "farm": row.farm,
        "quantity": line.quantity,
        "price": line.price,
        "total": line.price * line.quantity,
    }
