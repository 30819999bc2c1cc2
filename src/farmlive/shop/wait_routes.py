"""The addresses of waiting lists, and of what was ordered at a wrong price. No logic."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response

from farmlive import paging
from farmlive.broadcast.log import UnknownBroadcast
from farmlive.contracts import raises
from farmlive.people import Caller, Guard
from farmlive.shop.correction import NeverMispriced
from farmlive.shop.correction_models import Mispriced
from farmlive.shop.fields import Identifier, Key
from farmlive.shop.problems import NoSuchOffer
from farmlive.shop.shop import Shop
from farmlive.shop.wait_models import Waiting, WaitJoin, WaitLeave, WaitList, Wanted


def _private(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


def routes(shop: Shop, guard: Guard) -> APIRouter:
    """The router of waiting lists and wrong prices."""
    router = APIRouter(prefix="/api/v1/broadcasts/{broadcast}")
    private = [Depends(_private)]
    anyone = Depends(guard.anyone)
    staff = Depends(guard.staff)

    @router.get("/waits", dependencies=private, operation_id="waitlist_list")
    @raises(UnknownBroadcast)
    async def list_waits(
        broadcast: str, caller: Annotated[Caller, anyone], page: paging.Asked
    ) -> WaitList:
        """What this device waits for."""
        found = await shop.waits.own(caller, broadcast)
        rows, following = page.part(found, lambda wait: wait.offer)
        return WaitList(waits=rows, next=following)

    @router.put("/waits/{offer}", response_model=Waiting, operation_id="waitlist_join")
    @raises(shop.waits.join)
    async def join_waits(
        broadcast: str,
        offer: Identifier,
        wanted: Wanted,
        caller: Annotated[Caller, anyone],
        key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None,
    ) -> dict[str, Any]:
        """Wait for so many of an offer, as `wait.join` does."""
        request = WaitJoin(offer=offer, key=key, **dict(wanted))
        return await shop.waits.join(caller, broadcast, request)

    @router.delete("/waits/{offer}", status_code=204, operation_id="waitlist_leave")
    @raises(shop.waits.leave)
    async def leave_waits(
        broadcast: str, offer: Identifier, caller: Annotated[Caller, anyone]
    ) -> None:
        """Wait for an offer no more, as `wait.leave` does."""
        await shop.waits.leave(caller, broadcast, WaitLeave(offer=offer))

    @router.get(
        "/offers/{offer}/mispriced", dependencies=private, operation_id="offers_list_mispriced"
    )
    @raises(UnknownBroadcast, NoSuchOffer, NeverMispriced)
    async def list_mispriced(
        broadcast: str, offer: Identifier, _caller: Annotated[Caller, staff]
    ) -> Mispriced:
        """What was ordered at each wrong price of the offer, and what can be done with it."""
        return await shop.corrections.mispriced(broadcast, offer)

    return router
