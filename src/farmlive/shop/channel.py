"""The messages of the live channel that the shop answers; app.py registers them there by type."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from farmlive.people import Caller
from farmlive.shop.models import OfferChange, OfferRelease, OrderPlace
from farmlive.shop.shop import Shop


class Command(NamedTuple):
    """A message type, its shape, what answers it, and who may send it."""

    name: str
    model: type[BaseModel]
    handler: Callable[[Caller, str, Any], Awaitable[dict[str, Any]]]
    who: Literal["anyone", "crew", "staff"] = "anyone"


def commands(shop: Shop) -> list[Command]:
    """The commands of the shop."""

    async def release(caller: Caller, broadcast: str, message: OfferRelease) -> dict[str, Any]:
        return await shop.bag.release(broadcast, message)

    async def change(caller: Caller, broadcast: str, message: OfferChange) -> dict[str, Any]:
        return await shop.bag.change(broadcast, message)

    return [
        Command("order.place", OrderPlace, shop.till.place),
        Command("offer.release", OfferRelease, release, who="staff"),
        Command("offer.change", OfferChange, change, who="staff"),
    ]
