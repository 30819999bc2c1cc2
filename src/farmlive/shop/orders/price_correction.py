"""Corrects mistaken prices, and lists the orders at them with the possible actions.

Orders at a price that was too low stay valid. From the correction on, the grace of prices does not
apply to it, and holds get the right price (stock/reprice_holds.py) unless staff honour the wrong
one. flash/flashes.py ends a flash batch with a mistaken price; its orders are listed here too. The
orders' own transitions carry out the actions.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, select, update

from farmlive.broadcast import events
from farmlive.broadcast.log import Log, UnknownBroadcast
from farmlive.clock import now_ms
from farmlive.edge.contracts import raises
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.problems import BroadcastEnded, Conflict, Invalid, NotFound
from farmlive.shop.core import currencies, idempotency, state_machine
from farmlive.shop.core.models import money, order_number
from farmlive.shop.core.order_tables import order_lines, orders
from farmlive.shop.core.problems import AnswerGone, KeyReused, NoSuchOffer, WrongCurrency
from farmlive.shop.core.tables import flashes, offers
from farmlive.shop.flash.flashes import WRONG
from farmlive.shop.flash.problems import FlashDearer
from farmlive.shop.offers.bag import check_flash
from farmlive.shop.orders import order_view
from farmlive.shop.orders.correction_models import Mispriced, OfferCorrect
from farmlive.shop.stock import prices, reprice_holds
from farmlive.store import Store

_OFFER = select(offers).where(
    offers.c.id == bindparam("offer"), offers.c.broadcast == bindparam("broadcast")
)
_SET = update(offers).where(offers.c.id == bindparam("of"))
_FLASHES = (
    select(flashes)
    .where(flashes.c.offer == bindparam("offer"), flashes.c.why == WRONG)
    .order_by(flashes.c.id)
)
_TAKEN = (
    select(orders, (order_lines.c.quantity - order_lines.c.returned).label("boxes"))
    .join(order_lines, order_lines.c.order == orders.c.id)
    .order_by(orders.c.number)
)
_AT_IT = _TAKEN.where(
    order_lines.c.offer == bindparam("offer"),
    order_lines.c.price == bindparam("price"),
    order_lines.c.flash.is_(None),
    orders.c.placed_at >= bindparam("since"),
    orders.c.placed_at < bindparam("before"),
)
_OF_FLASH = _TAKEN.where(order_lines.c.flash == bindparam("flash"))
_NEVER = 1 << 62


class _Wrong(NamedTuple):
    """A mistaken price of the offer or of the named flash batch, in minor units.

    It was shown from `since` until `until`; orders at it were placed before `before`; `right` is
    the final correction.
    """

    price: int
    right: int
    flash: str | None
    since: int
    until: int
    before: int = _NEVER


class NoPriceBefore(Conflict):
    """The offer has no previous price to restore."""

    slug = "no-price-before"
    title = "There is no price before this one"


class NeverMispriced(NotFound):
    """No price of the offer was marked as a mistake."""

    slug = "never-mispriced"
    title = "No price of this offer was corrected"


class Corrections:
    """Corrects prices, and lists the orders at mistaken ones."""

    def __init__(self, store: Store, log: Log):
        self._store = store
        self._log = log

    @raises(
        UnknownBroadcast,
        BroadcastEnded,
        NoSuchOffer,
        WrongCurrency,
        NoPriceBefore,
        FlashDearer,
        KeyReused,
        AnswerGone,
    )
    async def correct(
        self, caller: Caller, broadcast: str, message: OfferCorrect
    ) -> dict[str, Any]:
        """Correct the current price to the previous or the given one; returns `Corrected`.

        A list price below the right price is removed. Idempotent when a key is given. Raises
        UnknownBroadcast, WrongCurrency, KeyReused, BroadcastEnded, NoSuchOffer, NoPriceBefore,
        FlashDearer, and Invalid where it is the price already.
        """

        key = message.key
        body_hash = idempotency.canonical_hash(message, OfferCorrect, scope="corrections")

        def write(connection: Connection) -> dict[str, Any]:
            head = self._log.head(connection, broadcast)
            given = message.price and currencies.in_bag(connection, broadcast, message.price)
            before = idempotency.find_answer(
                connection, broadcast, key, body_hash, message=idempotency.OF_STAFF
            )
            if before is not None:
                return before
            if head.state == "ended":
                raise BroadcastEnded(
                    "Nothing was changed: the bag is closed since the broadcast ended. Its orders "
                    "can still be cancelled and refunded."
                )
            row = _offer(connection, broadcast, message.offer)
            price = given or prices.price_before(connection, row.id, row.price)
            if price is None:
                raise NoPriceBefore(
                    "Nothing was changed: the offer has had this price from the start. Give the "
                    "right price."
                )
            if price == row.price:
                raise Invalid("Nothing was changed: that is the price already.")
            check_flash(connection, row, price)
            prices.correct_price(connection, row.id, price, now_ms())
            values: dict[str, Any] = {"price": price}
            if row.list_price is not None and row.list_price < price:
                values["list_price"] = None
            connection.execute(_SET.values(values), {"of": row.id})
            changed = events.OfferChanged(
                offer=row.id,
                price=money(price, row.currency),
                list_price=None if "list_price" in values else events.LEFT_OUT,
                corrected=True,
            )
            held = reprice_holds.list_holds(connection, broadcast, row.id, price=row.price)
            again = [
                reprice_holds.reprice(connection, *of, price) for of in held if not message.honour
            ]
            self._log.append_all(connection, broadcast, [changed, *again])
            record_action(
                connection,
                caller,
                "offer.correct",
                row.id,
                broadcast=broadcast,
                was=row.price,
                price=price,
                honour=message.honour,
            )
            *_, wrong = _wrong_prices(prices.price_history(connection, row.id))
            list_price = values.get("list_price", row.list_price)
            answer = {
                "offer": row.id,
                "price": money(price, row.currency),
                "list_price": list_price and money(list_price, row.currency),
                "was": money(row.price, row.currency),
                "orders": len(_ordered(connection, row.id, wrong)),
                "held": sum(line["quantity"] for _, line in held) if message.honour else 0,
            }
            idempotency.store_answer(connection, broadcast, key, body_hash, answer)
            return answer

        return await self._store.write(write)

    async def mispriced(self, broadcast: str, offer: str) -> Mispriced:
        """List the orders at each mistaken price of an offer and of its flash batches, with the
        possible actions; the latest price first.

        Raises UnknownBroadcast, NoSuchOffer, NeverMispriced.
        """

        def read(connection: Connection) -> Mispriced:
            self._log.head(connection, broadcast)
            row = _offer(connection, broadcast, offer)
            past = prices.price_history(connection, offer)
            found = _wrong_prices(past)
            found += _wrong_flashes(connection.execute(_FLASHES, {"offer": offer}).all(), past)
            if not found:
                raise NeverMispriced("Nothing is listed: no price of this offer was corrected.")
            found.sort(key=lambda wrong: (wrong.until, wrong.since), reverse=True)
            listed = [_listed(connection, row, wrong) for wrong in found]
            return Mispriced.model_validate({"prices": listed})

        return await self._store.read(read)


def _offer(connection: Connection, broadcast: str, offer: str) -> Row[Any]:
    named = {"offer": offer, "broadcast": broadcast}
    row = connection.execute(_OFFER, named).one_or_none()
    if row is None:
        raise NoSuchOffer("That offer is not in this broadcast's bag.", offers=[offer])
    return row


def _wrong_prices(past: Sequence[Row[Any]]) -> list[_Wrong]:
    """Return the mistaken prices of an offer, oldest first.

    Without prices that were marked as mistakes and turned out to be right.
    """
    found = []
    for place, row in enumerate(past, 1):
        later = past[place:]
        if row.corrected_at is None or (right := prices.right_price(later)) == row.price:
            continue
        again = next((it.from_at for it in later if it.price == row.price), _NEVER)
        found.append(_Wrong(row.price, right, None, row.from_at, row.until_at, again))
    return found


def _wrong_flashes(batches: Sequence[Row[Any]], past: Sequence[Row[Any]]) -> list[_Wrong]:
    """Return the flash batches' mistaken prices; right is the offer's price when each ended."""
    found = []
    for batch in batches:
        later = (it for it in past if it.until_at is None or it.until_at > batch.ended_at)
        right = prices.right_price(later)
        found.append(_Wrong(batch.price, right, batch.id, batch.starts_at, batch.ended_at))
    return found


def _ordered(connection: Connection, offer: str, wrong: _Wrong) -> Sequence[Row[Any]]:
    """Return the orders of the offer at a wrong price, from when it began.

    Includes orders after the correction, from holds that were honoured.
    """
    if wrong.flash is not None:
        return connection.execute(_OF_FLASH, {"flash": wrong.flash}).all()
    named = {"offer": offer, "price": wrong.price, "since": wrong.since, "before": wrong.before}
    return connection.execute(_AT_IT, named).all()


def _listed(connection: Connection, offer: Row[Any], wrong: _Wrong) -> dict[str, Any]:
    held: list[reprice_holds.Held] = []
    if wrong.flash is not None or wrong.price != offer.price:
        held = reprice_holds.list_holds(
            connection, offer.broadcast, offer.id, price=wrong.price, flash=wrong.flash
        )
    ordered = _ordered(connection, offer.id, wrong)
    return {
        "was": money(wrong.price, offer.currency),
        "price": money(wrong.right, offer.currency),
        "flash": wrong.flash,
        "from": wrong.since,
        "until": wrong.until,
        "orders": [_shown(order, wrong.price, wrong.right) for order in ordered],
        "held": sum(line["quantity"] for _, line in held),
    }


def _shown(row: Row[Any], wrong: int, right: int) -> dict[str, Any]:
    too_much = (wrong - right) * row.boxes
    allowed_actions = ["keep"]
    if state_machine.can_cancel(row.state, "staff"):
        allowed_actions.append("cancel")
    owed = row.payment == "due" and row.state != "cancelled"
    paid = row.payment in ("paid", "part_refunded")
    if (owed or paid) and 0 < too_much <= row.total - row.refunded:
        allowed_actions.append("refund")
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
        "buyer": order_view.buyer(row),
        "deeds": allowed_actions,
    }
