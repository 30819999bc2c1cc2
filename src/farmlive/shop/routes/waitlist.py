"""Routes of waiting lists, and of orders at a wrong price. No logic."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.edge import paging
from farmlive.edge.contracts import by_device, raises
from farmlive.people import Caller, Guard
from farmlive.shop.checkout.waitlist_models import WaitList
from farmlive.shop.core.fields import Identifier
from farmlive.shop.core.problems import NoSuchOffer
from farmlive.shop.orders.correction_models import Mispriced
from farmlive.shop.orders.price_correction import NeverMispriced
from farmlive.shop.shop import Shop


def _private(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


def routes(shop: Shop, guard: Guard) -> APIRouter:
    """Return the router of waiting lists and wrong prices."""
    router = APIRouter(prefix="/api/v1/broadcasts/{broadcast}")
    private = [Depends(_private)]
    anyone = Depends(guard.anyone)
    staff = Depends(guard.staff)

    @router.get("/waits", dependencies=private, operation_id="waitlist_list")
    @by_device
    @raises(UnknownBroadcast)
    async def list_waits(
        broadcast: str, caller: Annotated[Caller, anyone], page: paging.PageParams
    ) -> WaitList:
        """List the waiting lists that this device is on."""
        found = await shop.waitlist.own(caller, broadcast)
        rows, following = page.slice(found, lambda wait: wait.offer)
        return WaitList(waits=rows, next=following)

    @router.get(
        "/offers/{offer}/mispriced", dependencies=private, operation_id="offers_list_mispriced"
    )
    @raises(UnknownBroadcast, NoSuchOffer, NeverMispriced)
    async def list_mispriced(
        broadcast: str, offer: Identifier, _caller: Annotated[Caller, staff]
    ) -> Mispriced:
        """List the orders at each wrong price of an offer, and what can be done with them."""
        return await shop.corrections.mispriced(broadcast, offer)

    return router
