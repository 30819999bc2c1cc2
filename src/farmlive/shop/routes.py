"""The addresses of the shop in the API, up to the till. No logic.

Those of orders that were placed are in order_routes.py.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from pydantic import TypeAdapter, ValidationError, WithJsonSchema

from farmlive import paging
from farmlive.broadcast.log import UnknownBroadcast
from farmlive.contracts import needs_header, raises
from farmlive.origin.problems import LotStopped, LotTaken, UnknownLot
from farmlive.people import Caller, Guard
from farmlive.problems import BroadcastEnded
from farmlive.shop.bag import LotOfOtherFarm
from farmlive.shop.correction_models import Corrected, NewCorrection, OfferCorrect
from farmlive.shop.fields import Identifier, Key
from farmlive.shop.flash_models import EndOfFlash, Flash, FlashEnd, FlashList, FlashPlan, NewFlash
from farmlive.shop.models import (
    Bag,
    BagOrder,
    Card,
    Centre,
    CentreChange,
    CentreList,
    ChangedPrice,
    NewCentre,
    NewOffer,
    NewProduct,
    NewRelease,
    OfferChange,
    OfferRelease,
    Product,
    ProductChange,
    ProductList,
    Stock,
)
from farmlive.shop.order_models import (
    Held,
    HoldDrop,
    HoldPlace,
    NewHold,
    NewOrder,
    OrderPlace,
    PlacedOrder,
)
from farmlive.shop.problems import (
    BagFull,
    KeyMissing,
    LotSpent,
    NamesNoFarm,
    NoSuchCentre,
    NoSuchProduct,
    ProductArchived,
    ProductOffered,
    UnknownOffer,
    UnknownProduct,
)
from farmlive.shop.shop import Shop

_key = TypeAdapter[str](Key)


@needs_header("Idempotency-Key")
@raises(KeyMissing)
def _checked(
    key: Annotated[
        str | None,
        WithJsonSchema(_key.json_schema()),
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
    router = APIRouter(prefix="/api/v1")
    anyone = Depends(guard.anyone)
    staff = Depends(guard.staff)
    growers = Depends(guard.roles("coordinator", "host", "seller"))
    keyed = Depends(_checked)

    @router.get("/centres", operation_id="centres_list")
    async def list_centres(page: paging.Asked) -> CentreList:
        """The pick-up points."""
        rows, following = page.part(await shop.centres(), lambda centre: centre.id)
        return CentreList(centres=rows, next=following)

    @router.post("/centres", status_code=201, operation_id="centres_create")
    async def add_centre(new: NewCentre, caller: Annotated[Caller, staff]) -> Centre:
        """Add a pick-up point."""
        return await shop.catalogue.add_centre(caller, new)

    @router.patch("/centres/{centre}", operation_id="centres_update")
    @raises(NoSuchCentre)
    async def change_centre(
        centre: Identifier, change: CentreChange, caller: Annotated[Caller, staff]
    ) -> Centre:
        """Change what is sent of a pick-up point."""
        return await shop.catalogue.change_centre(caller, centre, change)

    @router.get("/products", operation_id="products_list")
    async def list_products(
        caller: Annotated[Caller, growers],
        page: paging.Asked,
        farm: Identifier | None = None,
    ) -> ProductList:
        """The products, of one farm or all; a seller's own."""
        within = None if caller.is_staff else caller.farms
        found = await shop.catalogue.products(farm, within)
        rows, following = page.part(found, lambda product: product.id)
        return ProductList(products=rows, next=following)

    @router.post("/products", status_code=201, operation_id="products_create")
    @raises(NamesNoFarm)
    async def add_product(new: NewProduct, caller: Annotated[Caller, growers]) -> Product:
        """Add a product to a farm's catalogue."""
        return await shop.catalogue.add_product(caller, new)

    @router.patch("/products/{product}", operation_id="products_update")
    @raises(NoSuchProduct, ProductOffered)
    async def change_product(
        product: Identifier, change: ProductChange, caller: Annotated[Caller, growers]
    ) -> Product:
        """Change a product, or archive it."""
        return await shop.catalogue.change_product(caller, product, change)

    @router.get("/broadcasts/{broadcast}/offers", operation_id="offers_list")
    @raises(UnknownBroadcast)
    async def list_offers(broadcast: str, page: paging.Asked) -> Bag:
        """The offers of a broadcast in the order of its bag."""
        rows, following = page.part(await shop.bag.cards(broadcast), lambda card: card.offer)
        return Bag(offers=rows, next=following)

    @router.post("/broadcasts/{broadcast}/offers", status_code=201, operation_id="offers_create")
    @raises(
        UnknownBroadcast,
        BroadcastEnded,
        BagFull,
        UnknownProduct,
        ProductArchived,
        UnknownLot,
        LotTaken,
        LotOfOtherFarm,
        LotStopped,
        LotSpent,
    )
    async def add_offer(broadcast: str, new: NewOffer, caller: Annotated[Caller, staff]) -> Card:
        """Put an offer into the bag."""
        return await shop.bag.add(caller, broadcast, new)

    @router.patch(
        "/broadcasts/{broadcast}/offers/{offer}", response_model=Card, operation_id="offers_update"
    )
    @raises(shop.bag.change)
    async def change_offer(
        broadcast: str,
        offer: Identifier,
        change: ChangedPrice,
        caller: Annotated[Caller, staff],
    ) -> dict[str, Any]:
        """Change an offer's price, list price or both, as `offer.change` does."""
        sent = change.model_dump(exclude_unset=True)
        return await shop.bag.change(caller, broadcast, OfferChange(offer=offer, **sent))

    @router.post(
        "/broadcasts/{broadcast}/offers/{offer}/releases",
        status_code=201,
        response_model=Stock,
        operation_id="offers_release",
    )
    @raises(shop.bag.release)
    async def release_offer(
        broadcast: str,
        offer: Identifier,
        new: NewRelease,
        caller: Annotated[Caller, staff],
        key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None,
    ) -> dict[str, Any]:
        """Let more of an offer be sold, or take some back, as `offer.release` does."""
        request = OfferRelease(offer=offer, key=key, **dict(new))
        return await shop.bag.release(caller, broadcast, request)

    @router.post(
        "/broadcasts/{broadcast}/offers/{offer}/corrections",
        status_code=201,
        response_model=Corrected,
        operation_id="offers_correct",
    )
    @raises(shop.corrections.correct)
    async def correct_offer(
        broadcast: str,
        offer: Identifier,
        new: NewCorrection,
        caller: Annotated[Caller, staff],
        key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None,
    ) -> dict[str, Any]:
        """Put the price that an offer has now right, as `offer.correct` does."""
        request = OfferCorrect(offer=offer, key=key, **dict(new))
        return await shop.corrections.correct(caller, broadcast, request)

    @router.put("/broadcasts/{broadcast}/bag", operation_id="offers_arrange")
    @raises(UnknownBroadcast, BroadcastEnded, UnknownOffer)
    async def arrange_bag(
        broadcast: str, wanted: BagOrder, caller: Annotated[Caller, staff]
    ) -> Bag:
        """Put the offers of the bag in this order."""
        return Bag(offers=await shop.bag.arrange(caller, broadcast, wanted))

    @router.get("/broadcasts/{broadcast}/flashes", operation_id="flashes_list")
    @raises(UnknownBroadcast)
    async def list_flashes(broadcast: str, page: paging.Asked) -> FlashList:
        """The flash batches of a broadcast, oldest first."""
        found = await shop.flashes.of_broadcast(broadcast)
        rows, following = page.part(found, lambda flash: flash.flash)
        return FlashList(flashes=rows, next=following)

    @router.post(
        "/broadcasts/{broadcast}/flashes",
        status_code=201,
        response_model=Flash,
        operation_id="flashes_create",
    )
    @raises(shop.flashes.plan)
    async def plan_flash(
        broadcast: str,
        new: NewFlash,
        caller: Annotated[Caller, staff],
        key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None,
    ) -> dict[str, Any]:
        """Plan a flash batch of an offer, or start it at once, as `flash.plan` does."""
        return await shop.flashes.plan(caller, broadcast, FlashPlan(key=key, **dict(new)))

    @router.post(
        "/broadcasts/{broadcast}/flashes/{flash}/end",
        response_model=Flash,
        operation_id="flashes_end",
    )
    @raises(shop.flashes.end)
    async def end_flash(
        broadcast: str, flash: Identifier, said: EndOfFlash, caller: Annotated[Caller, staff]
    ) -> dict[str, Any]:
        """End a flash batch, or call it off before it starts, as `flash.end` does."""
        return await shop.flashes.end(caller, broadcast, FlashEnd(flash=flash, wrong=said.wrong))

    @router.post(
        "/broadcasts/{broadcast}/holds",
        status_code=201,
        response_model=Held,
        operation_id="holds_place",
    )
    @raises(shop.holds.place)
    async def place_hold(
        broadcast: str,
        new: NewHold,
        key: Annotated[str, keyed],
        caller: Annotated[Caller, anyone],
    ) -> dict[str, Any]:
        """Keep stock for some minutes while the order is written, as `hold.place` does."""
        request = HoldPlace.model_construct(**dict(new), key=key)
        return await shop.holds.place(caller, broadcast, request)

    @router.delete(
        "/broadcasts/{broadcast}/holds/{order}", status_code=204, operation_id="holds_drop"
    )
    @raises(shop.holds.drop)
    async def drop_hold(
        broadcast: str, order: Identifier, caller: Annotated[Caller, anyone]
    ) -> None:
        """Give back what this device holds, as `hold.drop` does."""
        await shop.holds.drop(caller, broadcast, HoldDrop(order=order))

    @router.post(
        "/broadcasts/{broadcast}/orders",
        status_code=201,
        response_model=PlacedOrder,
        operation_id="orders_place",
    )
    @raises(shop.till.place)
    async def place_order(
        broadcast: str,
        new: NewOrder,
        key: Annotated[str, keyed],
        caller: Annotated[Caller, anyone],
    ) -> dict[str, Any]:
        """Order, by the same till and in the same space of keys as on the live channel."""
        request = OrderPlace.model_construct(**dict(new), key=key)
        return await shop.till.place(caller, broadcast, request)

    return router
