"""The state machine of orders: the one table of states and payments, of who may make each
transition, and of which can be undone.

Pure. checkout/order_writer.py, checkout/holds.py and orders/transitions.py apply the transitions to
stock and log.
"""

from dataclasses import dataclass
from typing import Literal

from farmlive.broadcast import events
from farmlive.broadcast.events.trade import Payment, State
from farmlive.people import Caller
from farmlive.problems import Forbidden
from farmlive.shop.core.fields import Way
from farmlive.shop.core.problems import NotInState

OrderRole = Literal["buyer", "staff", "clerk", "time"]


@dataclass(frozen=True)
class Transition:
    """A transition from one state or payment to the next.

    `way` limits it to parcels or pick-ups, `unless_cancelled` to orders that are not cancelled.
    `stock` says what happens to the boxes; `why`: it needs a reason.
    """

    before: str | None
    after: str
    who: frozenset[OrderRole]
    event: type[events.OrderEvent]
    meaning: str
    way: Way | None = None
    unless_cancelled: bool = False
    stock: str = ""
    why: bool = False


_BUYER: frozenset[OrderRole] = frozenset({"buyer"})
_STAFF: frozenset[OrderRole] = frozenset({"staff"})
_EITHER: frozenset[OrderRole] = frozenset({"buyer", "staff"})
_CENTRE: frozenset[OrderRole] = frozenset({"staff", "clerk"})
_TIME: frozenset[OrderRole] = frozenset({"time"})

BACK = "given back"
SOLD = "sold"

# How long after a bulk action it can be undone.
UNDO_MS = 10 * 60_000

STATES = (
    Transition(
        None,
        "held",
        _BUYER,
        events.OrderHeld,
        "held while the buyer fills in the form",
        stock="held",
    ),
    Transition(
        "held", "held", _BUYER, events.OrderHeld, "replaced by another choice", stock="held"
    ),
    Transition("held", "expired", _TIME, events.OrderExpired, "ran out", stock=BACK),
    Transition(
        "held", "cancelled", _BUYER, events.OrderCancelled, "dropped before ordering", stock=BACK
    ),
    Transition(None, "placed", _BUYER, events.OrderPlaced, "ordered without a hold", stock=SOLD),
    Transition("held", "placed", _BUYER, events.OrderPlaced, "ordered", stock=SOLD),
    Transition("placed", "packed", _CENTRE, events.OrderPacked, "packed"),
    Transition(
        "placed",
        "cancelled",
        _EITHER,
        events.OrderCancelled,
        "cancelled before packing",
        stock=BACK,
    ),
    Transition("packed", "cancelled", _STAFF, events.OrderCancelled, "cancelled after packing"),
    Transition(
        "packed", "shipped", _STAFF, events.OrderShipped, "handed to the carrier", way="parcel"
    ),
    Transition(
        "packed", "at_centre", _CENTRE, events.OrderAtCentre, "ready to be collected", way="pickup"
    ),
    Transition("shipped", "received", _STAFF, events.OrderReceived, "arrived", way="parcel"),
    Transition(
        "shipped",
        "cancelled",
        _STAFF,
        events.OrderCancelled,
        "cancelled on the way",
        way="parcel",
        why=True,
    ),
    Transition("at_centre", "received", _CENTRE, events.OrderReceived, "collected", way="pickup"),
    Transition(
        "at_centre",
        "cancelled",
        _STAFF,
        events.OrderCancelled,
        "never collected",
        way="pickup",
        why=True,
    ),
)
PAYMENTS = (
    Transition("due", "paid", _CENTRE, events.OrderPaid, "payment received", unless_cancelled=True),
    Transition(
        "due", "due", _STAFF, events.OrderRefunded, "amount due lowered", unless_cancelled=True
    ),
    Transition("paid", "part_refunded", _STAFF, events.OrderRefunded, "partly refunded"),
    Transition("paid", "refunded", _STAFF, events.OrderRefunded, "refunded in full"),
    Transition("part_refunded", "part_refunded", _STAFF, events.OrderRefunded, "refunded further"),
    Transition("part_refunded", "refunded", _STAFF, events.OrderRefunded, "rest refunded"),
)
# The transitions that undo others.
BACK_STATES = (
    Transition("packed", "placed", _CENTRE, events.OrderPlaced, "not packed after all"),
    Transition(
        "shipped", "packed", _STAFF, events.OrderPacked, "not handed over after all", way="parcel"
    ),
    Transition(
        "at_centre", "packed", _CENTRE, events.OrderPacked, "not there after all", way="pickup"
    ),
    Transition(
        "received", "shipped", _STAFF, events.OrderShipped, "still on its way", way="parcel"
    ),
    Transition("received", "at_centre", _CENTRE, events.OrderAtCentre, "still waits", way="pickup"),
    Transition("cancelled", "placed", _STAFF, events.OrderPlaced, "wanted after all", stock=SOLD),
    Transition("cancelled", "packed", _STAFF, events.OrderPacked, "wanted after all"),
    Transition(
        "cancelled", "shipped", _STAFF, events.OrderShipped, "set back to shipped", way="parcel"
    ),
    Transition("cancelled", "at_centre", _STAFF, events.OrderAtCentre, "waits again", way="pickup"),
)
BACK_PAYMENTS = (
    Transition("paid", "due", _CENTRE, events.OrderPaid, "payment reversed"),
    Transition(
        "due", "due", _STAFF, events.OrderRefunded, "amount due raised again", unless_cancelled=True
    ),
    Transition("part_refunded", "paid", _STAFF, events.OrderRefunded, "refund reversed"),
    Transition(
        "part_refunded",
        "part_refunded",
        _STAFF,
        events.OrderRefunded,
        "part of the refund reversed",
    ),
    Transition(
        "refunded", "part_refunded", _STAFF, events.OrderRefunded, "refund of the rest reversed"
    ),
    Transition("refunded", "paid", _STAFF, events.OrderRefunded, "whole refund reversed"),
)


def role_of(caller: Caller) -> OrderRole:
    """Return the role in which the caller changes orders. Raises Forbidden."""
    if caller.is_staff:
        return "staff"
    if caller.role == "clerk":
        return "clerk"
    raise Forbidden("Nothing was changed. Coordinators, hosts and clerks keep the orders.")


def next_state(before: State, after: State, who: OrderRole, way: Way) -> Transition:
    """Return the transition between two states. Raises NotInState, Forbidden."""
    return _find_transition(STATES, before, after, who, way, before, "This order is {}")


def next_payment(
    before: Payment, after: Payment, who: OrderRole, way: Way, state: State
) -> Transition:
    """Return the transition between two payments. Raises NotInState, Forbidden."""
    return _find_transition(
        PAYMENTS, before, after, who, way, state, "The payment of this order is {}"
    )


def state_back(before: State, after: State, who: OrderRole, way: Way) -> Transition:
    """Return the transition that undoes a state. Raises NotInState, Forbidden."""
    return _find_transition(BACK_STATES, before, after, who, way, before, "This order is {}")


def payment_back(
    before: Payment, after: Payment, who: OrderRole, way: Way, state: State
) -> Transition:
    """Return the transition that undoes a payment. Raises NotInState, Forbidden."""
    return _find_transition(
        BACK_PAYMENTS, before, after, who, way, state, "The payment of this order is {}"
    )


def check_owed(state: State) -> None:
    """Raise NotInState where nothing is due any more."""
    if state == "cancelled":
        raise NotInState(
            "Nothing was taken off: this order is cancelled, and nothing is to be paid for it.",
            state=state,
            allowed=[],
        )


def check_unpacked(state: State) -> None:
    """Raise NotInState where the order is packed: its boxes may have left."""
    if state != "placed":
        raise NotInState(
            f"No box was put back: this order is {state}, and its boxes may have left. Give back "
            "or take off the money alone; release what is there again by the bag.",
            state=state,
            allowed=[],
        )


def can_cancel(state: State, who: OrderRole) -> bool:
    """Return whether `who` may cancel an order in this state."""
    return any(
        step.before == state and step.after == "cancelled" and who in step.who for step in STATES
    )


def _find_transition(
    table: tuple[Transition, ...],
    before: str,
    after: str,
    who: OrderRole,
    way: Way,
    state: State,
    sentence: str,
) -> Transition:
    if who == "clerk" and way != "pickup":
        raise Forbidden("Nothing was changed. A clerk keeps the orders that are picked up.")
    onward = [
        step
        for step in table
        if step.before == before
        and step.way in (None, way)
        and not (step.unless_cancelled and state == "cancelled")
    ]
    for step in onward:
        if step.after == after:
            if who not in step.who:
                raise Forbidden(
                    f"Nothing was changed. From {before} to {after} it is moved by "
                    f"{' or '.join(sorted(step.who))}."
                )
            return step
    ways = sorted({step.after for step in onward if who in step.who})
    then = f"It may become {', '.join(ways)}." if ways else "It stays as it is."
    raise NotInState(
        f"Nothing was changed. {sentence.format(before)} and can't become {after}. {then}",
        state=state,
        allowed=ways,
    )
