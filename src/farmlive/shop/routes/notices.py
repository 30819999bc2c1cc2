"""Routes of notices that were held back. No logic."""

from typing import Annotated

from fastapi import APIRouter, Depends

from farmlive.edge import paging
from farmlive.edge.contracts import raises
from farmlive.people import Caller, Guard
from farmlive.shop.core.fields import Identifier
from farmlive.shop.notices.held import HeldNotice, HeldNotices, UnknownNotice
from farmlive.shop.routes.orders import private
from farmlive.shop.shop import Shop


def routes(shop: Shop, guard: Guard) -> APIRouter:
    """Return the router of notices."""
    router = APIRouter(prefix="/api/v1/notices", dependencies=[Depends(private)])
    staff = Depends(guard.staff)

    @router.get("/held", dependencies=[staff], operation_id="notices_list_held")
    async def list_held(
        page: Annotated[paging.PageQuery, paging.page_params(default_limit=50)],
    ) -> HeldNotices:
        """List the notices that a limit holds back, latest first."""
        return await shop.notices.held.list_held(page)

    @router.post("/{notice}/sending", operation_id="notices_send")
    @raises(UnknownNotice)
    async def send_held(notice: Identifier, caller: Annotated[Caller, staff]) -> HeldNotice:
        """Send a notice that a limit holds back."""
        return await shop.notices.held.send(caller, notice)

    return router
