"""The hand-over: who says the six digits, or is known, is given the order and pays it.

Owns the codes and whose they are; which steps an order takes then, state_machine.py says.
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
from farmlive.people.core.audit import note
from farmlive.people.core.rate_limits import RateLimits
from farmlive.problems import Conflict, NotFound
from farmlive.shop.core import idempotency, state_machine
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_links import CODES, OrderLinks
from farmlive.shop.core.order_models import Order
from farmlive.shop.core.order_tables import orders
from farmlive.shop.core.problems import UnknownOrder
from farmlive.shop.core.tables import centres
from farmlive.shop.orders import order_search, order_view
from farmlive.shop.orders.change_models import CodeSaid, HandedOver, HandOver, WaitingSearch
from farmlive.shop.orders.transitions import Doer, Transitions, with_id
from farmlive.store import Store, hot

# Wrong codes a minute of one person, and from one address: of a million, where dozens wait.
GUESSES_PER_MINUTE = 10
# An order that is given out, sent back or called off has a code no more.
OPEN = ("placed", "packed", "at_centre")
# What is at the pick-up point, or was ticked as on its way there.
WAITING = ("packed", "at_centre")
TRIES = 20

# What an open order becomes, one after the other, when it is given out.
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
    """No order waits under that code: it is wrong, or its order was given out or called off."""

    slug = "unknown-code"
    title = "No order waits under this code"


class CodeShared(Conflict):
    """Several orders wait under that code; the last four digits of the phone decide."""

    slug = "code-shared"
    title = "More than one order waits under this code"


class Code(NamedTuple):
    """A pick-up's code, and how its order's row keeps it: derived from the id, and moved on by the
    shift.
    """

    order: str
    digits: str
    code_hash: str
    code_shift: int


def code_at(links: OrderLinks, order: str, centre: str, shift: int = 0) -> Code:
    """The code that an order of the pick-up point has."""
    digits = links.code(order, shift)
    return Code(order, digits, links.code_hash(centre, digits), shift)


def asked(code: Code) -> tuple[Executable, dict[str, Any]]:
    """What `new_code` asks of a code, which may be asked ahead."""
    return _TAKEN, {"code_hash": code.code_hash, "open": list(OPEN)}


def new_code(connection: Connection, links: OrderLinks, centre: str, code: Code) -> Code:
    """This code, or another one of its order where an open order of the pick-up point has it.

    In the transaction of the order that gets it.
    """
    for _ in range(TRIES):
        if connection.execute(*asked(code)).first() is None:
            break
        code = code_at(links, code.order, centre, secrets.randbelow(CODES))
    return code  # one that is shared still finds its order, by the end of the phone


class Pickup:
    """Finds orders by their codes and hands them over."""

    def __init__(self, store: Store, origin: Origin, steps: Transitions, limits: RateLimits):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._origin = origin
        self._steps = steps
        self._limits = limits

    async def find(self, caller: Caller, said: CodeSaid) -> Order:
        """The order that waits under the code, for a clerk at one of the own centres.

        Raises Forbidden, TooMany, UnknownCode, CodeShared.
        """
        state_machine.who_is(caller)

        def read(connection: Connection) -> Order:
            row = _waiting(connection, self._links, caller, said)
            (order,) = order_view.orders(connection, self._origin, self._links, [row], caller)
            return order

        with self._guesses(caller):
            return await self._store.read(read)

    async def waiting(
        self, caller: Caller, search: WaitingSearch
    ) -> tuple[list[Order], str | None]:
        """What can be handed over in all broadcasts, oldest first, and the next page's cursor;
        by a clerk what is at own centres.

        Where something is sought, also what was not ticked as packed. Raises Forbidden.
        """
        state_machine.who_is(caller)
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
        query = query.order_by(orders.c.id).limit(page.rows)

        def read(connection: Connection) -> tuple[list[Order], str | None]:
            rows, following = page.cut(connection.execute(query).all(), lambda row: (0, row.id))
            return order_view.orders(connection, self._origin, self._links, rows, caller), following

        return await self._store.read(read)

    async def give(
        self, caller: Caller, order: str, said: HandOver, key: str | None = None
    ) -> HandedOver:
        """Hand over the order that was found under the code, or that itself where none was said
        but how its buyer is known.

        It is received, and paid if it was due. One that was not ticked as packed, or as arrived,
        is so in passing: whoever gives it out has it in the hand. It can be undone as a move. The
        same again, once it was given out, changes nothing; with a key it is answered as before.
        Raises Forbidden, TooMany, UnknownCode, CodeShared, KeyReused, and without a code
        UnknownOrder, OtherCentre, NotInState, HowKnown.
        """
        who = state_machine.who_is(caller)
        body_hash = idempotency.canonical_hash(said, HandOver, of=order)

        def write(connection: Connection) -> HandedOver:
            row = connection.execute(_PICKED_UP, {"order": order}).one_or_none()
            if row is not None and not caller.may_centre(row.centre):
                # By a code it is as if there were none: who tries codes learns nothing of others'.
                if said.code is not None:
                    raise _unknown()
                order_view.check(connection, row, caller)
            done: dict[str, Any] | None = None
            if row is not None:
                done = idempotency.answered(
                    connection, row.broadcast, key, body_hash, said=idempotency.OF_STAFF
                )
            if done is None:
                row = _meant(connection, self._links, caller, row, said)
                done = self._done(connection, caller, row, said, who)
                idempotency.keep(connection, row.broadcast, key, body_hash, done)
            now = connection.execute(_PICKED_UP, {"order": order}).one()
            (shown_now,) = order_view.orders(connection, self._origin, self._links, [now], caller)
            return HandedOver(id=done["move"], order=shown_now, until=done["until"])

        with self._guesses(caller):
            return await self._store.write(write)

    def _done(
        self,
        connection: Connection,
        caller: Caller,
        row: Row[Any],
        said: HandOver,
        who: state_machine.Who,
    ) -> dict[str, Any]:
        """Hand it over, if it was not before; by which move, and until when that can be undone."""
        if row.state == "received":
            return {"move": None, "until": None}
        move, until = ulid(), now_ms() + state_machine.UNDO_MS
        known_by = said.known_by if said.code is None else "code"
        self._give(connection, row, Doer(who, move=move, known_by=known_by))
        how = {"unpacked": row.state == "placed", "codeless": said.code is None}
        facts: dict[str, Any] = {name: True for name, is_so in how.items() if is_so}
        if said.code is None:
            facts["known_by"] = said.known_by
        facts["number"] = order_number(row.number)
        note(connection, caller, "order.handed_over", row.id, broadcast=row.broadcast, **facts)
        return {"move": move, "until": until}

    def _give(self, connection: Connection, row: Row[Any], doer: Doer) -> None:
        for state in _TO_THE_BUYER.get(row.state, ("received",)):
            passed = state != "received"
            self._steps.enter(connection, row, state, doer, passed=passed)
            row = with_id(connection, row.broadcast, row.id)
        if row.payment == "due":
            self._steps.pay(connection, row, doer)

    def _guesses(self, caller: Caller) -> Any:
        person = caller.account or caller.name or caller.device
        return self._limits.failures(
            UnknownCode,
            GUESSES_PER_MINUTE,
            ("codes of a person", person),
            ("codes of an address", caller.address),
            of="wrong codes",
        )


def _meant(
    connection: Connection,
    links: OrderLinks,
    caller: Caller,
    row: Row[Any] | None,
    said: HandOver,
) -> Row[Any]:
    """The order that is handed over: `row` was asked for. Raises UnknownCode, CodeShared.

    It may have been given out under that code already: an answer may have been lost.
    """
    if said.code is None:
        if row is None:
            raise UnknownOrder("Nothing was handed over: no such order is picked up.")
        return row
    if row is not None and row.state == "received" and links.code_of(row) == said.code:
        return row
    found = _waiting(connection, links, caller, said)
    if row is None or found.id != row.id:
        raise _unknown()
    return found


def _waiting(connection: Connection, links: OrderLinks, caller: Caller, said: CodeSaid) -> Row[Any]:
    query = _OPEN.where(*order_view.may_read(caller))
    # The hash is of the point too, so that each point that is meant has its own.
    if said.centre is not None:
        points = [said.centre]
    elif caller.role == "clerk" and caller.centres is not None:
        points = sorted(caller.centres)
    else:
        points = [row.id for row in connection.execute(_CENTRES)]
    hashes = [links.code_hash(point, said.code) for point in points]
    if said.phone is not None:
        query = query.where(orders.c.buyer_phone.endswith(said.phone))
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
