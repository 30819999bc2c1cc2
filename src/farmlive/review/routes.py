"""The address of a review in the API. No logic."""

from fastapi import APIRouter, Depends

from farmlive.people import Guard
from farmlive.review.models import Report
from farmlive.review.review import Review


def routes(review: Review, guard: Guard) -> APIRouter:
    """The router of reviews."""
    router = APIRouter(prefix="/api/v1", tags=["review"])

    @router.get("/broadcasts/{broadcast}/review", dependencies=[Depends(guard.staff)])
    async def read_review(broadcast: str) -> Report:
        """What the broadcast sold."""
        return await review.of(broadcast)

    return router
