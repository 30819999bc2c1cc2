"""The messages of the live channel that the shop answers; app.py registers them there by type."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from farmlive.people import Caller
from farmlive.shop.correction_models import OfferCorrect
from farmlive.shop.flash_models import FlashEnd, FlashPlan
from farmlive.shop.models import OfferChange, OfferRelease
from farmlive.shop.order_models import HoldDrop, HoldPlace, OrderPlace
from farmlive.shop.shop import Shop
from farmlive.shop.wait_models import WaitJoin, WaitLeave


class Command(NamedTuple):
    """A message type, its shape, what answers it, and who may send it."""

    name: str
    model: type[BaseModel]
    handler: Callable[[Caller, str, Any], Awaitable[dict[str, Any]]]
    who: Literal["anyone", "crew", "staff"] = "anyone"


def commands(shop: Shop) -> list[Command]:
    """The commands of the shop."""
    return [
        Command("hold.place", HoldPlace, shop.holds.place),
        Command("hold.drop", HoldDrop, shop.holds.drop),
        Command("order.place", OrderPlace, shop.till.place),
        Command("wait.join", WaitJoin, shop.waits.join),
        Command("wait.leave", WaitLeave, shop.waits.leave),
        Command("offer.release", OfferRelease, shop.bag.release, who="staff"),
        Command("offer.change", OfferChange, shop.bag.change, who="staff"),
        Command("flash.plan", FlashPlan, shop.flashes.plan, who="staff"),
        Command("flash.end", FlashEnd, shop.flashes.end, who="staff"),
        Command("offer.correct", OfferCorrect, shop.corrections.correct, who="staff"),
    ]
