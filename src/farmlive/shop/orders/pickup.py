"""Pick-up at a centre: finds an order by its six digits and hands it over, with payment.

It assigns the codes; core/state_machine.py has the transitions.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Executable, Row, bindparam, select

from farmlive.broadcast.events.trade import State
from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.people.core.rate_limits import RateLimits
from farmlive.problems import Conflict, NotFound
from farmlive.shop.core import idempotency, state_machine
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_links import CODES, OrderLinks
from farmlive.shop.core.order_lookup import with_id
from farmlive.shop.core.order_models import Order
from farmlive.shop.core.order_tables import orders
from farmlive.shop.core.problems import UnknownOrder
from farmlive.shop.core.tables import centres
from farmlive.shop.orders import order_search, order_view
from farmlive.shop.orders.change_models import CodeSaid, HandedOver, HandOver, WaitingSearch
from farmlive.shop.orders.transitions import Actor, Transitions
from farmlive.store import Store, hot

# Wrong codes per minute, of a person and of an IP address: of a million codes, dozens may be
# waiting.
GUESSES_PER_MINUTE = 10
# States in which an order's code is valid.
OPEN = ("placed", "packed", "at_centre")
# At the pick-up point, or packed and on the way.
WAITING = ("packed", "at_centre")
TRIES = 20

# The transitions that hand over an open order, one after the other.
_TO_THE_BUYER: Mapping[State, Sequence[State]] = {
    "placed": ("packed", "at_centre", "received"),
    "packed": ("at_centre", "received"),
    "at_centre": ("received",),
}

_OPEN = select(orders).where(
    orders.c.code_hash.in_(bindparam("hashes", expanding=True)),
    orders.c.way == "pickup",
    orders.c.state.in_(OPEN),
)
_CENTRES = select(centres.c.id)

_PICKED_UP = select(orders).where(orders.c.id == bindparam("order"), orders.c.way == "pickup")

_TAKEN = hot(
    select(orders.c.id).where(
        orders.c.code_hash == bindparam("code_hash"),
        orders.c.state.in_(bindparam("open", expanding=True)),
    )
)


class UnknownCode(NotFound):
    """No order waits under that code: it is wrong, or its order was handed over or cancelled."""

    slug = "unknown-code"
    title = "No order waits under this code"


class CodeShared(Conflict):
    """Several orders wait under that code: send the last four digits of the phone number too."""

    slug = "code-shared"
    title = "More than one order waits under this code"


class Code(NamedTuple):
    """A pick-up code and its columns in the order's row: derived from the id and the shift."""

    order: str
    digits: str
    code_hash: str
    code_shift: int


def code_at(links: OrderLinks, order: str, centre: str, shift: int = 0) -> Code:
    """Return the code of an order at the pick-up point."""
    digits = links.code(order, shift)
    return Code(order, digits, links.code_hash(centre, digits), shift)


def code_query(code: Code) -> tuple[Executable, dict[str, Any]]:
    """Return the query of `new_code`, which can be prefetched."""
    return _TAKEN, {"code_hash": code.code_hash, "open": list(OPEN)}


def new_code(connection: Connection, links: OrderLinks, centre: str, code: Code) -> Code:
    """Return this code, or one with another shift where an open order of the pick-up point has it.

    Call it in the transaction of the new order.
    """
    for _ in range(TRIES):
        if connection.execute(*code_query(code)).first() is None:
            break
        code = code_at(links, code.order, centre, secrets.randbelow(CODES))
    return code  # a shared code still finds its order, with the end of the phone number


class Pickup:
    """Finds orders by their codes and hands them over."""

    def __init__(self, store: Store, origin: Origin, steps: Transitions, limits: RateLimits):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._origin = origin
        self._steps = steps
        self._limits = limits

    async def find(self, caller: Caller, request: CodeSaid) -> Order:
        """Return the order that waits under the code; for a clerk at own centres only.

        Raises Forbidden, TooMany, UnknownCode, CodeShared.
        """
        state_machine.role_of(caller)

        def read(connection: Connection) -> Order:
            row = _waiting(connection, self._links, caller, request)
            (order,) = order_view.orders(connection, self._origin, self._links, [row], caller)
            return order

        with self._guess_key(caller):
            return await self._store.read(read)

    async def list_waiting(
        self, caller: Caller, search: WaitingSearch
    ) -> tuple[list[Order], str | None]:
        """List what can be handed over in all broadcasts, oldest first, with the next page's
        cursor; for a clerk at own centres only.

        A search also finds orders that are not marked as packed. Raises Forbidden.
        """
        state_machine.role_of(caller)
        page = search.page
        states = WAITING if search.find is None else OPEN
        query = select(orders).where(
            orders.c.way == "pickup",
            orders.c.state.in_(states),
            orders.c.id > (page.after or (0, ""))[1],
            *order_view.may_read(caller),
        )
        if search.centre is not None:
            query = query.where(orders.c.centre == search.centre)
        if search.find is not None:
            query = query.where(order_search.condition(search.find, buyers=True))
        query = query.order_by(orders.c.id).limit(page.fetch_limit)

        def read(connection: Connection) -> tuple[list[Order], str | None]:
            rows, following = page.take(connection.execute(query).all(), lambda row: (0, row.id))
            return order_view.orders(connection, self._origin, self._links, rows, caller), following

        return await self._store.read(read)

    async def hand_over(
        self, caller: Caller, order: str, request: HandOver, key: str | None = None
    ) -> HandedOver:
        """Hand over the order with the code, or without a code the order itself, with how its buyer
        is known.

        It becomes received, and paid if it was due. Skipped transitions, to packed and at the
        centre, are applied in passing, since the clerk has the box in the hand. It can be undone as
        a bulk action. A repeated request changes nothing; with a key it gets the same answer.
        Raises Forbidden, TooMany, UnknownCode, CodeShared, KeyReused, and without a code
        UnknownOrder, OtherCentre, NotInState, HowKnown.
        """
        who = state_machine.role_of(caller)
        body_hash = idempotency.canonical_hash(request, HandOver, scope=order)

        def write(connection: Connection) -> HandedOver:
            row = connection.execute(_PICKED_UP, {"order": order}).one_or_none()
            if row is not None and not caller.may_hand_over_at(row.centre):
                # With a code it must look unknown, so that guessing reveals nothing of other
                # centres.
                if request.code is not None:
                    raise _unknown()
                order_view.check(connection, row, caller)
            done: dict[str, Any] | None = None
            if row is not None:
                done = idempotency.find_answer(
                    connection, row.broadcast, key, body_hash, message=idempotency.OF_STAFF
                )
            if done is None:
                row = _requested_order(connection, self._links, caller, row, request)
                done = self._hand_over_once(connection, caller, row, request, who)
                idempotency.store_answer(connection, row.broadcast, key, body_hash, done)
            now = connection.execute(_PICKED_UP, {"order": order}).one()
            (shown_now,) = order_view.orders(connection, self._origin, self._links, [now], caller)
            return HandedOver(id=done["move"], order=shown_now, until=done["until"])

        with self._guess_key(caller):
            return await self._store.write(write)

    def _hand_over_once(
        self,
        connection: Connection,
        caller: Caller,
        row: Row[Any],
        request: HandOver,
        who: state_machine.OrderRole,
    ) -> dict[str, Any]:
        """Hand the order over unless it was before.

        Return the action's id, and until when it can be undone.
        """
        if row.state == "received":
            return {"move": None, "until": None}
        move, until = ulid(), now_ms() + state_machine.UNDO_MS
        known_by = request.known_by if request.code is None else "code"
        self._hand_over(connection, row, Actor(who, move=move, known_by=known_by))
        how = {"unpacked": row.state == "placed", "codeless": request.code is None}
        facts: dict[str, Any] = {name: True for name, is_so in how.items() if is_so}
        if request.code is None:
            facts["known_by"] = request.known_by
        facts["number"] = order_number(row.number)
        record_action(
            connection, caller, "order.handed_over", row.id, broadcast=row.broadcast, **facts
        )
        return {"move": move, "until": until}

    def _hand_over(self, connection: Connection, row: Row[Any], doer: Actor) -> None:
        for state in _TO_THE_BUYER.get(row.state, ("received",)):
            passed = state != "received"
            self._steps.enter(connection, row, state, doer, passed=passed)
            row = with_id(connection, row.broadcast, row.id)
        if row.payment == "due":
            self._steps.pay(connection, row, doer)

    def _guess_key(self, caller: Caller) -> Any:
        person = caller.account or caller.name or caller.device
        return self._limits.failures(
            UnknownCode,
            GUESSES_PER_MINUTE,
            ("codes of a person", person),
            ("codes of an address", caller.address),
            of="wrong codes",
        )


def _requested_order(
    connection: Connection,
    links: OrderLinks,
    caller: Caller,
    row: Row[Any] | None,
    request: HandOver,
) -> Row[Any]:
    """Return the order to hand over, where `row` is the requested one.

    Raises UnknownCode, CodeShared. It may already have been handed over under that code, if the
    answer was lost.
    """
    if request.code is None:
        if row is None:
            raise UnknownOrder("Nothing was handed over: no such order is picked up.")
        return row
    if row is not None and row.state == "received" and links.code_of(row) == request.code:
        return row
    found = _waiting(connection, links, caller, request)
    if row is None or found.id != row.id:
        raise _unknown()
    return found


def _waiting(
    connection: Connection, links: OrderLinks, caller: Caller, request: CodeSaid
) -> Row[Any]:
    query = _OPEN.where(*order_view.may_read(caller))
    # The hash includes the pick-up point, so each point in question has its own.
    if request.centre is not None:
        points = [request.centre]
    elif caller.role == "clerk" and caller.centres is not None:
        points = sorted(caller.centres)
    else:
        points = [row.id for row in connection.execute(_CENTRES)]
    hashes = [links.code_hash(point, request.code) for point in points]
    if request.phone is not None:
        query = query.where(orders.c.buyer_phone.endswith(request.phone))
    found = connection.execute(query, {"hashes": hashes}).all()
    if not found:
        raise _unknown()
    if len(found) > 1:
        raise CodeShared(
            "Nothing was handed over yet: more than one order waits under this code. Ask for the "
            "last four digits of the phone number that the order is for."
        )
    return found[0]


def _unknown() -> UnknownCode:
    return UnknownCode(
        "Nothing was handed over: no order waits under this code here. Have the digits said again, "
        "or find the order by its number or the buyer's phone."
    )
