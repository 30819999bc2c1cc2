"""Route of a review. No logic."""

from typing import Annotated

from fastapi import APIRouter, Depends

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.edge.contracts import raises
from farmlive.people import Caller, Guard
from farmlive.people.core.roles import GROWERS
from farmlive.problems import Forbidden
from farmlive.review.models import Report
from farmlive.review.readers import farms_of
from farmlive.review.review import Review


def routes(review: Review, guard: Guard) -> APIRouter:
    """Return the router of reviews."""
    router = APIRouter(prefix="/api/v1")
    reader = Depends(guard.roles(*GROWERS))

    @router.get("/broadcasts/{broadcast}/review", operation_id="reviews_get")
    @raises(UnknownBroadcast, Forbidden)
    async def read_review(
        broadcast: str, caller: Annotated[Caller, reader], farm: str | None = None
    ) -> Report:
        """Return a broadcast's review, or one farm's part; sellers get their own farms' part."""
        return await review.report(broadcast, farms_of(caller, farm))

    return router
