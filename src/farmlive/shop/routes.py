"""The addresses of the shop in the API. No logic."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import TypeAdapter, ValidationError

from farmlive.people import Caller, Guard
from farmlive.shop.fields import Identifier, Key, State, Way
from farmlive.shop.models import (
    Bag,
    BagOrder,
    Card,
    Centre,
    CentreChange,
    CentreList,
    NewCentre,
    NewOffer,
    NewProduct,
    Product,
    ProductChange,
    ProductList,
)
from farmlive.shop.order_models import (
    Cancel,
    Held,
    HoldDrop,
    HoldPlace,
    NewHold,
    NewOrder,
    Order,
    OrderList,
    OrderPlace,
    PaymentChange,
    PlacedOrder,
    Refund,
    StateChange,
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


def _private(response: Response) -> None:
    response.headers.update(_PRIVATE)


def routes(shop: Shop, guard: Guard) -> APIRouter:
    """The router of the shop."""
    router = APIRouter(prefix="/api/v1", tags=["shop"])
    private = [Depends(_private)]
    anyone = Depends(guard.anyone)
    staff = Depends(guard.staff)
    growers = Depends(guard.roles("coordinator", "host", "seller"))
    keepers = Depends(guard.roles("coordinator", "host", "clerk"))
    readers = Depends(guard.roles("coordinator", "host", "clerk", "seller"))
    keyed = Depends(_checked)

    @router.get("/centres")
    async def list_centres() -> CentreList:
        """The pick-up points."""
        return CentreList(centres=await shop.centres())

    @router.post("/centres", status_code=201)
    async def add_centre(new: NewCentre, caller: Annotated[Caller, staff]) -> Centre:
        """Add a pick-up point."""
        return await shop.catalogue.add_centre(caller, new)

    @router.patch("/centres/{centre}")
    async def change_centre(
        centre: Identifier, change: CentreChange, caller: Annotated[Caller, staff]
    ) -> Centre:
        """Change what is sent of a pick-up point."""
        return await shop.catalogue.change_centre(caller, centre, change)

    @router.get("/products")
    async def list_products(
        caller: Annotated[Caller, growers],
        farm: Identifier | None = None,
    ) -> ProductList:
        """The products, of one farm or all; a seller's own."""
        within = None if caller.is_staff else caller.farms
        return ProductList(products=await shop.catalogue.products(farm, within))

    @router.post("/products", status_code=201)
    async def add_product(new: NewProduct, caller: Annotated[Caller, growers]) -> Product:
        """Add a product to a farm's catalogue."""
        return await shop.catalogue.add_product(caller, new)

    @router.patch("/products/{product}")
    async def change_product(
        product: Identifier, change: ProductChange, caller: Annotated[Caller, growers]
    ) -> Product:
        """Change a product, or archive it."""
        return await shop.catalogue.change_product(caller, product, change)

    @router.get("/broadcasts/{broadcast}/offers")
    async def list_offers(broadcast: str) -> Bag:
        """The offers of a broadcast in the order of its bag."""
        return Bag(offers=await shop.bag.cards(broadcast))

    @router.post("/broadcasts/{broadcast}/offers", status_code=201)
    async def add_offer(broadcast: str, new: NewOffer, caller: Annotated[Caller, staff]) -> Card:
        """Put an offer into the bag."""
        return await shop.bag.add(caller, broadcast, new)

    @router.put("/broadcasts/{broadcast}/bag")
    async def arrange_bag(
        broadcast: str, wanted: BagOrder, caller: Annotated[Caller, staff]
    ) -> Bag:
        """Put the offers of the bag in this order."""
        return Bag(offers=await shop.bag.arrange(caller, broadcast, wanted))

    @router.post("/broadcasts/{broadcast}/holds", status_code=201, response_model=Held)
    async def place_hold(
        broadcast: str,
        new: NewHold,
        key: Annotated[str, keyed],
        caller: Annotated[Caller, anyone],
    ) -> dict[str, Any]:
        """Keep stock for some minutes while the order is written, as `hold.place` does."""
        request = HoldPlace.model_construct(**dict(new), key=key)
        return await shop.holds.place(caller, broadcast, request)

    @router.delete("/broadcasts/{broadcast}/holds/{order}", status_code=204)
    async def drop_hold(
        broadcast: str, order: Identifier, caller: Annotated[Caller, anyone]
    ) -> None:
        """Give back what this device holds, as `hold.drop` does."""
        await shop.holds.drop(caller, broadcast, HoldDrop(order=order))

    @router.post("/broadcasts/{broadcast}/orders", status_code=201, response_model=PlacedOrder)
    async def place_order(
        broadcast: str,
        new: NewOrder,
        key: Annotated[str, keyed],
        caller: Annotated[Caller, anyone],
    ) -> dict[str, Any]:
        """Order, by the same till and in the same space of keys as on the live channel."""
        request = OrderPlace.model_construct(**dict(new), key=key)
        return await shop.till.place(caller, broadcast, request)

    @router.get("/broadcasts/{broadcast}/orders", dependencies=private)
    async def list_orders(
        broadcast: str,
        caller: Annotated[Caller, readers],
        after: Identifier | Literal[""] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 200,
        state: State | None = None,
        way: Way | None = None,
    ) -> OrderList:
        """The orders of a broadcast; a clerk gets the pick-ups, a seller own lines."""
        found, following = await shop.orders.of_broadcast(
            caller, broadcast, after, limit, state=state, way=way
        )
        return OrderList(orders=found, next=following)

    @router.post("/broadcasts/{broadcast}/orders/{order}/state", dependencies=private)
    async def change_state(
        broadcast: str, order: Identifier, change: StateChange, caller: Annotated[Caller, keepers]
    ) -> Order:
        """Move an order on, or cancel it."""
        return await shop.orders.enter(caller, broadcast, order, change)

    @router.post("/broadcasts/{broadcast}/orders/{order}/payment", dependencies=private)
    async def change_payment(
        broadcast: str, order: Identifier, change: PaymentChange, caller: Annotated[Caller, keepers]
    ) -> Order:
        """Keep that an order was paid."""
        return await shop.orders.pay(caller, broadcast, order)

    @router.post("/broadcasts/{broadcast}/orders/{order}/refund", dependencies=private)
    async def refund_order(
        broadcast: str,
        order: Identifier,
        refund: Refund,
        caller: Annotated[Caller, staff],
        key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None,
    ) -> Order:
        """Keep that money of an order was given back; once a key, where one is sent."""
        return await shop.orders.refund(caller, broadcast, order, refund, key)

    @router.get("/orders/{token}", dependencies=private)
    async def read_order(token: str) -> Order:
        """An order, for whoever has its token."""
        return await shop.order(token)

    @router.post("/orders/{token}/cancel", dependencies=private)
    async def cancel_order(token: str, cancel: Cancel | None = None) -> Order:
        """Cancel an order that is not yet packed, for whoever has its token."""
        return await shop.orders.cancel(token, cancel.reason if cancel else None)

    return router
