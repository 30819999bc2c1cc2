"""The studio's pages: the list of broadcasts, preparing one, and the console of one.

Owns who may see them and what they start with; everything that changes goes through the API and
the channel, called by the scripts under web/static/studio.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from farmlive.clock import now_ms
from farmlive.money import decimals
from farmlive.pages.formats import Formats
from farmlive.pages.languages import DEFAULT
from farmlive.pages.render import Pages
from farmlive.pages.rooms import Rooms
from farmlive.pages.routes import to_sign_in
from farmlive.people import Caller
from farmlive.settings import Settings


def routes(pages: Pages, rooms: Rooms, settings: Settings) -> APIRouter:
    """Build the router of the studio."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(rooms.guard.anyone)
    places = decimals(settings.currency)

    @router.get("/studio")
    async def studio(request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The broadcasts; on an empty server the way to the first one."""
        if not caller.is_staff:
            return to_sign_in(request)
        return pages.page(
            request,
            "studio.html",
            cache="no-store",
            caller=caller,
            broadcasts=await rooms.broadcasts.all(),
        )

    @router.get("/studio/new")
    async def new(request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The first step: a title and a time."""
        return await prepared(request, caller, None)

    @router.get("/studio/{broadcast}/prepare")
    async def prepare(
        broadcast: str, request: Request, caller: Annotated[Caller, anyone]
    ) -> Response:
        """The other steps: farm, lot, product, pick-up point."""
        return await prepared(request, caller, broadcast)

    async def prepared(request: Request, caller: Caller, broadcast: str | None) -> Response:
        if not caller.is_staff:
            return to_sign_in(request)
        found = None if broadcast is None else await rooms.broadcasts.get(broadcast)
        if found is not None and found.state == "ended":
            return RedirectResponse(f"/studio/{found.id}", status_code=303)
        return pages.page(
            request,
            "studio_prepare.html",
            cache="no-store",
            caller=caller,
            broadcast=found,
            decimals=places,
            today_code=_today(settings),
        )

    @router.get("/studio/{broadcast}")
    async def console(
        broadcast: str, request: Request, caller: Annotated[Caller, anyone]
    ) -> Response:
        """The console of one broadcast."""
        if not caller.is_staff:
            return to_sign_in(request)
        return pages.page(
            request,
            "studio_console.html",
            cache="no-store",
            caller=caller,
            broadcast=await rooms.broadcasts.get(broadcast),
        )

    return router


def _today(settings: Settings) -> str:
    """The day as four digits, `1125`: a lot's code where nothing better is at hand."""
    day = Formats(DEFAULT, settings.time_zone).iso(now_ms())
    return day[5:7] + day[8:10]
