"""Kinds of notices: which event each tells of, who caused it, and what it is about.

Pure. Every kind says who can cause it: what a stranger can cause is held to limits, since whoever
knows a number could else have it flooded; what staff cause always goes.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from farmlive.broadcast.events import OrderCancelled, OrderEvent, OrderPlaced

Cause = Literal["stranger", "staff"]
STRANGER: Cause = "stranger"
STAFF: Cause = "staff"


class Kind(NamedTuple):
    """A kind of notice.

    `cause`: a `stranger` by a page, or `staff`. `topic`: of an order's unsent notices of one topic
    the last alone is sent; a topic of its own is never replaced by another kind.
    """

    cause: Cause
    topic: str = "state"


PLACED_BY_STAFF = "order.entered"
CANCELLED_BY_BUYER = "order.called_off"
CORRECTED = "corrected"
REFUND_CORRECTED = "refund_corrected"
STOPPED = "order.stopped"

KINDS: Mapping[str, Kind] = {
    "order.placed": Kind(STRANGER),
    PLACED_BY_STAFF: Kind(STAFF),
    "order.shipped": Kind(STAFF),
    "order.at_centre": Kind(STAFF),
    "order.cancelled": Kind(STAFF),
    CANCELLED_BY_BUYER: Kind(STRANGER),
    "order.refunded": Kind(STAFF, "refund"),
    "order.claim_answered": Kind(STAFF, "claim"),
    STOPPED: Kind(STAFF, "stop"),
    "order.resumed": Kind(STAFF, "stop"),
    CORRECTED: Kind(STAFF),
    REFUND_CORRECTED: Kind(STAFF, "refund"),
}
# Events of an order of which its buyer is told; the others are steps on the way.
TOLD = (
    "order.placed",
    "order.shipped",
    "order.at_centre",
    "order.cancelled",
    "order.refunded",
    "order.claim_answered",
    "order.stopped",
    "order.resumed",
)
# Those that tell how an order stands.
OF_STATE = tuple(kind for kind, known in KINDS.items() if known.topic == "state")
# Those that tell of its money.
OF_MONEY = tuple(kind for kind, known in KINDS.items() if known.topic in ("refund", "claim"))


def kind_of(event: OrderEvent, *, by_staff: bool) -> str:
    """The kind of notice that tells of an event; `by_staff`: staff or a clerk placed it."""
    if isinstance(event, OrderPlaced) and by_staff:
        return PLACED_BY_STAFF
    if isinstance(event, OrderCancelled) and event.by == "buyer":
        return CANCELLED_BY_BUYER
    return event.kind
