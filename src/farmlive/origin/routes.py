"""Routes of origin: farms, plots, field operations, lots and their records. No logic.

identifiers.py has the routes that resolve identifiers.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from farmlive.edge import paging
from farmlive.edge.contracts import raises
from farmlive.origin import identifiers
from farmlive.origin.core.models import (
    Certified,
    Farm,
    FarmChange,
    FarmList,
    Inspection,
    Lot,
    LotChange,
    LotList,
    NewFarm,
    NewInspection,
    NewLot,
    NewPacking,
    NewPlot,
    NewShipping,
    NewWaste,
    NewWork,
    Plot,
    PlotChange,
    PlotList,
    Traced,
    Undo,
    Wasted,
    Work,
    WorkList,
)
from farmlive.origin.core.problems import (
    BelowTaken,
    EarlyTest,
    ImplausibleHarvest,
    InFuture,
    LotTaken,
    NotLeft,
    OtherFarm,
    TooManyRecords,
    UnknownFarm,
    UnknownFinding,
    UnknownInspection,
    UnknownLift,
    UnknownLot,
    UnknownPicture,
    UnknownPlot,
    UnknownWaste,
    UnknownWork,
    WaitingPeriod,
    WrongOrder,
)
from farmlive.origin.origin import Origin
from farmlive.origin.stops.models import Lift, NewLift
from farmlive.origin.story.models import Story
from farmlive.people import Caller, Guard
from farmlive.people.core.roles import GROWERS
from farmlive.store.files.files import NotACertificate, NotKept, UploadLate
from farmlive.store.files.uploads import NoRoom

BINARY = {"schema": {"type": "string", "format": "binary"}}
CERTIFICATE = {
    "requestBody": {
        "required": True,
        "description": "The bytes of the file.",
        "content": {"application/pdf": BINARY, "image/*": BINARY},
    }
}


def routes(origin: Origin, guard: Guard) -> APIRouter:
    """Return the router of origin."""
    router = APIRouter()
    router.include_router(_farms(origin, guard), prefix="/api/v1")
    router.include_router(_lots(origin, guard), prefix="/api/v1")
    router.include_router(identifiers.routes(origin))
    return router


def _farms(origin: Origin, guard: Guard) -> APIRouter:
    router = APIRouter()
    staff = Depends(guard.staff)
    growers = Depends(guard.roles(*GROWERS))

    @router.get("/farms", operation_id="farms_list")
    async def list_farms(page: paging.PageParams) -> FarmList:
        """List the farms, oldest first."""
        found = await origin.farms(page.after, page.fetch_limit)
        rows, following = page.take(found, lambda farm: (0, farm.id))
        return FarmList(farms=rows, next=following)

    @router.post("/farms", status_code=201, operation_id="farms_create")
    @raises(UnknownPicture)
    async def add_farm(new: NewFarm, caller: Annotated[Caller, staff]) -> Farm:
        """Add a farm."""
        return await origin.add_farm(caller, new)

    @router.get("/farms/{farm}", operation_id="farms_get")
    @raises(UnknownFarm)
    async def farm(farm: str) -> Farm:
        """Return a farm."""
        return await origin.farm(farm)

    @router.patch("/farms/{farm}", operation_id="farms_update")
    @raises(UnknownFarm, OtherFarm, UnknownPicture)
    async def change_farm(
        farm: str, wanted: FarmChange, caller: Annotated[Caller, growers]
    ) -> Farm:
        """Change fields of a farm; sellers change their own farms."""
        return await origin.change_farm(caller, farm, wanted)

    @router.get("/farms/{farm}/plots", operation_id="plots_list")
    @raises(UnknownFarm)
    async def list_plots(farm: str, page: paging.PageParams) -> PlotList:
        """List a farm's plots, oldest first."""
        found = await origin.plots(farm, page.after, page.fetch_limit)
        rows, following = page.take(found, lambda plot: (0, plot.id))
        return PlotList(plots=rows, next=following)

    @router.post("/farms/{farm}/plots", status_code=201, operation_id="plots_create")
    @raises(UnknownFarm, OtherFarm)
    async def add_plot(farm: str, new: NewPlot, caller: Annotated[Caller, growers]) -> Plot:
        """Add a plot to a farm."""
        return await origin.add_plot(caller, farm, new)

    @router.patch("/plots/{plot}", operation_id="plots_update")
    @raises(UnknownPlot, OtherFarm)
    async def change_plot(
        plot: str, wanted: PlotChange, caller: Annotated[Caller, growers]
    ) -> Plot:
        """Change fields of a plot."""
        return await origin.change_plot(caller, plot, wanted)

    @router.get("/plots/{plot}/works", operation_id="plots_list_works")
    @raises(UnknownPlot)
    async def list_works(plot: str, page: paging.PageParams) -> WorkList:
        """List the field operations on a plot, latest first."""
        found = await origin.works(plot, page.after, page.fetch_limit)
        rows, following = page.take(found, lambda work: (work.at, work.id))
        return WorkList(works=rows, next=following)

    @router.post("/plots/{plot}/works", status_code=201, operation_id="plots_record_work")
    @raises(UnknownPlot, OtherFarm, InFuture, TooManyRecords)
    async def add_work(plot: str, new: NewWork, caller: Annotated[Caller, growers]) -> Work:
        """Record a flowering, or a spraying with its waiting period."""
        return await origin.add_work(caller, plot, new)

    @router.post(
        "/plots/{plot}/works/{work}/withdrawal", status_code=204, operation_id="plots_withdraw_work"
    )
    @raises(UnknownPlot, UnknownWork, OtherFarm)
    async def withdraw_work(
        plot: str, work: str, undo: Undo, caller: Annotated[Caller, growers]
    ) -> None:
        """Withdraw a field operation that did not happen; lots that it stopped stay stopped."""
        await origin.withdraw_work(caller, plot, work, undo)

    return router


def _lots(origin: Origin, guard: Guard) -> APIRouter:
    router = APIRouter()
    coordinators = Depends(guard.roles("coordinator"))
    growers = Depends(guard.roles(*GROWERS))

    @router.get("/lots", operation_id="lots_list")
    async def list_lots(
        page: Annotated[paging.PageQuery, paging.page_params(default_limit=100)],
        farm: Annotated[str | None, Query(max_length=26)] = None,
    ) -> LotList:
        """List the lots of one farm or all, latest harvest first."""
        found = await origin.lots(farm, page.after, page.fetch_limit)
        rows, following = page.take(found, lambda lot: (lot.harvested_at, lot.id))
        return LotList(lots=rows, next=following)

    @router.post("/lots", status_code=201, operation_id="lots_create")
    @raises(
        UnknownFarm,
        UnknownPlot,
        OtherFarm,
        LotTaken,
        InFuture,
        WrongOrder,
        EarlyTest,
        WaitingPeriod,
        ImplausibleHarvest,
        TooManyRecords,
    )
    async def add_lot(new: NewLot, caller: Annotated[Caller, growers]) -> Lot:
        """Record a harvest, with its test and packing if they have happened."""
        return await origin.add_lot(caller, new)

    @router.get("/lots/{lot}", operation_id="lots_get")
    @raises(UnknownLot)
    async def lot_story(lot: str) -> Story:
        """Return a lot's story: farm, plot, trace events, tests, moments on air."""
        return await origin.story(lot)

    @router.patch("/lots/{lot}", operation_id="lots_correct")
    @raises(UnknownLot, UnknownPlot, OtherFarm, BelowTaken, ImplausibleHarvest, TooManyRecords)
    async def correct_lot(lot: str, change: LotChange, caller: Annotated[Caller, growers]) -> Lot:
        """Correct a harvest; the trace declares the mistake."""
        return await origin.correct(caller, lot, change)

    @router.post("/lots/{lot}/waste", status_code=201, operation_id="lots_record_waste")
    @raises(UnknownLot, OtherFarm, NotLeft, InFuture, WrongOrder, TooManyRecords)
    async def waste(lot: str, new: NewWaste, caller: Annotated[Caller, growers]) -> Wasted:
        """Record that some of a lot was thrown away."""
        return await origin.waste(caller, lot, new)

    @router.post(
        "/lots/{lot}/waste/{event}/withdrawal", status_code=204, operation_id="lots_withdraw_waste"
    )
    @raises(UnknownLot, UnknownWaste, OtherFarm)
    async def unwaste(lot: str, event: str, undo: Undo, caller: Annotated[Caller, growers]) -> None:
        """Withdraw a record of waste that did not happen."""
        await origin.unwaste(caller, lot, event, undo)

    @router.post("/lots/{lot}/inspections", status_code=201, operation_id="lots_record_inspection")
    @raises(UnknownLot, OtherFarm, InFuture, EarlyTest, TooManyRecords)
    async def inspect(
        lot: str, new: NewInspection, caller: Annotated[Caller, growers]
    ) -> Inspection:
        """Record a test of a lot."""
        return await origin.inspect(caller, lot, new)

    @router.post(
        "/lots/{lot}/inspections/{inspection}/withdrawal",
        status_code=204,
        operation_id="lots_withdraw_inspection",
    )
    @raises(UnknownLot, UnknownInspection, OtherFarm)
    async def withdraw_test(
        lot: str, inspection: str, undo: Undo, caller: Annotated[Caller, growers]
    ) -> None:
        """Withdraw a test that was not made of the lot; its finding stays."""
        await origin.withdraw_test(caller, lot, inspection, undo)

    @router.post(
        "/lots/{lot}/inspections/{inspection}/certificate",
        openapi_extra=CERTIFICATE,
        operation_id="lots_attach_certificate",
    )
    @raises(
        UnknownLot,
        UnknownInspection,
        OtherFarm,
        NotACertificate,
        NoRoom,
        NotKept,
        UploadLate,
        TooManyRecords,
    )
    async def certify(
        lot: str, inspection: str, request: Request, caller: Annotated[Caller, growers]
    ) -> Certified:
        """Attach a certificate to a test: a PDF or a picture as the body."""
        url = await origin.certify(caller, lot, inspection, request.stream())
        return Certified(certificate=url)

    @router.post("/lots/{lot}/lifts", status_code=201, operation_id="lots_lift_findings")
    @raises(UnknownLot, UnknownFinding)
    async def lift(lot: str, new: NewLift, caller: Annotated[Caller, coordinators]) -> Lift:
        """Lift findings that stopped a lot, with a public sentence."""
        return await origin.lift(caller, lot, new)

    @router.post(
        "/lots/{lot}/lifts/{lift}/withdrawal", status_code=204, operation_id="lots_withdraw_lift"
    )
    @raises(UnknownLot, UnknownLift)
    async def withdraw_lift(
        lot: str, lift: str, undo: Undo, caller: Annotated[Caller, coordinators]
    ) -> None:
        """Withdraw a mistaken lift: what it lifted stops the lot again."""
        await origin.withdraw_lift(caller, lot, lift, undo)

    @router.post("/lots/{lot}/packings", status_code=201, operation_id="lots_record_packing")
    @raises(UnknownLot, OtherFarm, InFuture, WrongOrder, TooManyRecords)
    async def pack(lot: str, new: NewPacking, caller: Annotated[Caller, growers]) -> Traced:
        """Record that a lot was packed."""
        return await origin.pack(caller, lot, new)

    @router.post("/lots/{lot}/shippings", status_code=201, operation_id="lots_record_shipping")
    @raises(UnknownLot, OtherFarm, InFuture, WrongOrder, TooManyRecords)
    async def ship(lot: str, new: NewShipping, caller: Annotated[Caller, growers]) -> Traced:
        """Record that a lot left the farm."""
        return await origin.ship(caller, lot, new)

    return router
