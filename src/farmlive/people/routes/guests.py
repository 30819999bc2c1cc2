"""The routes of guests: their links, for the host, and the stream key, for a holder of the link.

No logic.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from farmlive.clock import rfc3339
from farmlive.edge import paging
from farmlive.edge.contracts import raises
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import GuestOver, ShutOut, UnknownGuest
from farmlive.people.guard import Guard
from farmlive.people.keys import models
from farmlive.people.keys.guests import Guest
from farmlive.people.keys.sources import BroadcastState
from farmlive.people.people import People
from farmlive.people.routes.keys import PRIVATE
from farmlive.problems import BroadcastEnded, TooMany, UnknownSource


def routes(people: People, guard: Guard, broadcast_state: BroadcastState) -> APIRouter:
    """Build the router; `broadcast_state` checks whether a broadcast accepts guests."""
    router = APIRouter()
    staff = Depends(guard.staff)
    guests = people.guests

    @router.post("/broadcasts/{broadcast}/guests", status_code=201, operation_id="guests_invite")
    @raises(BroadcastEnded, ShutOut, broadcast_state)
    async def invite_guest(
        broadcast: str,
        body: models.NewGuest,
        response: Response,
        caller: Annotated[Caller, staff],
    ) -> models.MadeGuest:
        """Make a link by which a guest sends a camera; it is returned only once."""
        guest, token = await guests.invite(caller, broadcast, body.label, broadcast_state)
        response.headers.update(PRIVATE)
        return models.MadeGuest(**_guest(guest), url=f"/guest/{token}")

    @router.get("/broadcasts/{broadcast}/guests", dependencies=[staff], operation_id="guests_list")
    @raises(broadcast_state)
    async def list_guests(broadcast: str, page: paging.PageParams) -> models.GuestList:
        """List the guests with working links, without the links."""
        found = await guests.list_guests(broadcast, broadcast_state)
        rows, following = page.slice(found, lambda guest: guest.id)
        return models.GuestList(
            guests=[models.GuestAnswer(**_guest(guest)) for guest in rows], next=following
        )

    @router.delete(
        "/broadcasts/{broadcast}/guests/{guest}", status_code=204, operation_id="guests_end"
    )
    @raises(UnknownGuest)
    async def end_guest(broadcast: str, guest: str, caller: Annotated[Caller, staff]) -> None:
        """End a guest's link and what the guest sends."""
        await guests.end(caller, broadcast, guest)

    @router.post(
        "/guests/{token}/stream-key", status_code=201, operation_id="guests_create_stream_key"
    )
    @raises(
        BroadcastEnded,
        UnknownGuest,
        GuestOver,
        UnknownSource,
        TooMany,
        broadcast_state,
    )
    async def mint_guest_key(
        token: str, response: Response, caller: Annotated[Caller, Depends(guard.anyone)]
    ) -> models.GuestKey:
        """Make a guest's stream key, for anyone who has the link; it replaces the one before."""
        guest, key, secret = await guests.stream_key(caller, token, broadcast_state)
        response.headers.update(PRIVATE)
        return models.GuestKey(
            key=secret,
            broadcast=guest.broadcast,
            source=key.source,
            label=guest.label,
            whip=f"/whip/{guest.broadcast}",
            expires_at=rfc3339(guest.expires_at),
        )

    return router


def _guest(guest: Guest) -> dict[str, Any]:
    return {
        "id": guest.id,
        "source": guest.source,
        "label": guest.label,
        "created_at": rfc3339(guest.created_at),
        "expires_at": rfc3339(guest.expires_at),
    }
