"""The review's pages: which broadcasts there are to review, and what one of them sold.

Owns who may see them and what they start with; what is counted, and how, is the review room's.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from farmlive.broadcast.models import Broadcast
from farmlive.pages.render import Pages
from farmlive.pages.rooms import Rooms
from farmlive.pages.routes import to_sign_in
from farmlive.people import Caller


def routes(pages: Pages, rooms: Rooms) -> APIRouter:
    """Build the router of the review's pages."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(rooms.guard.anyone)

    @router.get("/review")
    async def reviews(request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """Which broadcasts there are to review."""
        if not caller.is_staff:
            return to_sign_in(request)
        found: list[Broadcast] = [
            broadcast
            for broadcast in await rooms.broadcasts.all()
            if broadcast.state != "scheduled"
        ]
        return pages.page(
            request, "reviews.html", cache="no-store", caller=caller, broadcasts=found
        )

    @router.get("/review/{broadcast}")
    async def review(
        broadcast: str, request: Request, caller: Annotated[Caller, anyone]
    ) -> Response:
        """What a broadcast sold."""
        if not caller.is_staff:
            return to_sign_in(request)
        report = await rooms.review.of(broadcast)
        return pages.page(
            request,
            "review.html",
            cache="no-store",
            caller=caller,
            broadcast=await rooms.broadcasts.get(broadcast),
            report=report,
            lots={lot.id: lot for lot in report.lots},
            farms={farm.id: farm for farm in report.farms},
        )

    return router
