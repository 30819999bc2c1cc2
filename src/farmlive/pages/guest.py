"""The page of a guest: opened by the host's link, without an account.

Owns whether the link works, and the page's first contents; the API gives the camera's key, called
by static/pages/guest/guest.js.
"""

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response

from farmlive.pages.rendering.render import Pages
from farmlive.pages.services import Services
from farmlive.people.core.problems import GuestOver, UnknownGuest

# Whoever has the address is the guest: no other page and no search engine hears of it.
HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


def routes(pages: Pages, services: Services) -> APIRouter:
    """Build the router of the guest's page."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)

    @router.get("/guest/{token}")
    async def guest(token: str, request: Request) -> Response:
        """The page of a guest, from the invitation to on air; 404 or 410 if the link has ended."""
        over: Literal["link", "broadcast", ""] = ""
        status = 200
        broadcast = None
        label = ""
        try:
            found = await services.people.guests.find(token)
            broadcast = await services.broadcasts.get(found.broadcast)
            label = found.label
        except (UnknownGuest, GuestOver) as problem:
            over, status = "link", problem.status
        else:
            if broadcast.state == "ended":
                over, status = "broadcast", 410
        return pages.page(
            request,
            "guest/guest.html",
            status=status,
            cache="no-store",
            headers=HEADERS,
            over=over,
            broadcast=broadcast,
            label=label,
            token=token,
        )

    return router
