"""Events of orders: for staff, the farms of an order's lines, and its buyer. The shop appends them.

They hold no personal data: `buyer` is a pseudonym.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from farmlive.broadcast.events.model import ULID, OrderEvent, StaffEvent, doc, kind, model
from farmlive.broadcast.events.parts import Id, Line, LineName, Money, Returned

__all__ = [
    "OrderAtCentre",
    "OrderCancelled",
    "OrderClaimAnswered",
    "OrderClaimed",
    "OrderErased",
    "OrderExpired",
    "OrderHeld",
    "OrderPacked",
    "OrderPaid",
    "OrderPlaced",
    "OrderReceived",
    "OrderRefunded",
    "OrderResumed",
    "OrderShipped",
    "OrderStep",
    "OrderStopped",
]

State = Literal[
    "held", "placed", "packed", "shipped", "at_centre", "received", "cancelled", "expired"
]
Payment = Literal["due", "paid", "part_refunded", "refunded"]

_NUMBER = doc("The order's number for people, such as A0001.", "A0001")
_STATE = doc("The state from now on.", "packed")
_ALWAYS = doc("Always this one.")
_PAYMENT = doc("The payment from now on: due, paid, part_refunded or refunded.")
_BY = doc("buyer or staff.")
_LINES = doc("Amounts in minor units; a seller sees own farms' lines only.")
_TOTAL = doc("Sum of all lines and the fee; for a seller, of own lines.")
_SIMULATED = doc("True for a simulated person of the demo, otherwise absent.", True)


@kind("order.held")
class OrderHeld(OrderEvent):
    """Boxes are held for a buyer who fills in the order; written again when the hold changes."""

    lines: Annotated[Sequence[Line], _LINES]
    total: Annotated[Money, _TOTAL]
    state: Annotated[Literal["held"], _ALWAYS]
    payment: Annotated[Literal["due"], _PAYMENT]
    until: Annotated[int, doc("When it expires, UTC milliseconds since 1970.", 1_764_400_480_000)]
    waited: Annotated[
        bool, doc("True if it has boxes from the waiting list, otherwise absent.", True)
    ] = False
    corrected: Annotated[
        bool, doc("True if a mistaken price in it was corrected, otherwise absent.", True)
    ] = False
    simulated: Annotated[bool, _SIMULATED] = False


@kind("order.expired")
class OrderExpired(OrderEvent):
    """A hold expired; its boxes are back in stock."""

    state: Annotated[Literal["expired"], _ALWAYS]


@model
class OrderStep(OrderEvent):
    """Base of an order's transitions."""

    number: Annotated[str | None, _NUMBER] = None
    state: Annotated[State, _STATE]
    payment: Annotated[Payment, _PAYMENT]
    by: Annotated[Literal["buyer", "staff"] | None, _BY] = None
    undone: Annotated[
        bool,
        doc(
            "True if a transition was undone and the order is in this state again; otherwise "
            "absent.",
            True,
        ),
    ] = False
    passed: Annotated[
        bool,
        doc(
            "True if another transition follows at once, so that the buyer is notified of the last "
            "one only; otherwise absent.",
            True,
        ),
    ] = False


@kind("order.placed")
class OrderPlaced(OrderStep):
    """An order was placed. If it undoes a transition (`undone`), the event has no other fields."""

    buyer: Annotated[
        str | None,
        doc("A pseudonym, equal for equal phone numbers; hidden from sellers.", "b8c1f0a2d4e6"),
    ] = None
    lines: Annotated[Sequence[Line] | None, _LINES] = None
    total: Annotated[Money | None, _TOTAL] = None
    fee: Annotated[Money | None, doc("The parcel fee, part of the total; hidden from sellers.")] = (
        None
    )
    way: Annotated[Literal["parcel", "pickup"] | None, doc("parcel or pickup.")] = None
    simulated: Annotated[bool, _SIMULATED] = False


@kind("order.packed")
class OrderPacked(OrderStep):
    """The order was packed."""


@kind("order.shipped")
class OrderShipped(OrderStep):
    """The order was handed to the carrier."""


@kind("order.at_centre")
class OrderAtCentre(OrderStep):
    """The order is at the centre, ready for pick-up."""


@kind("order.received")
class OrderReceived(OrderStep):
    """The buyer received the order."""


@kind("order.cancelled")
class OrderCancelled(OrderStep):
    """The order or the hold was cancelled and its boxes are back in stock; a hold has no number."""


@kind("order.paid")
class OrderPaid(OrderStep):
    """The order was paid."""


@kind("order.refunded")
class OrderRefunded(OrderStep):
    """Money was refunded, or taken off what is due."""

    amount: Annotated[Money, doc("The amount refunded, or taken off what is due.")]
    back: Annotated[
        Sequence[Returned] | None,
        doc(
            "Unshipped boxes that returned to stock; a seller sees own farms' boxes only; "
            "absent if there are none. If the refund was undone, the boxes that the order has "
            "again."
        ),
    ] = None
    line: Annotated[
        LineName | None,
        doc(
            "The line whose mistaken price was too high; absent for other refunds, and for a "
            "seller of another farm."
        ),
    ] = None
    claim: Annotated[
        str | None,
        doc("The claim that it answers, if any; open again if the refund was undone.", ULID),
    ] = None


@kind("order.erased")
class OrderErased(StaffEvent):
    """The personal data of an order's buyer was erased."""

    order: Id
    number: Annotated[str, _NUMBER]
    buyer: Annotated[
        str,
        doc(
            "The order's pseudonym from now on, in earlier events too.",
            "erased-0f1e2d3c4b5a",
        ),
    ]


@model
class _Stopped(OrderEvent):
    """The order's reasons when a lot in it is stopped or lifted."""

    number: Annotated[str, _NUMBER]
    state: Annotated[State, _STATE]
    payment: Annotated[Payment, _PAYMENT]
    lot: Annotated[str, doc("The lot that was stopped or lifted.", ULID)]
    stopped: Annotated[
        bool,
        doc("Whether the order has a stopped lot, which blocks its hand-over.", True),
    ]


@kind("order.stopped")
class OrderStopped(_Stopped):
    """A lot in the order was stopped."""


@kind("order.resumed")
class OrderResumed(_Stopped):
    """No lot in the order is stopped any more."""

    stopped: Annotated[bool, doc("False: the order may be handed over again.", False)]


@model
class _Claim(OrderEvent):
    """The fields that all events of a claim share."""

    number: Annotated[str, _NUMBER]
    state: Annotated[State, _STATE]
    payment: Annotated[Payment, _PAYMENT]
    by: Annotated[Literal["buyer", "staff"], _BY]
    claim: Annotated[str, doc("The claim's id.", ULID)]


@kind("order.claimed")
class OrderClaimed(_Claim):
    """The buyer made a claim: the goods arrived damaged."""

    photos: Annotated[int, doc("Number of photos of the claim.", 2)]


@kind("order.claim_answered")
class OrderClaimAnswered(_Claim):
    """Staff answered a claim."""

    answer: Annotated[Literal["refunded", "refused"], doc("refunded or refused.")]
    amount: Annotated[
        Money | None, doc("The amount refunded; absent if the claim was refused.")
    ] = None
