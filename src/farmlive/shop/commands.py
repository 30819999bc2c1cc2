"""The shop's commands, on the live channel and over HTTP; the channel is built with them."""

from typing import Any

from farmlive.commands import IN_BROADCAST, Command, Nothing
from farmlive.shop.checkout.waitlist_models import Waiting, WaitJoin, WaitLeave, Wanted
from farmlive.shop.core.checkout_models import (
    Held,
    HoldDrop,
    HoldPlace,
    NewHold,
    NewOrder,
    OrderPlace,
    PlacedOrder,
)
from farmlive.shop.core.models import (
    Card,
    ChangedOffer,
    NewRelease,
    OfferChange,
    OfferRelease,
    Stock,
)
from farmlive.shop.flash.models import EndOfFlash, Flash, FlashEnd, FlashPlan, NewFlash
from farmlive.shop.orders.correction_models import Corrected, NewCorrection, OfferCorrect
from farmlive.shop.shop import Shop


def commands(shop: Shop) -> list[Command[Any]]:
    """Return the commands of the shop."""
    return [
        Command(
            HoldPlace,
            shop.holds.place,
            result=Held,
            http=f"POST {IN_BROADCAST}/holds",
            body=NewHold,
            operation="holds_place",
            tells=("order.held", "stock.changed"),
        ),
        Command(
            HoldDrop,
            shop.holds.drop,
            result=Nothing,
            http=f"DELETE {IN_BROADCAST}/holds/{{order}}",
            operation="holds_drop",
            tells=("order.cancelled", "stock.changed"),
        ),
        Command(
            OrderPlace,
            shop.till.place,
            result=PlacedOrder,
            http=f"POST {IN_BROADCAST}/orders",
            body=NewOrder,
            operation="orders_place",
            tells=("order.placed", "stock.changed"),
        ),
        Command(
            WaitJoin,
            shop.waitlist.join,
            result=Waiting,
            http=f"PUT {IN_BROADCAST}/waits/{{offer}}",
            body=Wanted,
            operation="waitlist_join",
            tells=("wait.changed",),
        ),
        Command(
            WaitLeave,
            shop.waitlist.leave,
            result=Nothing,
            http=f"DELETE {IN_BROADCAST}/waits/{{offer}}",
            operation="waitlist_leave",
            tells=("wait.changed",),
        ),
        Command(
            OfferRelease,
            shop.bag.release,
            result=Stock,
            http=f"POST {IN_BROADCAST}/offers/{{offer}}/releases",
            body=NewRelease,
            operation="offers_release",
            role="staff",
            tells=("offer.released", "stock.changed"),
        ),
        Command(
            OfferChange,
            shop.bag.change,
            result=Card,
            http=f"PATCH {IN_BROADCAST}/offers/{{offer}}",
            body=ChangedOffer,
            operation="offers_update",
            role="staff",
            tells=("offer.changed",),
        ),
        Command(
            OfferCorrect,
            shop.corrections.correct,
            result=Corrected,
            http=f"POST {IN_BROADCAST}/offers/{{offer}}/corrections",
            body=NewCorrection,
            operation="offers_correct",
            role="staff",
            tells=("offer.changed", "order.held"),
        ),
        Command(
            FlashPlan,
            shop.flashes.plan,
            result=Flash,
            http=f"POST {IN_BROADCAST}/flashes",
            body=NewFlash,
            operation="flashes_create",
            role="staff",
            tells=("flash.planned", "flash.started", "stock.changed"),
        ),
        Command(
            FlashEnd,
            shop.flashes.end,
            result=Flash,
            http=f"POST {IN_BROADCAST}/flashes/{{flash}}/end",
            body=EndOfFlash,
            operation="flashes_end",
            makes=False,
            role="staff",
            tells=("flash.ended", "stock.changed", "flash.corrected", "order.held"),
        ),
    ]
