"""The addresses of the shop in the API. No logic."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import TypeAdapter, ValidationError

from farmlive.people import Caller, Guard
from farmlive.shop.models import (
    Bag,
    Card,
    Centre,
    CentreList,
    Key,
    NewCentre,
    NewOffer,
    NewOrder,
    Order,
    OrderList,
    OrderPlace,
    PlacedOrder,
    ProductList,
)
from farmlive.shop.problems import KeyMissing
from farmlive.shop.shop import Shop

# Buyers' names and addresses stay out of every cache.
_PRIVATE = {"Cache-Control": "no-store"}

_key = TypeAdapter[str](Key)


def _checked(
    key: Annotated[
        str | None,
        Header(alias="Idempotency-Key", description="Random, 16 to 64 characters; one an order"),
    ] = None,
) -> str:
    try:
        return _key.validate_python(key)
    except ValidationError as error:
        raise KeyMissing(
            "Nothing was ordered. Send the header Idempotency-Key with 16 to 64 random "
            "characters without spaces, the same when you send the same order again."
        ) from error


def routes(shop: Shop, guard: Guard) -> APIRouter:
    """The router of the shop."""
    router = APIRouter(prefix="/api/v1", tags=["shop"])
    staff = [Depends(guard.staff)]

    @router.get("/centres")
    async def list_centres() -> CentreList:
        """The pick-up points."""
        return CentreList(centres=await shop.centres())

    @router.post("/centres", status_code=201, dependencies=staff)
    async def add_centre(new: NewCentre) -> Centre:
        """Add a pick-up point."""
        return await shop.add_centre(new)

    @router.get("/products", dependencies=staff)
    async def list_products(
        farm: Annotated[str | None, Query(max_length=26)] = None,
    ) -> ProductList:
        """The products, of one farm or all."""
        return ProductList(products=await shop.products(farm))

    @router.get("/broadcasts/{broadcast}/offers")
    async def list_offers(broadcast: str) -> Bag:
        """The offers of a broadcast in the order of its bag."""
        return Bag(offers=await shop.bag.cards(broadcast))

    @router.post("/broadcasts/{broadcast}/offers", status_code=201, dependencies=staff)
    async def add_offer(broadcast: str, new: NewOffer) -> Card:
        """Put an offer into the bag."""
        return await shop.bag.add(broadcast, new)

    @router.post("/broadcasts/{broadcast}/orders", status_code=201, response_model=PlacedOrder)
    async def place_order(
        broadcast: str,
        new: NewOrder,
        key: Annotated[str, Depends(_checked)],
        caller: Annotated[Caller, Depends(guard.anyone)],
    ) -> dict[str, Any]:
        """Order, by the same till and in the same space of keys as on the live channel."""
        request = OrderPlace.model_construct(**dict(new), key=key)
        return await shop.till.place(caller, broadcast, request)

    @router.get("/broadcasts/{broadcast}/orders", dependencies=staff)
    async def list_orders(
        response: Response,
        broadcast: str,
        after: Annotated[str, Query(max_length=26)] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 200,
    ) -> OrderList:
        """The orders of a broadcast, for staff."""
        response.headers.update(_PRIVATE)
        found, following = await shop.orders(broadcast, after, limit)
        return OrderList(orders=found, next=following)

    @router.get("/orders/{token}")
    async def read_order(response: Response, token: str) -> Order:
        """An order, for whoever has its token."""
        response.headers.update(_PRIVATE)
        return await shop.order(token)

    return router
