"""The routes of the public pages: start, live, design, signing in. Those of an order, of what is
kept of a buyer, of privacy and of origin have files of their own, which this one includes.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from farmlive.pages import order, origin, person, privacy
from farmlive.pages.rendering.render import Pages
from farmlive.pages.services import Services
from farmlive.pages.share_card import share_card
from farmlive.pages.shared import SharedPage, forget_on
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.shop.core.models import Card

# How many past broadcasts the start page names, and how many products of a live one it shows.
PAST = 6
SHOWN = 3


def routes(
    pages: Pages, services: Services, settings: Settings, person_page: person.PersonPage
) -> APIRouter:
    """Build the router."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    router.include_router(_viewers(pages, services, settings))
    # Before the order's own, of which an address may have one part more, too.
    router.include_router(person.routes(pages, services, person_page))
    router.include_router(order.routes(pages, services, settings))
    router.include_router(origin.routes(pages, services))
    router.include_router(privacy.routes(pages, services, settings))
    return router


def _notices(settings: Settings) -> dict[str, object] | None:
    """Return the notice about messages that a buyer reads before ordering; None if none are
    sent.
    """
    if not settings.notices:
        return None
    return {
        "hour": settings.notices_per_hour,
        "day": settings.notices_per_day,
        "prefixes": list(filter(None, settings.notice_prefixes)),
    }


def start_page(pages: Pages, services: Services) -> APIRouter:
    """Build the router of the start page, which is requested most."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(services.guard.anyone)

    async def shown(_key: str, _caller: Caller) -> dict[str, Any]:
        found = await services.broadcasts.all()
        live, coming, past = (
            [broadcast for broadcast in found if broadcast.state == state]
            for state in ("live", "scheduled", "ended")
        )
        bags: dict[str, Sequence[Card]] = {
            broadcast.id: (await services.shop.bag.cards(broadcast.id))[:SHOWN]
            for broadcast in (*live, *coming, *past[:PAST])
        }
        farms = {
            broadcast: await services.origin.farm(cards[0].lot.farm.id) if cards else None
            for broadcast, cards in bags.items()
        }
        # A broadcast with something to show comes first, not one with a note or without products.
        live.sort(key=lambda broadcast: (broadcast.note is not None, not bags[broadcast.id]))
        # One whose time is not set may be far off.
        coming.sort(key=lambda broadcast: broadcast.starts_at is None)
        return {
            "seen": ",".join(f"{broadcast.id} {broadcast.state}" for broadcast in found),
            "live": live,
            "bags": bags,
            "farms": farms,
            "viewers": {each.id: services.broadcasts.viewers(each.id) for each in live},
            "coming": coming,
            "past": past[:PAST],
        }

    page = SharedPage(pages, "start.html", "/", shown)

    @router.get("/")
    async def start(request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The start page: what is live, next and past."""
        return await page.answer(request, caller)

    return router


def _viewers(pages: Pages, services: Services, settings: Settings) -> APIRouter:
    router = APIRouter()
    anyone = Depends(services.guard.anyone)

    async def shown(broadcast: str, caller: Caller) -> dict[str, Any]:
        found = await services.broadcasts.get(broadcast)
        return {
            "broadcast": found,
            "bag": await services.shop.bag.cards(broadcast),
            "share": await share_card(pages, services, settings, found),
            # A clerk orders for who fetches it where the clerk is.
            "centres": [
                centre.model_dump(mode="json")
                for centre in await services.shop.centres()
                if caller.role != "clerk" or caller.may_hand_over_at(centre.id)
            ],
            # Staff and clerks order more than one order has.
            "order_boxes": (
                None if caller.is_staff or caller.role == "clerk" else settings.order_boxes
            ),
            # An address for mail is asked of nobody to whom none is sent.
            "receipts": "smtp" in settings.notices,
            "notices": _notices(settings),
        }

    live_page = SharedPage(pages, "live.html", "/live/{}", shown)
    forget_on(services.bus, "broadcast.", live_page)

    @router.get("/live/{broadcast}")
    async def live(broadcast: str, request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The live page of a broadcast."""
        return await live_page.answer(request, caller, broadcast)

    @router.get("/sign-in")
    async def sign_in(
        request: Request,
        caller: Annotated[Caller, anyone],
        next_: Annotated[str, Query(alias="next")] = "/studio",
    ) -> Response:
        """The page to sign in; it forwards someone who is signed in."""
        onward = next_ if _is_own_path(next_) else "/studio"
        if caller.role is not None and not caller.simulated:
            return RedirectResponse(onward, status_code=303)
        async with pages.turn():
            return pages.page(
                request, "sign-in.html", cache="no-store", caller=caller, onward=onward
            )

    @router.get("/design")
    async def design(
        request: Request,
        caller: Annotated[Caller, anyone],
        theme: Literal["light", "dark"] | None = None,
    ) -> Response:
        """The page of every component in each of its states."""
        async with pages.turn():
            return pages.page(request, "design.html", caller=caller, theme=theme)

    return router


def to_sign_in(request: Request) -> Response:
    """Redirect to signing in, and back to this page afterwards."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(here, safe='')}", status_code=303)


def _is_own_path(path: str) -> bool:
    """Return whether a path leads to this server and nowhere else."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
