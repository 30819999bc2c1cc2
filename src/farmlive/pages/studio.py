"""The studio's pages of broadcasts: the start page of each role, preparing, bag, console, orders.

Owns who may see them and their first contents; changes go through the API and the channel, called
by the scripts in web/static/pages.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from farmlive.clock import now_ms
from farmlive.money import decimals
from farmlive.pages import admin, audit_page, desk, entry, guest
from farmlive.pages.entry import redirect_of
from farmlive.pages.rendering.formats import Formats
from farmlive.pages.rendering.languages import DEFAULT
from farmlive.pages.rendering.render import Pages
from farmlive.pages.services import Services
from farmlive.people import Caller
from farmlive.people.core.roles import CREW, ROLES, STAFF
from farmlive.settings import Settings

HOMES = {
    "moderator": "studio/moderator.html",
    "seller": "studio/seller.html",
    "clerk": "studio/clerk.html",
}


def routes(pages: Pages, services: Services, settings: Settings) -> APIRouter:
    """Build the router of the studio: all pages behind a sign-in, and the way in."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    router.include_router(entry.routes(pages, services))
    router.include_router(guest.routes(pages, services))
    # Before the broadcasts': /studio/products is no broadcast.
    router.include_router(admin.routes(pages, services, settings))
    router.include_router(audit_page.routes(pages, services, settings))
    router.include_router(desk.routes(pages, services, settings))
    router.include_router(_broadcasts(pages, services, settings))
    return router


def _broadcasts(pages: Pages, services: Services, settings: Settings) -> APIRouter:
    router = APIRouter()
    anyone = Depends(services.guard.anyone)
    places = decimals(settings.currency)

    @router.get("/studio")
    async def studio(request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The studio's start page; on an empty server it leads to the first broadcast."""
        redirect = redirect_of(request, caller, ROLES)
        if redirect is not None:
            return redirect
        farms = await services.origin.farms() if caller.role == "seller" else []
        stopped_lots = await services.origin.stopped_lots() if caller.is_staff else []
        # One with a note is none that sells: it stands after the others of its state.
        broadcasts = sorted(await services.broadcasts.all(), key=lambda each: each.note is not None)
        return pages.page(
            request,
            HOMES.get(caller.role or "", "studio/home.html"),
            cache="no-store",
            caller=caller,
            broadcasts=broadcasts,
            farms=[farm for farm in farms if caller.may_manage_farm(farm.id)],
            stopped_lots=stopped_lots,
        )

    @router.get("/studio/new")
    async def new(request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The studio's page to schedule a broadcast: a title and a time."""
        return await prepared(request, caller, None)

    @router.get("/studio/{broadcast}/prepare")
    async def prepare(
        broadcast: str, request: Request, caller: Annotated[Caller, anyone]
    ) -> Response:
        """The studio's page to prepare a broadcast: farm, lot, product, pick-up point."""
        return await prepared(request, caller, broadcast)

    async def prepared(request: Request, caller: Caller, broadcast: str | None) -> Response:
        redirect = redirect_of(request, caller, STAFF)
        if redirect is not None:
            return redirect
        found = None if broadcast is None else await services.broadcasts.get(broadcast)
        if found is not None and found.state == "ended":
            return RedirectResponse(f"/studio/{found.id}", status_code=303)
        return pages.page(
            request,
            "admin/prepare.html",
            cache="no-store",
            caller=caller,
            broadcast=found,
            decimals=places,
            today_code=_today(settings),
        )

    async def of_one(
        request: Request,
        caller: Caller,
        broadcast: str,
        template: str,
        roles: tuple[str, ...],
    ) -> Response:
        return redirect_of(request, caller, roles) or pages.page(
            request,
            template,
            cache="no-store",
            caller=caller,
            broadcast=await services.broadcasts.get(broadcast),
            decimals=places,
        )

    @router.get("/studio/{broadcast}/bag")
    async def bag(broadcast: str, request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The studio's page of a broadcast's bag: offers, order and prices."""
        return await of_one(request, caller, broadcast, "admin/bag.html", STAFF)

    @router.get("/studio/{broadcast}/orders")
    async def orders(
        broadcast: str, request: Request, caller: Annotated[Caller, anyone]
    ) -> Response:
        """The studio's order desk of a broadcast."""
        roles = (*STAFF, "seller", "clerk")
        return await of_one(request, caller, broadcast, "orders/orders.html", roles)

    @router.get("/studio/{broadcast}")
    async def console(
        broadcast: str, request: Request, caller: Annotated[Caller, anyone]
    ) -> Response:
        """The studio's console of a broadcast."""
        return await of_one(request, caller, broadcast, "console/console.html", CREW)

    return router


def _today(settings: Settings) -> str:
    """Return the day as four digits, `1125`: a lot's default code."""
    day = Formats(DEFAULT, settings.time_zone).iso(now_ms())
    return day[5:7] + day[8:10]
