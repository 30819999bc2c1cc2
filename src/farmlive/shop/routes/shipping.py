"""Routes of the parcel fees. No logic."""

from typing import Annotated

from fastapi import APIRouter, Depends

from farmlive.edge.contracts import raises
from farmlive.people import Caller, Guard
from farmlive.shop.core.problems import WrongCurrency
from farmlive.shop.shipping.fees import FeesReplaced, ParcelFees
from farmlive.shop.shipping.models import Fees, FeeTable


def routes(fees: ParcelFees, guard: Guard) -> APIRouter:
    """Return the router of the fees."""
    router = APIRouter(prefix="/api/v1")
    staff = Depends(guard.staff)

    @router.get("/parcel-fees", operation_id="parcel_fees_get")
    async def list_fees() -> Fees:
        """Return the table of parcel fees."""
        return await fees.list_fees()

    @router.put("/parcel-fees", operation_id="parcel_fees_set")
    @raises(WrongCurrency, FeesReplaced)
    async def set_fees(wanted: FeeTable, caller: Annotated[Caller, staff]) -> Fees:
        """Replace the table of parcel fees."""
        return await fees.set(caller, wanted)

    return router
