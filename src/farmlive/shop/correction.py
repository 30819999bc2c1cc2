"""Wrong prices put right, and what can be done with the orders that were taken at one.

A price that was too low binds the seller where it was ordered at, and nowhere else: the grace of
prices does not honour it, and what is held at it is kept at the right price, which the buyer is
asked about (`price-changed`), unless staff honour it. What is then done with an order are the
orders' own steps.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from farmlive.broadcast.log import PUBLIC, Entry, Log
from farmlive.clock import now_ms
from farmlive.people import Caller
from farmlive.people.audit import note
from farmlive.problems import Conflict, Invalid, NotFound
from farmlive.shop import keys, life, lines, prices
from farmlive.shop.bag import check_flash
from farmlive.shop.correction_models import Mispriced, NewCorrection, OfferCorrect
from farmlive.shop.models import money, order_number
from farmlive.shop.problems import BroadcastEnded, UnknownOffer
from farmlive.shop.tables import holds, offer_prices, offers, order_lines, orders
from farmlive.store import Store

_OFFER = select(offers).where(
    offers.c.id == bindparam("offer"), offers.c.broadcast == bindparam("broadcast")
)
_SET = update(offers).where(offers.c.id == bindparam("of"))
_HOLDS = select(holds).where(holds.c.broadcast == bindparam("broadcast"))
_REPRICE = update(holds).where(holds.c.id == bindparam("hold"))
_WRONG = (
    select(offer_prices)
    .where(offer_prices.c.offer == bindparam("offer"), offer_prices.c.corrected_at.is_not(None))
    .order_by(offer_prices.c.id.desc())
    .limit(1)
)
# From when on the same price was right after all, where it ever was.
_AGAIN = select(func.min(offer_prices.c.from_at)).where(
    offer_prices.c.offer == bindparam("offer"),
    offer_prices.c.price == bindparam("price"),
    offer_prices.c.id > bindparam("wrong"),
)
_AT_IT = (
    select(orders, (order_lines.c.quantity - order_lines.c.returned).label("boxes"))
    .join(order_lines, order_lines.c.order == orders.c.id)
    .where(
        order_lines.c.offer == bindparam("offer"),
        order_lines.c.price == bindparam("price"),
        order_lines.c.flash.is_(None),
        orders.c.placed_at >= bindparam("since"),
        orders.c.placed_at < bindparam("until"),
    )
    .order_by(orders.c.number)
)
_NEVER = 1 << 62


class NoPriceBefore(Conflict):
    """The offer never had another price to which it could go back."""

    slug = "no-price-before"
    title = "There is no price before this one"


class NeverMispriced(NotFound):
    """No price of the offer was put right."""

    slug = "never-mispriced"
    title = "No price of this offer was put right"


class Corrections:
    """Puts wrong prices right, and lists what was ordered at them."""

    def __init__(self, store: Store, log: Log):
        self._store = store
        self._log = log

    async def correct(
        self, caller: Caller, broadcast: str, message: OfferCorrect
    ) -> dict[str, Any]:
        """Put the price of now right, to the one before or to the one that is given.

        A list price that is lower than the right price is taken away. Answers what is told of the
        offer, and `was`, how many `orders` were taken at it and how many boxes are `held` at it.
        With a key the same is put right once, however often it is sent. Raises UnknownBroadcast,
        KeyReused, BroadcastEnded, UnknownOffer, NoPriceBefore, FlashDearer, and
        Invalid where the price is that already.
        """

        key = message.key
        body_hash = keys.canonical_hash(message, NewCorrection, of="corrections")

        def write(connection: Connection) -> dict[str, Any]:
            head = self._log.head(connection, broadcast)
            if key and (before := keys.answered(connection, broadcast, key, body_hash)):
                return before
            if head.state == "ended":
                raise BroadcastEnded(
                    "Nothing was changed: the bag is closed since the broadcast ended. Its orders "
                    "can still be cancelled and refunded."
                )
            row = _offer(connection, broadcast, message.offer)
            price = message.price or prices.before(connection, row.id, row.price)
            if price is None:
                raise NoPriceBefore(
                    "Nothing was changed: the offer has had this price from the start. Give the "
                    "right price."
                )
            if price == row.price:
                raise Invalid("Nothing was changed: that is the price already.")
            check_flash(connection, row, price)
            prices.correct(connection, row.id, price, now_ms())
            told: dict[str, Any] = {"offer": row.id, "price": money(price, row.currency)}
            values: dict[str, Any] = {"price": price}
            if row.list_price is not None and row.list_price < price:
                values["list_price"] = told["list_price"] = None
            connection.execute(_SET.values(values), {"of": row.id})
            changed = Entry("offer.changed", [PUBLIC], {**told, "corrected": True})
            held = _at(connection, row)
            again = [] if message.honour else [_repriced(connection, *of, price) for of in held]
            self._log.append_all(connection, broadcast, [changed, *again])
            note(
                connection,
                caller,
                "offer.correct",
                row.id,
                broadcast=broadcast,
                was=row.price,
                price=price,
                honour=message.honour,
            )
            ordered = _ordered(connection, row.id)
            answer = {
                **told,
                "was": money(row.price, row.currency),
                "orders": len(ordered),
                "held": sum(line["quantity"] for _, line in held) if message.honour else 0,
            }
            if key:
                keys.keep(connection, broadcast, key, body_hash, answer)
            return answer

        return await self._store.write(write)

    async def mispriced(self, broadcast: str, offer: str) -> Mispriced:
        """What was ordered at the offer's last wrong price, and what can be done with it.

        Raises UnknownBroadcast, UnknownOffer, NeverMispriced.
        """

        def read(connection: Connection) -> Mispriced:
            self._log.head(connection, broadcast)
            row = _offer(connection, broadcast, offer)
            wrong = connection.execute(_WRONG, {"offer": offer}).one_or_none()
            if wrong is None:
                raise NeverMispriced("Nothing is listed: no price of this offer was put right.")
            right = prices.after(connection, wrong)
            held = _at(connection, row, wrong.price) if wrong.price != row.price else []
            return Mispriced.model_validate(
                {
                    "was": money(wrong.price, row.currency),
                    "price": money(right, row.currency),
                    "from": wrong.from_at,
                    "until": wrong.until_at,
                    "orders": [
                        _shown(order, wrong.price, right) for order in _ordered(connection, offer)
                    ],
                    "held": sum(line["quantity"] for _, line in held),
                }
            )

        return await self._store.read(read)


def _offer(connection: Connection, broadcast: str, offer: str) -> Row[Any]:
    named = {"offer": offer, "broadcast": broadcast}
    row = connection.execute(_OFFER, named).one_or_none()
    if row is None:
        raise UnknownOffer("That offer is not in this broadcast's bag.", offers=[offer])
    return row


def _at(
    connection: Connection, offer: Row[Any], price: int | None = None
) -> list[tuple[Row[Any], dict[str, Any]]]:
    """The holds of the offer at this price, or else its own, with their lines of it."""
    found = []
    for hold in connection.execute(_HOLDS, {"broadcast": offer.broadcast}).all():
        for line in hold.lines:
            at_it = line["price"] == (offer.price if price is None else price)
            if line["offer"] == offer.id and at_it and line.get("flash") is None:
                found.append((hold, line))
    return found


def _repriced(connection: Connection, hold: Row[Any], wrong: dict[str, Any], price: int) -> Entry:
    """Keep the hold's boxes until its end, at the right price; its buyer is told of it."""
    right = {**wrong, "price": price, "total": price * wrong["quantity"]}
    kept = [right if line is wrong else line for line in hold.lines]
    total = sum(line["total"] for line in kept)
    connection.execute(_REPRICE.values(lines=kept, total=total), {"hold": hold.id})
    told = {
        "order": hold.id,
        "lines": kept,
        "total": money(total, hold.currency),
        "until": hold.until_at,
        "state": "held",
        "payment": "due",
        "corrected": True,
    }
    audience = lines.audience(hold.id, (line["farm"] for line in kept))
    return Entry("order.held", audience, told, hold.device)


def _ordered(connection: Connection, offer: str) -> Sequence[Row[Any]]:
    """The orders of the offer at its last wrong price, from when it began.

    Also those that came after it was put right, by a hold that was honoured.
    """
    wrong = connection.execute(_WRONG, {"offer": offer}).one()
    named = {"offer": offer, "price": wrong.price}
    again = connection.execute(_AGAIN, {**named, "wrong": wrong.id}).scalar_one()
    span = {"since": wrong.from_at, "until": _NEVER if again is None else again}
    return connection.execute(_AT_IT, {**named, **span}).all()


def _shown(row: Row[Any], wrong: int, right: int) -> dict[str, Any]:
    too_much = (wrong - right) * row.boxes
    deeds = ["keep"]
    if life.can_cancel(row.state, "staff"):
        deeds.append("cancel")
    owed = row.payment == "due" and row.state != "cancelled"
    paid = row.payment in ("paid", "part_refunded")
    if (owed or paid) and 0 < too_much <= row.total - row.refunded:
        deeds.append("refund")
    return {
        "id": row.id,
        "number": order_number(row.number),
        "placed_at": row.placed_at,
        "state": row.state,
        "payment": row.payment,
        "quantity": row.boxes,
        "total": money(wrong * row.boxes, row.currency),
        "difference": money(abs(too_much), row.currency),
        "refunded": money(row.refunded, row.currency),
        "buyer": {"name": row.buyer_name, "phone": row.buyer_phone},
        "deeds": deeds,
    }
