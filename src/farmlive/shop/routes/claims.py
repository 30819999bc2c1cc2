"""Routes of claims: the buyer's, by the order's token, and staff's. No logic."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.edge import paging
from farmlive.edge.contracts import raises
from farmlive.people import Caller, Guard
from farmlive.problems import TooMany
from farmlive.shop.claims.problems import (
    ClaimAnswered,
    ClaimOpen,
    NoSuchPhoto,
    UnknownClaim,
    UnknownPhoto,
)
from farmlive.shop.core.claim_models import ClaimAnswer, ClaimState, KeptPhoto, NewClaim
from farmlive.shop.core.fields import Identifier
from farmlive.shop.core.order_models import Order, OrderList, Refunded
from farmlive.shop.core.problems import (
    DetailsErased,
    NotInState,
    RefundTooHigh,
    UnknownOrder,
    WrongCurrency,
)
from farmlive.shop.routes.orders import PRIVATE, by_token, private
from farmlive.shop.shop import Shop
from farmlive.store.files.files import NotKept, UploadLate
from farmlive.store.files.pictures import NotAPicture
from farmlive.store.files.uploads import NoRoom

_BODY = {
    "requestBody": {
        "required": True,
        "description": "The bytes of the photo.",
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    }
}


_PHOTO: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}}}
}


def routes(shop: Shop, guard: Guard) -> APIRouter:
    """Return the router of claims."""
    router = APIRouter(prefix="/api/v1")
    uncached = [Depends(private)]
    counted = [*uncached, Depends(by_token(shop, guard))]
    staff = Depends(guard.staff)

    @router.post(
        "/orders/{token}/claims/photos",
        status_code=201,
        dependencies=counted,
        openapi_extra=_BODY,
        operation_id="order_links_upload_claim_photo",
    )
    @raises(
        UnknownOrder,
        NotInState,
        DetailsErased,
        NotAPicture,
        NoRoom,
        NotKept,
        UploadLate,
        TooMany,
    )
    async def keep_claim_photo(token: str, request: Request) -> KeptPhoto:
        """Upload a photo for a claim, for anyone who has the order's token; nobody else sees it."""
        return await shop.claims.keep_photo(token, guard.address(request), request.stream())

    @router.post(
        "/orders/{token}/claims",
        status_code=201,
        dependencies=counted,
        operation_id="order_links_create_claim",
    )
    @raises(UnknownOrder, NotInState, DetailsErased, ClaimOpen, UnknownPhoto)
    async def claim(token: str, new: NewClaim) -> Order:
        """Make a claim for an order that arrived, for anyone who has its token."""
        return await shop.claims.claim(token, new)

    @router.get(
        "/orders/{token}/claims/photos/{name}",
        response_class=FileResponse,
        responses=_PHOTO,
        operation_id="order_links_get_claim_photo",
    )
    @raises(UnknownOrder, NoSuchPhoto)
    async def own_claim_photo(token: str, name: str) -> Response:
        """Return a photo of a claim, for anyone who has the order's token."""
        return _photo(await shop.claims.photo_of_order(token, name))

    @router.get("/broadcasts/{broadcast}/claims", dependencies=uncached, operation_id="claims_list")
    @raises(UnknownBroadcast)
    async def list_claims(
        broadcast: str,
        caller: Annotated[Caller, staff],
        page: paging.PageParams,
        state: ClaimState | None = None,
    ) -> OrderList:
        """List the orders with claims, or with claims in this state."""
        found, following = await shop.claims.list_orders(caller, broadcast, state, page)
        return OrderList(orders=found, next=following)

    @router.post(
        "/broadcasts/{broadcast}/claims/{claim}/answer",
        dependencies=uncached,
        operation_id="claims_answer",
    )
    @raises(UnknownClaim, WrongCurrency, ClaimAnswered, UnknownOrder, NotInState, RefundTooHigh)
    async def answer_claim(
        broadcast: str,
        claim: Identifier,
        answer: ClaimAnswer,
        caller: Annotated[Caller, staff],
    ) -> Refunded:
        """Answer a claim with a refund or a refusal; the buyer reads the answer."""
        return await shop.claims.answer(caller, broadcast, claim, answer)

    @router.get(
        "/broadcasts/{broadcast}/claims/{claim}/photos/{name}",
        response_class=FileResponse,
        responses=_PHOTO,
        operation_id="claims_get_photo",
    )
    @raises(UnknownClaim, NoSuchPhoto)
    async def claim_photo(
        broadcast: str, claim: Identifier, name: str, caller: Annotated[Caller, staff]
    ) -> Response:
        """Return a photo of a claim, for staff."""
        return _photo(await shop.claims.photo_of_claim(caller, broadcast, claim, name))

    return router


def _photo(path: Path) -> Response:
    return FileResponse(
        path,
        media_type="image/webp",
        filename=path.name,
        content_disposition_type="inline",
        headers={
            **PRIVATE,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
