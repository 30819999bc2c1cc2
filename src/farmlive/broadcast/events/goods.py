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
        int | None, doc("Its place in the bag, from 1; older logs don't say it.", 1)
    ] = None
    name: Text
    unit: Annotated[Text, doc("What a box is called.")]
    net_weight_g: Annotated[int, doc("Net weight of a box, grams.", 2_500)]
    price: Money
    list_price: Annotated[Money | None, doc("The higher price struck out beside it, or null.")]
    picture: Annotated[str | None, _PICTURE]
    gtin: Annotated[str | None, doc("The GTIN of a box, or null.", "06900000000013")]
    lot: CardLot
    released: Annotated[int, doc("How many boxes may be sold in all.", 40)]
    sold: Annotated[int | None, doc("How many were ordered.", 0)] = None
    held: Annotated[int | None, doc("How many are kept for buyers.", 0)] = None
    kept: Annotated[int | None, doc("How many are kept for a flash batch.", 0)] = None
    left: Annotated[int, doc("How many can be had.", 40)]
    waiting: Annotated[int | None, doc("How many boxes are waited for.", 0)] = None
    flash: Annotated[
        CardFlash | LeftOut | None, doc("Its flash batch, planned or running, or null.")
    ] = LEFT_OUT


@kind("offer.changed")
class OfferChanged(PublicEvent):
    """An offer's card changed; the event has only the changed fields."""

    offer: Id
    price: Annotated[Money | None, doc("From now on.")] = None
    list_price: Annotated[Money | LeftOut | None, doc("Null where it was taken away.")] = LEFT_OUT
    position: Annotated[int | None, doc("Its place in the bag, from 1.", 2)] = None
    name: Annotated[Text | None, doc("In both languages.")] = None
    picture: Annotated[str | LeftOut | None, _PICTURE] = LEFT_OUT
    corrected: Annotated[
        bool, doc("True where the price before was a mistake, else left out.", True)
    ] = False


@kind("offer.released")
class OfferReleased(PublicEvent):
    """Boxes of an offer were released or withdrawn; a `stock.changed` follows."""

    offer: Id
    quantity: Annotated[
        int, doc("How many more may be sold; below zero so many were taken back.", 20)
    ]
    released: Annotated[int, doc("How many may be sold in all.", 60)]


@kind("stock.changed")
class StockChanged(PublicEvent):
    """The stock of an offer changed, or that of its lot; the event has the new values."""

    offer: Id
    released: Annotated[
        int, doc("How many may be sold in all: sold, held, kept and left together.", 60)
    ]
    sold: Annotated[int, doc("How many were ordered.", 12)]
    held: Annotated[int | None, doc("How many are kept for buyers who write their order.", 3)] = (
        None
    )
    kept: Annotated[int | None, doc("How many can be had of the flash batch that runs.", 0)] = None
    left: Annotated[int, doc("How many can be had else, as far as the lot holds them.", 45)]
    lot: Annotated[str | None, doc("The id of the lot that the offer draws on.", ULID)] = None
    lot_sold_g: Annotated[
        int | None,
        doc("Net weight sold of that lot, grams, by all offers that draw on it.", 30_000),
    ] = None
    lot_left_g: Annotated[
        int | None,
        doc("Net weight of that lot that can still be had, by all of them together.", 112_500),
    ] = None


@kind("wait.changed")
class WaitChanged(PublicEvent):
    """The number of boxes on an offer's waiting list changed."""

    offer: Id
    waiting: Annotated[int, doc("How many boxes those want together who wait for it.", 5)]


@kind("rush.began")
class RushBegan(StaffEvent):
    """Devices without a past order buy much of an offer: they need a proof of work for it from now
    on.
    """

    offer: Id
    boxes: Annotated[
        int, doc("How many of it devices without a past order took within a minute.", 30)
    ]
    since: Annotated[
        int,
        doc("When they need the proof from, UTC milliseconds since 1970.", MOMENT),
    ]
    bits: Annotated[int, doc("How many zero bits the proof's SHA-256 begins with.", 17)]


@kind("rush.over")
class RushOver(StaffEvent):
    """The rush is over: no proof of work is needed any more."""

    offer: Id


@model
class _Flash(PublicEvent):
    """A flash batch when it is planned and when it starts."""

    flash: Id
    offer: Id
    price: Annotated[Money, doc("For one box of the batch while it runs.")]
    boxes: Annotated[int, doc("How many it has.", 20)]
    per_buyer: Annotated[int | None, doc("How many of them one buyer may have, or null.", 2)]
    starts_at: Annotated[int, doc("When it starts, or did, UTC milliseconds since 1970.", MOMENT)]
    ends_at: Annotated[
        int, doc("When it ends, as far as it is not sold out before.", 1_764_400_600_000)
    ]


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
    sold: Annotated[int, doc("How many of its boxes were ordered.", 20)]
    why: Annotated[
        WhyEnded,
        doc(
            "time, sold_out, host or broadcast; wrong, where its price was a mistake; or stopped, "
            "where its lot was."
        ),
    ]


@kind("flash.corrected")
class FlashCorrected(StaffEvent):
    """The price of an ended flash batch was marked as a mistake."""

    flash: Id
    offer: Id
    price: Annotated[Money, doc("For one box of it while it ran.")]
    right: Annotated[Money, doc("The price at which its boxes are held from now on.")]
    orders: Annotated[int, doc("How many were taken at its price.", 4)]


@kind("lot.changed")
class LotChanged(PublicEvent):
    """A lot's harvest was corrected, or part of it was thrown away; `stock.changed` has what is
    left of it.
    """

    lot: Id
    harvested_g: Annotated[
        int, doc("Net weight harvested, grams, as it is recorded from now on.", 412_000)
    ]
    wasted_g: Annotated[int, doc("Net weight of it that was thrown away.", 12_000)]


@kind("lot.stopped")
class LotStopped(PublicEvent):
    """A lot was stopped: nothing of it is sold or handed over from now on."""

    lot: Id
    reasons: Annotated[
        Sequence[Reason],
        doc(
            "Why; a test_missing or certificate_missing names no finding: what was sold before is "
            "handed over."
        ),
    ]
    again: Annotated[
        bool,
        doc(
            "True where it was stopped already, and the reasons are others now; else left out.",
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
            "Why, in a coordinator's words; left out where none lifted it, but a test or a "
            "certificate came that the county asks for.",
            "复检合格。",
        ),
    ] = None
    lifted_at: Annotated[
        int | None,
        doc(
            "When that was said, UTC milliseconds; left out where it is said now.",
            MOMENT,
        ),
    ] = None
    tested: Annotated[bool, doc("Whether its latest test was passed.", True)]
