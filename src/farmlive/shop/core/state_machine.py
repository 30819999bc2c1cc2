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

Who = Literal["buyer", "staff", "clerk", "time"]


@dataclass(frozen=True)
class Step:
    """A transition from one state or payment to the next.

    `way` limits it to parcels or pick-ups, `alive` to orders that are not cancelled. `stock` says
    what happens to the boxes; `why`: it needs a reason.
    """

    before: str | None
    after: str
    who: frozenset[Who]
    event: type[events.OrderEvent]
    means: str
    way: Way | None = None
    alive: bool = False
    stock: str = ""
    why: bool = False


_BUYER: frozenset[Who] = frozenset({"buyer"})
_STAFF: frozenset[Who] = frozenset({"staff"})
_EITHER: frozenset[Who] = frozenset({"buyer", "staff"})
_CENTRE: frozenset[Who] = frozenset({"staff", "clerk"})
_TIME: frozenset[Who] = frozenset({"time"})

BACK = "given back"
SOLD = "sold"

# How long after a bulk action it can be undone.
UNDO_MS = 10 * 60_000

STATES = (
    Step(
        None,
        "held",
        _BUYER,
        events.OrderHeld,
        "held while the buyer fills in the form",
        stock="held",
    ),
    Step("held", "held", _BUYER, events.OrderHeld, "replaced by another choice", stock="held"),
    Step("held", "expired", _TIME, events.OrderExpired, "ran out", stock=BACK),
    Step("held", "cancelled", _BUYER, events.OrderCancelled, "dropped before ordering", stock=BACK),
    Step(None, "placed", _BUYER, events.OrderPlaced, "ordered without a hold", stock=SOLD),
    Step("held", "placed", _BUYER, events.OrderPlaced, "ordered", stock=SOLD),
    Step("placed", "packed", _CENTRE, events.OrderPacked, "packed"),
    Step(
        "placed",
        "cancelled",
        _EITHER,
        events.OrderCancelled,
        "cancelled before packing",
        stock=BACK,
    ),
    Step("packed", "cancelled", _STAFF, events.OrderCancelled, "cancelled after packing"),
    Step("packed", "shipped", _STAFF, events.OrderShipped, "handed to the carrier", way="parcel"),
    Step(
        "packed", "at_centre", _CENTRE, events.OrderAtCentre, "ready to be collected", way="pickup"
    ),
    Step("shipped", "received", _STAFF, events.OrderReceived, "arrived", way="parcel"),
    Step(
        "shipped",
        "cancelled",
        _STAFF,
        events.OrderCancelled,
        "cancelled on the way",
        way="parcel",
        why=True,
    ),
    Step("at_centre", "received", _CENTRE, events.OrderReceived, "collected", way="pickup"),
    Step(
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
    Step("due", "paid", _CENTRE, events.OrderPaid, "payment received", alive=True),
    Step("due", "due", _STAFF, events.OrderRefunded, "amount due lowered", alive=True),
    Step("paid", "part_refunded", _STAFF, events.OrderRefunded, "partly refunded"),
    Step("paid", "refunded", _STAFF, events.OrderRefunded, "refunded in full"),
    Step("part_refunded", "part_refunded", _STAFF, events.OrderRefunded, "refunded further"),
    Step("part_refunded", "refunded", _STAFF, events.OrderRefunded, "rest refunded"),
)
# The transitions that undo others.
BACK_STATES = (
    Step("packed", "placed", _CENTRE, events.OrderPlaced, "not packed after all"),
    Step(
        "shipped", "packed", _STAFF, events.OrderPacked, "not handed over after all", way="parcel"
    ),
    Step("at_centre", "packed", _CENTRE, events.OrderPacked, "not there after all", way="pickup"),
    Step("received", "shipped", _STAFF, events.OrderShipped, "still on its way", way="parcel"),
    Step("received", "at_centre", _CENTRE, events.OrderAtCentre, "still waits", way="pickup"),
    Step("cancelled", "placed", _STAFF, events.OrderPlaced, "wanted after all", stock=SOLD),
    Step("cancelled", "packed", _STAFF, events.OrderPacked, "wanted after all"),
    Step("cancelled", "shipped", _STAFF, events.OrderShipped, "set back to shipped", way="parcel"),
    Step("cancelled", "at_centre", _STAFF, events.OrderAtCentre, "waits again", way="pickup"),
)
BACK_PAYMENTS = (
    Step("paid", "due", _CENTRE, events.OrderPaid, "payment reversed"),
    Step("due", "due", _STAFF, events.OrderRefunded, "amount due raised again", alive=True),
    Step("part_refunded", "paid", _STAFF, events.OrderRefunded, "refund reversed"),
    Step(
        "part_refunded",
        "part_refunded",
        _STAFF,
        events.OrderRefunded,
        "part of the refund reversed",
    ),
    Step("refunded", "part_refunded", _STAFF, events.OrderRefunded, "refund of the rest reversed"),
    Step("refunded", "paid", _STAFF, events.OrderRefunded, "whole refund reversed"),
)


def who_is(caller: Caller) -> Who:
    """Return the role in which the caller changes orders. Raises Forbidden."""
    if caller.is_staff:
        return "staff"
    if caller.role == "clerk":
        return "clerk"
    raise Forbidden("Nothing was changed. Coordinators, hosts and clerks keep the orders.")


def next_state(before: State, after: State, who: Who, way: Way) -> Step:
    """Return the transition between two states. Raises NotInState, Forbidden."""
    return _step(STATES, before, after, who, way, before, "This order is {}")


def next_payment(before: Payment, after: Payment, who: Who, way: Way, state: State) -> Step:
    """Return the transition between two payments. Raises NotInState, Forbidden."""
    return _step(PAYMENTS, before, after, who, way, state, "The payment of this order is {}")


def state_back(before: State, after: State, who: Who, way: Way) -> Step:
    """Return the transition that undoes a state. Raises NotInState, Forbidden."""
    return _step(BACK_STATES, before, after, who, way, before, "This order is {}")


def payment_back(before: Payment, after: Payment, who: Who, way: Way, state: State) -> Step:
    """Return the transition that undoes a payment. Raises NotInState, Forbidden."""
    return _step(BACK_PAYMENTS, before, after, who, way, state, "The payment of this order is {}")


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


def can_cancel(state: State, who: Who) -> bool:
    """Return whether `who` may cancel an order in this state."""
    return any(
        step.before == state and step.after == "cancelled" and who in step.who for step in STATES
    )


def _step(
    table: tuple[Step, ...],
    before: str,
    after: str,
    who: Who,
    way: Way,
    state: State,
    sentence: str,
) -> Step:
    if who == "clerk" and way != "pickup":
        raise Forbidden("Nothing was changed. A clerk keeps the orders that are picked up.")
    onward = [
        step
        for step in table
        if step.before == before
        and step.way in (None, way)
        and not (step.alive and state == "cancelled")
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
