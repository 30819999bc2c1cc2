"""The pages of origin: where a lot comes from, and the farm that grew it.

What is told is origin's, how much of a lot is sold too; what a broadcast is called is its own.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.broadcast.models import Broadcast
from farmlive.origin.story.models import Story
from farmlive.pages.rendering.render import Pages
from farmlive.pages.services import Services
from farmlive.pages.shared import SharedPage, forget_on
from farmlive.pages.trace_steps import line_of
from farmlive.people import Caller

# How many moments a lot's page names, and how many lots a farm's page shows at once.
MOMENTS = 3
LOTS = 12


@dataclass(frozen=True)
class Shown:
    """A broadcast in which a lot was shown, and when it was last."""

    broadcast: Broadcast
    at: int


def routes(pages: Pages, services: Services) -> APIRouter:
    """Build the router of origin's pages."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)
    anyone = Depends(services.guard.anyone)

    async def lot_story(lot: str, _caller: Caller) -> dict[str, Any]:
        story = await services.origin.story(lot)
        shown = await _shown(services, story)
        return {"story": story, "line": line_of(story), "shown": shown, "in_sheet": False}

    async def in_sheet(lot: str, caller: Caller) -> dict[str, Any]:
        return {**await lot_story(lot, caller), "in_sheet": True}

    async def farm_page(farm: str, _caller: Caller) -> dict[str, Any]:
        found = await services.origin.farm_page(farm)
        return {
            "farm": found.farm,
            "plots": found.plots,
            "lots": found.lots[:LOTS],
            "older": found.lots[LOTS:],
            "map": found.map,
            "near": found.near,
        }

    lots = {
        "page": SharedPage(pages, "origin/lot.html", "/origin/lot/{}", lot_story),
        "story": SharedPage(pages, "parts/story.html", "/origin/lot/{}", in_sheet),
    }
    farms = SharedPage(pages, "origin/farm.html", "/origin/farm/{}", farm_page)
    # A page that hears that its lot was stopped asks for the story at once.
    forget_on(services.bus, "lot.", *lots.values())

    @router.get("/origin/lot/{lot}")
    async def lot(
        lot: str,
        request: Request,
        caller: Annotated[Caller, anyone],
        part: Literal["page", "story"] = "page",
    ) -> Response:
        """The page of a lot's story, or the story alone for the sheet over a video."""
        return await lots[part].answer(request, caller, lot)

    @router.get("/origin/farm/{farm}")
    async def farm(farm: str, request: Request, caller: Annotated[Caller, anyone]) -> Response:
        """The public page of a farm: who grows there, where, its plots and harvests."""
        return await farms.answer(request, caller, farm)

    return router


async def _shown(services: Services, story: Story) -> list[Shown]:
    """The broadcasts that showed the lot, the latest first."""
    last = {moment.broadcast: moment.at for moment in story.moments}
    latest = sorted(last.items(), key=lambda item: -item[1])[:MOMENTS]
    shown = []
    for broadcast, at in latest:
        try:
            shown.append(Shown(await services.broadcasts.get(broadcast), at))
        except UnknownBroadcast:
            continue
    return shown
