"""The review's pages: which broadcasts there are to review, what one of them sold, and its lists.

Owns who is led where; what is counted and who may read which sheet is the review room's.
"""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from farmlive.broadcast.models import Broadcast
from farmlive.pages.languages import language_of
from farmlive.pages.render import HEADERS, Pages
from farmlive.pages.rooms import Rooms
from farmlive.pages.routes import to_sign_in
from farmlive.people import Caller
from farmlive.problems import Forbidden
from farmlive.review.files import as_csv, as_xlsx
from farmlive.review.readers import LISTS, farms_of, sheets_of
from farmlive.review.review import TITLES
from farmlive.settings import Settings

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def routes(pages: Pages, rooms: Rooms, settings: Settings) -> APIRouter:
    """Build the router of the review's pages."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(rooms.guard.anyone)

    @router.get("/review")
    async def reviews(request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """Which broadcasts there are to review."""
        if caller.role is None:
            return to_sign_in(request)
        readable = sheets_of(caller)
        if not readable:
            raise Forbidden("Nothing is shown: reviews are for coordinators, hosts and sellers.")
        own = caller.farms if caller.role == "seller" else None
        sold = await rooms.review.totals(own)
        found: list[Broadcast] = [
            broadcast
            for broadcast in await rooms.broadcasts.all()
            if broadcast.state != "scheduled" and (own is None or broadcast.id in sold)
        ]
        return pages.page(
            request,
            "reviews.html",
            cache="no-store",
            caller=caller,
            broadcasts=found,
            sold=sold,
            lists_only="sales" not in readable,
        )

    @router.get("/review/{broadcast}")
    async def review(
        broadcast: str,
        request: Request,
        caller: Annotated[Caller, anyone],
        farm: str | None = None,
    ) -> Response:
        """What a broadcast sold."""
        if caller.role is None:
            return to_sign_in(request)
        if caller.role == "clerk":
            return RedirectResponse(f"/review/{broadcast}/lists/hand-over", status_code=303)
        report = await rooms.review.of(broadcast, farms_of(caller, farm))
        return pages.page(
            request,
            "review.html",
            cache="no-store",
            caller=caller,
            broadcast=await rooms.broadcasts.get(broadcast),
            report=report,
            offers={offer.id: offer for offer in report.offers},
            lots={lot.id: lot for lot in report.lots},
            farms={farm.id: farm for farm in report.farms},
            sheets=sheets_of(caller),
            lists=LISTS,
        )

    @router.get("/review/{broadcast}/lists/{name}")
    async def working_list(
        broadcast: str,
        name: Literal["pick-list", "hand-over", "packing", "settlement"],
        request: Request,
        caller: Annotated[Caller, anyone],
        farm: str | None = None,
    ) -> Response:
        """A list to work by, each farm's or pick-up point's on a page of its own in print."""
        if caller.role is None:
            return to_sign_in(request)
        language = language_of(request)
        return pages.page(
            request,
            "review_list.html",
            cache="no-store",
            headers={"X-Robots-Tag": "noindex"},
            caller=caller,
            broadcast=await rooms.broadcasts.get(broadcast),
            sheet=await rooms.review.sheet(caller, broadcast, name, language, farm),
            sheets=sheets_of(caller),
            lists=LISTS,
            titles=TITLES,
        )

    @router.get("/review/{broadcast}/sheets/{name}.{form}")
    async def sheet(
        broadcast: str,
        name: str,
        form: Literal["csv", "xlsx"],
        request: Request,
        caller: Annotated[Caller, anyone],
        farm: str | None = None,
    ) -> Response:
        """A sheet as a file, in the visitor's language."""
        if caller.role is None:
            return to_sign_in(request)
        language = language_of(request)
        made = await rooms.review.sheet(caller, broadcast, name, language, farm)
        write = as_csv if form == "csv" else as_xlsx
        content = await asyncio.to_thread(write, made, settings.time_zone)
        return Response(
            content,
            media_type=_TYPES[form],
            headers={
                **HEADERS,
                "Cache-Control": "no-store",
                "Content-Disposition": f'attachment; filename="{name}-{broadcast}.{form}"',
            },
        )

    return router
