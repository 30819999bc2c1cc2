"""Kinds of notices: the event that causes each, who can cause it, and its topic.

Pure. Notices that a stranger can cause are rate limited, since anybody who knows a phone number
could otherwise flood it; notices that staff cause are always sent.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from farmlive.broadcast.events import OrderCancelled, OrderEvent, OrderPlaced

Cause = Literal["stranger", "staff"]
STRANGER: Cause = "stranger"
STAFF: Cause = "staff"


class Kind(NamedTuple):
    """A kind of notice.

    `cause`: a `stranger`, by a page, or `staff`. `topic`: of an order's unsent notices with the
    same topic only the last is sent; notices of other topics are not affected.
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
# Events that cause a notice to the buyer; the other ones are internal steps.
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
# Kinds about the order's state.
OF_STATE = tuple(kind for kind, known in KINDS.items() if known.topic == "state")
# Kinds about its money.
OF_MONEY = tuple(kind for kind, known in KINDS.items() if known.topic in ("refund", "claim"))


def kind_of(event: OrderEvent, *, by_staff: bool) -> str:
    """Return the kind of notice for an event; `by_staff`: staff or a clerk placed the order."""
    if isinstance(event, OrderPlaced) and by_staff:
        return PLACED_BY_STAFF
    if isinstance(event, OrderCancelled) and event.by == "buyer":
        return CANCELLED_BY_BUYER
    return event.kind
