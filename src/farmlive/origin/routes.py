"""The addresses of origin: farms and lots in the API, GS1 Digital Link, EPCIS. No logic."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from farmlive.origin import epcis, gs1
from farmlive.origin.models import Farm, FarmList, Lot, LotList, NewFarm, NewLot, Story
from farmlive.origin.origin import Origin, UnknownLot
from farmlive.people import Guard


def routes(origin: Origin, guard: Guard) -> APIRouter:
    """The router of origin."""
    router = APIRouter(tags=["origin"])
    staff = [Depends(guard.staff)]

    @router.get("/api/v1/farms")
    async def list_farms() -> FarmList:
        """The farms."""
        return FarmList(farms=await origin.farms())

    @router.post("/api/v1/farms", status_code=201, dependencies=staff)
    async def add_farm(new: NewFarm) -> Farm:
        """Add a farm."""
        return await origin.add_farm(new)

    @router.get("/api/v1/lots")
    async def list_lots(farm: Annotated[str | None, Query(max_length=26)] = None) -> LotList:
        """The lots, of one farm or all."""
        return LotList(lots=await origin.lots(farm))

    @router.post("/api/v1/lots", status_code=201, dependencies=staff)
    async def add_lot(new: NewLot) -> Lot:
        """Record a harvest, with its test and packing where they have happened."""
        return await origin.add_lot(new)

    @router.get("/api/v1/lots/{lot}")
    async def lot_story(lot: str) -> Story:
        """A lot's story: farm, stations, test, moments."""
        return await origin.story(lot)

    @router.get("/01/{gtin}/10/{lot:path}", status_code=307, response_class=RedirectResponse)
    async def digital_link(request: Request, gtin: str, lot: str) -> Response:
        """GS1 Digital Link of a lot: leads to its story."""
        match _segments(request):
            case ["01", _, "10", code]:
                return _story_of(await origin.find(gtin, code))
        raise UnknownLot("The address of a lot ends after its code.")

    @router.get(
        "/origin/class/{identifier}/lot/{lot:path}",
        status_code=307,
        response_class=RedirectResponse,
    )
    async def private_class(request: Request, identifier: str, lot: str) -> Response:
        """The identifier of a lot of a farm without a GS1 prefix: leads to its story."""
        match _segments(request):
            case ["origin", "class", _, "lot", code]:
                return _story_of(await origin.find_private(identifier, code))
        raise UnknownLot("The address of a lot ends after its code.")

    @router.get("/epcis/v2/events", response_class=JSONResponse)
    async def events(
        request: Request,
        lot: Annotated[str | None, Query(max_length=26, description="A lot's id")] = None,
        epc: Annotated[
            str | None, Query(max_length=512, description="A lot's class URI, in any GTIN length")
        ] = None,
        any_class: Annotated[
            str | None,
            Query(alias="MATCH_anyEPCClass", max_length=512, description="The same as epc"),
        ] = None,
        step: Annotated[
            str | None, Query(alias="EQ_bizStep", max_length=40, description="A business step")
        ] = None,
        per_page: Annotated[int, Query(alias="perPage", ge=1, le=1000)] = 100,
        token: Annotated[str, Query(alias="nextPageToken", max_length=26)] = "",
    ) -> Response:
        """Trace events as an EPCIS 2.0 document in JSON-LD."""
        uri = epc or any_class
        found, mark = await origin.events(lot, uri, step, token, per_page)
        headers = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0"}
        if mark is not None:
            following = request.url.include_query_params(nextPageToken=mark)
            headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
        document = epcis.document(found)
        return JSONResponse(document, media_type=epcis.MEDIA_TYPE, headers=headers)

    return router


def _segments(request: Request) -> list[str]:
    raw: bytes = request.scope["raw_path"]
    return gs1.segments(raw.decode("latin-1"))


def _story_of(lot: str) -> Response:
    return RedirectResponse(f"/origin/lot/{lot}", status_code=307)
