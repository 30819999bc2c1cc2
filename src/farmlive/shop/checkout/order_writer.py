"""The transaction of an order: checks its limits, moves the stock, inserts the order and appends
its events.

till.py does what needs no transaction: rate limits, blocklist and parsing.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Executable,
    Row,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
)

from farmlive.broadcast import events
from farmlive.broadcast.log import Log
from farmlive.clock import now_ms
from farmlive.people import Caller
from farmlive.problems import BroadcastEnded, BroadcastNotLive
from farmlive.settings import Settings
from farmlive.shop.checkout import new_devices
from farmlive.shop.checkout.rush import Rush
from farmlive.shop.core import currencies, idempotency, payments
from farmlive.shop.core.checkout_models import OrderPlace
from farmlive.shop.core.models import money, order_number
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_tables import order_lines, orders
from farmlive.shop.core.problems import FeeChanged, UnknownCentre
from farmlive.shop.core.tables import holds
from farmlive.shop.flash import limits as flash_limits
from farmlive.shop.flash import sold_out
from farmlive.shop.notices import limits as notices_limits
from farmlive.shop.notices import writing
from farmlive.shop.orders import box_limits, fraud_flags, pickup
from farmlive.shop.shipping import fees
from farmlive.shop.stock import line_items, offer_rows, stock
from farmlive.store import hot, tally

# Not `max`: until PostgreSQL has statistics of the table, it would scan all orders of the
# broadcast.
_NUMBER = hot(
    select(orders.c.number)
    .where(orders.c.broadcast == bindparam("broadcast"))
    .order_by(orders.c.number.desc())
    .limit(literal_column("1"))
)
_ORDER = hot(insert(orders), own=True)
_LINES = hot(insert(order_lines), own=True)
_OPENED_BY = select(
    orders.c.id, orders.c.token_mask, orders.c.code_hash, orders.c.code_shift
).where(orders.c.id == bindparam("order"))
_END_HOLD = hot(delete(holds).where(holds.c.id == bindparam("hold")), own=True)


class OrderRequest(NamedTuple):
    """A checked request for an order, with what its transaction needs.

    `doubtful`: the phone number may not exist. `order` is the id of the new order unless it takes a
    hold. `code` is the pick-up code, for pick-ups. `sender` and `taker` count for the limits of
    notices and of boxes. `asked` is the query that reads the order's context, `question` its
    parameters.
    """

    caller: Caller
    broadcast: str
    request: OrderPlace
    body_hash: str
    doubtful: bool
    buyer: str
    order: str
    code: pickup.Code | None
    sender: notices_limits.Sender | None
    taker: box_limits.BoxOwner
    asked: Executable
    question: Mapping[str, Any]


class OrderWriter:
    """Inserts orders, each in a transaction of its caller.

    `on_ordered` settles stock that was waited for, or that was held and not ordered.
    """

    def __init__(
        self,
        log: Log,
        settings: Settings,
        links: OrderLinks,
        notices: notices_limits.StrangerLimits,
        rush: Rush,
        on_ordered: stock.Ordered,
    ):
        self._log = log
        self._settings = settings
        self._links = links
        self._notices = notices
        self._rush = rush
        self._on_ordered = on_ordered
        self.has_fees = False
        """Whether parcels had a fee as the last order saw it: the next may ask ahead for them."""

    def write(self, connection: Connection, order_request: OrderRequest) -> dict[str, Any]:
        """Place the order and return its answer. Raises as `Till.place`."""
        broadcast, request = order_request.broadcast, order_request.request
        head_of = self._log.ask_head(connection, broadcast)
        asked_of = connection.execute(order_request.asked, order_request.question)
        wanted = [line.offer for line in request.lines]
        offers_of = offer_rows.request_offers(connection, broadcast, wanted)
        last_of = _query_last_number(connection, broadcast)
        # All four queries were sent in one pipeline; read their results.
        head, asked, known, last = head_of(), asked_of.one(), offers_of(), last_of()
        if order_request.code is None:
            self.has_fees = asked.fees
        self._notices.store_counts(connection, order_request.question, asked)
        before = idempotency.read_answer(asked, order_request.body_hash)
        if before is not None:
            return self._repeat_answer(connection, before)
        if head.state == "scheduled":
            raise BroadcastNotLive("Nothing was ordered: come back when the broadcast is live.")
        ended = head.state == "ended"
        answer, opened_by = self._place(
            connection, order_request, asked, known, last + 1, ended=ended
        )
        idempotency.store_answer(
            connection, broadcast, request.key, order_request.body_hash, answer
        )
        return answer | opened_by

    def _place(
        self,
        connection: Connection,
        order_request: OrderRequest,
        asked: Row[Any],
        known: dict[str, offer_rows.OfferRow],
        number: int,
        *,
        ended: bool,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Place the order; return its answer and its secrets.

        The answer is stored for the order's key, the secrets are not.
        """
        caller, broadcast, request, buyer = (
            order_request.caller,
            order_request.broadcast,
            order_request.request,
            order_request.buyer,
        )
        taker = order_request.taker
        wanted = request.lines
        offered = [line.offer for line in wanted]
        hold = line_items.hold_in(asked)
        if hold and hold.id != request.order and not any(ln.offer in hold.lines for ln in wanted):
            hold = None
        now = now_ms()
        if ended and not (hold and hold.covers(wanted, now)):
            raise BroadcastEnded("Nothing was ordered: this broadcast takes no more orders.")
        grace_ms = self._settings.price_grace_ms
        person = line_items.personal_device(caller)
        batches = flash_limits.check_lines(
            connection,
            broadcast,
            wanted,
            known,
            hold,
            now,
            grace_ms,
            device=person,
            buyer=buyer,
            ordered=bool(asked.orders_of_phone or asked.orders_of_device),
            for_buyer=caller.role is None,
        ).batches
        box_limits.check(connection, self._settings, broadcast, wanted, taker, asked, hold)
        is_new = new_devices.is_new(caller, asked)
        if not (hold and hold.covers(wanted, now)):
            self._rush.check(connection, caller, broadcast, request, known.values(), is_new=is_new)
        fee = _fee(connection, request, known, asked)
        moved = stock.move(
            connection,
            line_items.stock_moves(wanted, batches, hold, sell=True),
            line_items.with_held(connection, broadcast, known, hold),
            for_buyer=caller.role is None,
        )
        if hold:
            connection.execute(_END_HOLD, {"hold": hold.id})

        order = hold.id if hold else order_request.order
        token = self._links.token(order)
        code = self._code(connection, order_request, order)
        sold = [
            line_items.line_facts(line, known[line.offer], batches.get(line.offer))
            for line in wanted
        ]
        total = sum(line["total"] for line in sold) + fee
        currency = known[wanted[0].offer].currency
        marks = fraud_flags.flags_of(
            connection,
            broadcast,
            buyer,
            person,
            total,
            asked,
            self._settings,
            doubtful=order_request.doubtful,
        )
        row = {
            **_row(order_request),
            "id": order,
            "broadcast": broadcast,
            "number": number,
            "buyer": buyer,
            "token_hash": self._links.token_hash(token),
            "code_hash": code and code.code_hash,
            "code_shift": code.code_shift if code else 0,
            "key": request.key,
            "total": total,
            "fee": fee,
            "currency": currency,
            "flags": marks or None,
            "placed_at": now,
            "held_at": hold.held_at if hold else None,
        }
        connection.execute(_ORDER, row)
        by_staff = caller.is_staff or caller.role == "clerk"
        reached = writing.Contact(
            row["buyer_phone"],
            row["buyer_email"],
            caller.simulated,
            by_staff=by_staff,
            sender=order_request.sender,
        )
        writing.store_contact(connection, order, reached)
        tally(connection).know(("last number", broadcast), number)
        connection.execute(
            _LINES,
            [
                {"order": order, "line": place, "flash": None, "source": taker.source, **line}
                for place, line in enumerate(sold, 1)
            ],
        )
        written = order_number(number)
        placed = events.OrderPlaced(
            order=order,
            number=written,
            buyer=buyer,
            lines=sold,
            total=money(total, currency),
            fee=money(fee, currency),
            state="placed",
            payment=row["payment"],
            by="staff" if by_staff else None,
            way=request.delivery.way,
            simulated=caller.simulated,
            # Farms whose boxes were held and not ordered need the event: their boxes are available
            # again.
            farms={line["farm"] for line in (*sold, *(hold.lines.values() if hold else ()))},
            device=caller.device,
        )
        # Otherwise no boxes were returned and no waiting list changed.
        comes_back = hold is not None and hold.gives_back(wanted, batches)
        told_of = self._on_ordered if comes_back or asked.waits else stock.ordered_events
        told_stock = told_of(connection, broadcast, caller.device, offered, moved)
        over = sold_out.end_batches(
            connection, {ln.offer: ln.quantity for ln in wanted}, batches, known
        )
        rush = self._rush.take(connection, caller, broadcast, wanted, hold, is_new=is_new)
        self._log.append_all(connection, broadcast, [placed, *told_stock, *over, *rush])
        answer = {
            "id": order,
            "number": written,
            "state": "placed",
            "payment": row["payment"],
            "total": placed.total,
            "fee": placed.fee,
        }
        return answer, _secrets(token, code and code.digits)

    def _code(
        self, connection: Connection, order_request: OrderRequest, order: str
    ) -> pickup.Code | None:
        """Return the pick-up code, the prefetched one where the order has the id it was made
        for.
        """
        code, centre = order_request.code, order_request.request.delivery.centre or ""
        if code is None:
            return None
        if code.order != order:
            code = pickup.code_at(self._links, order, centre)
        return pickup.new_code(connection, self._links, centre, code)

    def _repeat_answer(self, connection: Connection, kept: dict[str, Any]) -> dict[str, Any]:
        """Return the stored answer with its secrets, which are derived again."""
        row = connection.execute(_OPENED_BY, {"order": kept["id"]}).one()
        return kept | _secrets(self._links.token_of(row), self._links.code_of(row))


def _secrets(token: str, code: str | None) -> dict[str, Any]:
    """Return the secrets in an order's answer: token, code and url."""
    return {"token": token, "code": code, "url": f"/order/{token}"}


def _query_last_number(connection: Connection, broadcast: str) -> Callable[[], int]:
    """Send the query for the broadcast's last order number; return a function that reads it.

    The function returns 0 if there is no order. Since one transaction writes at a time, the next
    number is this order's.
    """
    counted = tally(connection)
    known: int | None = counted.known(("last number", broadcast))
    if known is not None:
        return lambda: known
    asked = connection.execute(_NUMBER, {"broadcast": broadcast})

    def told() -> int:
        last: int = asked.scalar_one_or_none() or 0
        counted.know(("last number", broadcast), last)
        return last

    return told


def _fee(
    connection: Connection,
    request: OrderPlace,
    known: Mapping[str, offer_rows.OfferRow],
    asked: Row[Any],
) -> int:
    """Return the delivery fee. Raises UnknownCentre, TooHeavy, WrongCurrency, FeeChanged."""
    fee = 0
    if request.delivery.way == "pickup":
        if not asked.centre:
            raise UnknownCentre(
                "Nothing was ordered: choose one of the pick-up points in the list."
            )
    elif asked.fees:
        grams = sum(known[line.offer].net_weight_g * line.quantity for line in request.lines)
        fee = fees.fee_of(connection, request.delivery.region, grams)
    if request.fee is not None:
        currency = known[request.lines[0].offer].currency
        seen = currencies.minor_units(request.fee, currency, currencies.BAG)
        if seen != fee:
            raise FeeChanged(money(fee, currency), money(seen, currency))
    return fee


def _row(order_request: OrderRequest) -> dict[str, Any]:
    """Return the columns of the order's row that come from the caller and the request."""
    caller, request, delivery = (
        order_request.caller,
        order_request.request,
        order_request.request.delivery,
    )
    parcel = delivery.way == "parcel"
    return {
        "device": caller.device,
        "account": caller.account,
        "simulated": caller.simulated,
        "buyer_name": request.buyer.name,
        "buyer_phone": request.buyer.phone,
        "buyer_email": request.buyer.email,
        "language": request.language,
        "way": delivery.way,
        "address": delivery.address if parcel else None,
        "region": delivery.region if parcel else None,
        "centre": None if parcel else delivery.centre,
        "payment_method": request.payment,
        "state": "placed",
        "payment": payments.provider_of(request.payment).initiate(),
    }
