"""Routes of the county. No logic."""

from typing import Annotated

from fastapi import APIRouter, Depends

from farmlive.county.county import County
from farmlive.county.models import CountyProfile
from farmlive.edge.contracts import raises
from farmlive.people import Caller, Guard
from farmlive.problems import Invalid


def routes(county: County, guard: Guard) -> APIRouter:
    """Return the router of the county."""
    router = APIRouter(prefix="/api/v1")
    coordinator = guard.roles("coordinator")

    @router.get("/county", operation_id="county_get")
    async def get_county() -> CountyProfile:
        """Return the county's name, contact, mark and colour."""
        return county.profile

    @router.put("/county", operation_id="county_set")
    @raises(Invalid)
    async def set_county(
        wanted: CountyProfile, caller: Annotated[Caller, Depends(coordinator)]
    ) -> CountyProfile:
        """Replace the county's name, contact, mark and colour."""
        return await county.change(caller, wanted)

    return router
