"""Events of goods: offers, stock, lots, flash batches, waiting lists and rushes. The shop appends
them.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from farmlive.broadcast.events.model import (
    LEFT_OUT,
    ULID,
    LeftOut,
    PublicEvent,
    StaffEvent,
    doc,
    kind,
    model,
)
from farmlive.broadcast.events.parts import (
    MOMENT,
    CardFlash,
    CardLot,
    Id,
    Money,
    Reason,
    Text,
)

__all__ = [
    "FlashCorrected",
    "FlashEnded",
    "FlashPlanned",
    "FlashStarted",
    "LotChanged",
    "LotResumed",
    "LotStopped",
    "OfferAdded",
    "OfferChanged",
    "OfferReleased",
    "RushBegan",
    "RushOver",
    "StockChanged",
    "WaitChanged",
    "WhyEnded",
]

WhyEnded = Literal["time", "sold_out", "host", "broadcast", "wrong", "stopped"]
_PICTURE = doc("The URL of its picture, or null.", "/files/0123456789abcdef.webp")


@kind("offer.added")
class OfferAdded(PublicEvent):
    """An offer was added to the bag, with its card as `GET …/offers` returns it (there with
    `id`).
    """

    offer: Id
    position: Annotated[
        int | None, doc("Position in the bag, from 1; missing in older logs.", 1)
    ] = None
    name: Text
    unit: Annotated[Text, doc("The name of a box.")]
    net_weight_g: Annotated[int, doc("Net weight of a box, grams.", 2_500)]
    price: Money
    list_price: Annotated[Money | None, doc("The higher price struck out beside it, or null.")]
    picture: Annotated[str | None, _PICTURE]
    gtin: Annotated[str | None, doc("The GTIN of a box, or null.", "06900000000013")]
    lot: CardLot
    released: Annotated[int, doc("Boxes released for sale in all.", 40)]
    sold: Annotated[int | None, doc("Ordered boxes.", 0)] = None
    held: Annotated[int | None, doc("Boxes held for buyers.", 0)] = None
    kept: Annotated[int | None, doc("Boxes reserved for a flash batch.", 0)] = None
    left: Annotated[int, doc("Available boxes.", 40)]
    waiting: Annotated[int | None, doc("Boxes on the waiting list.", 0)] = None
    flash: Annotated[
        CardFlash | LeftOut | None, doc("Its flash batch, planned or running, or null.")
    ] = LEFT_OUT


@kind("offer.changed")
class OfferChanged(PublicEvent):
    """An offer's card changed; the event has only the changed fields."""

    offer: Id
    price: Annotated[Money | None, doc("The price from now on.")] = None
    list_price: Annotated[Money | LeftOut | None, doc("Null if it was removed.")] = LEFT_OUT
    position: Annotated[int | None, doc("Position in the bag, from 1.", 2)] = None
    name: Annotated[Text | None, doc("In both languages.")] = None
    picture: Annotated[str | LeftOut | None, _PICTURE] = LEFT_OUT
    corrected: Annotated[
        bool, doc("True if the previous price was a mistake, otherwise absent.", True)
    ] = False


@kind("offer.released")
class OfferReleased(PublicEvent):
    """Boxes of an offer were released or withdrawn; a `stock.changed` follows."""

    offer: Id
    quantity: Annotated[int, doc("Boxes released; negative if boxes were withdrawn.", 20)]
    released: Annotated[int, doc("Boxes released for sale in all.", 60)]


@kind("stock.changed")
class StockChanged(PublicEvent):
    """The stock of an offer changed, or that of its lot; the event has the new values."""

    offer: Id
    released: Annotated[
        int, doc("Boxes released for sale in all: the sum of sold, held, kept and left.", 60)
    ]
    sold: Annotated[int, doc("Ordered boxes.", 12)]
    held: Annotated[int | None, doc("Boxes held for buyers who fill in their order.", 3)] = None
    kept: Annotated[int | None, doc("Available boxes of the running flash batch.", 0)] = None
    left: Annotated[int, doc("Other available boxes, at most what the lot holds.", 45)]
    lot: Annotated[str | None, doc("The id of the lot that the offer draws on.", ULID)] = None
    lot_sold_g: Annotated[
        int | None,
        doc("Net weight sold of that lot, grams, by all offers that draw on it.", 30_000),
    ] = None
    lot_left_g: Annotated[
        int | None,
        doc("Available net weight of that lot, grams, for all of these offers together.", 112_500),
    ] = None


@kind("wait.changed")
class WaitChanged(PublicEvent):
    """The number of boxes on an offer's waiting list changed."""

    offer: Id
    waiting: Annotated[int, doc("The sum of boxes on the waiting list.", 5)]


@kind("rush.began")
class RushBegan(StaffEvent):
    """Devices without a past order buy much of an offer: they need a proof of work for it from now
    on.
    """

    offer: Id
    boxes: Annotated[int, doc("Boxes that devices without a past order took within a minute.", 30)]
    since: Annotated[
        int,
        doc("When the proof became necessary, UTC milliseconds since 1970.", MOMENT),
    ]
    bits: Annotated[int, doc("Proof-of-work difficulty: leading zero bits of SHA-256.", 17)]


@kind("rush.over")
class RushOver(StaffEvent):
    """The rush is over: no proof of work is needed any more."""

    offer: Id


@model
class _Flash(PublicEvent):
    """A flash batch when it is planned and when it starts."""

    flash: Id
    offer: Id
    price: Annotated[Money, doc("The price of a box while the batch runs.")]
    boxes: Annotated[int, doc("Boxes of the batch.", 20)]
    per_buyer: Annotated[int | None, doc("Limit of boxes per buyer, or null.", 2)]
    starts_at: Annotated[int, doc("Start time, UTC milliseconds since 1970.", MOMENT)]
    ends_at: Annotated[int, doc("End time, unless it sells out before.", 1_764_400_600_000)]


@kind("flash.planned")
class FlashPlanned(_Flash):
    """A flash batch was planned: boxes at a price of their own, for a limited time."""


@kind("flash.started")
class FlashStarted(_Flash):
    """A flash batch started."""


@kind("flash.ended")
class FlashEnded(PublicEvent):
    """A flash batch ended or was cancelled."""

    flash: Id
    offer: Id
    sold: Annotated[int, doc("Ordered boxes of the batch.", 20)]
    why: Annotated[
        WhyEnded,
        doc(
            "time, sold_out, host or broadcast; wrong if its price was a mistake; stopped if its "
            "lot was stopped."
        ),
    ]


@kind("flash.corrected")
class FlashCorrected(StaffEvent):
    """The price of an ended flash batch was marked as a mistake."""

    flash: Id
    offer: Id
    price: Annotated[Money, doc("The price of a box while the batch ran.")]
    right: Annotated[Money, doc("The price of its held boxes from now on.")]
    orders: Annotated[int, doc("Orders at its price.", 4)]


@kind("lot.changed")
class LotChanged(PublicEvent):
    """A lot's harvest was corrected, or part of it was thrown away; `stock.changed` has what is
    left of it.
    """

    lot: Id
    harvested_g: Annotated[int, doc("Corrected net weight of the harvest, grams.", 412_000)]
    wasted_g: Annotated[int, doc("Net weight that was thrown away, grams.", 12_000)]


@kind("lot.stopped")
class LotStopped(PublicEvent):
    """A lot was stopped: nothing of it is sold or handed over from now on."""

    lot: Id
    reasons: Annotated[
        Sequence[Reason],
        doc(
            "The reasons. test_missing and certificate_missing name no finding: boxes sold before "
            "are handed over."
        ),
    ]
    again: Annotated[
        bool,
        doc(
            "True if it was already stopped and only the reasons changed, otherwise absent.",
            True,
        ),
    ] = False


@kind("lot.resumed")
class LotResumed(PublicEvent):
    """A stopped lot may be sold again."""

    lot: Id
    sentence: Annotated[
        str | None,
        doc(
            "A coordinator's reason; absent if the lot resumed because a required test or "
            "certificate arrived.",
            "复检合格。",
        ),
    ] = None
    lifted_at: Annotated[
        int | None,
        doc(
            "When the lot was lifted, UTC milliseconds; absent if that is now.",
            MOMENT,
        ),
    ] = None
    tested: Annotated[bool, doc("Whether its latest test was passed.", True)]
