"""The pages of the county's records: products, farms, stopped lots, pick-up points, parcel fees,
people, and the caller's own account. audit_page.py has the audit log's.

Owns who may see them and their first contents; lists and changes go through the API.
"""

from io import BytesIO
from typing import Annotated

import segno
from fastapi import APIRouter, Body, Depends, Request
from fastapi.responses import Response

from farmlive.edge.hosts import own_url
from farmlive.money import decimals
from farmlive.pages.entry import find_own_farm, redirect_of
from farmlive.pages.rendering.render import Pages
from farmlive.pages.services import Services
from farmlive.people import Caller
from farmlive.people.core.roles import GROWERS, ROLES, STAFF
from farmlive.settings import Settings


def routes(pages: Pages, services: Services, settings: Settings) -> APIRouter:
    """Build the router of these pages."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(services.guard.anyone)
    places = decimals(settings.currency)

    def add(path: str, template: str, roles: tuple[str, ...], what: str) -> None:
        """Add a page that is the same for all who may see it; `what` is its line in
        docs/routes.md.
        """

        async def page(request: Request, caller: Annotated[Caller, anyone]) -> Response:
            return redirect_of(request, caller, roles) or pages.page(
                request,
                template,
                cache="no-store",
                caller=caller,
                decimals=places,
                backup_days=settings.backup_days,
            )

        page.__doc__ = what
        router.add_api_route(path, page, methods=["GET"], name=template)

    add("/studio/products", "admin/products.html", GROWERS, "The page of products.")
    add("/studio/farms", "admin/farms.html", GROWERS, "The page of farms and harvests.")
    add("/studio/centres", "admin/centres.html", STAFF, "The pick-up points.")
    add("/studio/fees", "admin/fees.html", STAFF, "What a parcel costs, by region.")
    # A host finds there who is blocked and who was turned away.
    add("/studio/people", "admin/people.html", STAFF, "The page of accounts, keys and blocks.")
    add(
        "/studio/people/buyers",
        "admin/buyers.html",
        ("coordinator",),
        "The page of a buyer's data.",
    )
    add("/studio/account", "admin/account.html", ROLES, "The page of one's own account.")

    @router.get("/studio/farms/{farm}")
    async def farm_page(farm: str, request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The studio's page of a farm: its plots and works, its lots."""
        return redirect_of(request, caller, GROWERS) or pages.page(
            request,
            "admin/farm.html",
            cache="no-store",
            caller=caller,
            farm=await find_own_farm(services, caller, farm),
        )

    @router.get("/studio/lots/{lot}")
    async def stopped_lot(
        lot: str, request: Request, caller: Annotated[Caller, anyone]
    ) -> Response:
        """The studio's page of a stopped lot: why, the lift, and its orders."""
        return redirect_of(request, caller, STAFF) or pages.page(
            request,
            "admin/lot.html",
            cache="no-store",
            caller=caller,
            decimals=places,
            story=await services.origin.story(lot),
        )

    @router.get("/studio/farms/{farm}/harvest")
    async def harvest(farm: str, request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The studio's page to record a harvest in four fields, for a phone in the orchard."""
        return redirect_of(request, caller, GROWERS) or pages.page(
            request,
            "admin/harvest.html",
            cache="no-store",
            caller=caller,
            farm=await find_own_farm(services, caller, farm),
            plots=await services.origin.plots(farm),
        )

    @router.post("/studio/qr")
    async def qr(
        path: Annotated[
            str, Body(embed=True, max_length=300, pattern=r"^/([\x21-\x2e\x30-\x7e][\x21-\x7e]*)?$")
        ],
        request: Request,
        caller: Annotated[Caller, anyone],
    ) -> Response:
        """Draw a path of this server as a QR code; in a body, so that no log has it."""
        redirect = redirect_of(request, caller, ROLES)
        if redirect is not None:
            return redirect
        address = own_url(settings, request.scope)
        drawn = BytesIO()
        segno.make(address + path, error="m").save(drawn, kind="svg", scale=8, border=2)
        headers = {"Cache-Control": "no-store"}
        return Response(drawn.getvalue(), media_type="image/svg+xml", headers=headers)

    return router
