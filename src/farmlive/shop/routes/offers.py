"""Routes of centres, products and the bag. No logic.

Routes of commands are generated from commands.py; those of placed orders are in orders.py.
"""

from typing import Annotated

from fastapi import APIRouter, Depends

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.edge import paging
from farmlive.edge.contracts import raises
from farmlive.origin.core.problems import LotStopped, LotTaken, UnknownLot
from farmlive.people import Caller, Guard
from farmlive.people.core.roles import GROWERS
from farmlive.problems import BroadcastEnded
from farmlive.shop.core.fields import Identifier
from farmlive.shop.core.models import (
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
from farmlive.shop.core.problems import (
    BagFull,
    LotSpent,
    NamesNoFarm,
    NoSuchCentre,
    NoSuchProduct,
    ProductArchived,
    ProductOffered,
    UnknownOffer,
    UnknownProduct,
    WrongCurrency,
)
from farmlive.shop.flash.models import FlashList
from farmlive.shop.offers.bag import LotOfOtherFarm
from farmlive.shop.shop import Shop


def routes(shop: Shop, guard: Guard) -> APIRouter:
    """Return the router of centres, products and the bag."""
    router = APIRouter(prefix="/api/v1")
    staff = Depends(guard.staff)
    growers = Depends(guard.roles(*GROWERS))

    @router.get("/centres", operation_id="centres_list")
    async def list_centres(page: paging.PageParams) -> CentreList:
        """List the pick-up points."""
        rows, following = page.slice(await shop.centres(), lambda centre: centre.id)
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
        """Change fields of a pick-up point."""
        return await shop.catalogue.change_centre(caller, centre, change)

    @router.get("/products", operation_id="products_list")
    async def list_products(
        caller: Annotated[Caller, growers],
        page: paging.PageParams,
        farm: Identifier | None = None,
    ) -> ProductList:
        """List the products of one farm or all; sellers get their own."""
        within = None if caller.is_staff else caller.farms
        found = await shop.catalogue.products(farm, within)
        rows, following = page.slice(found, lambda product: product.id)
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
    async def list_offers(broadcast: str, page: paging.PageParams) -> Bag:
        """List the offers of a broadcast in the order of its bag."""
        rows, following = page.slice(await shop.bag.cards(broadcast), lambda card: card.id)
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
        WrongCurrency,
    )
    async def add_offer(broadcast: str, new: NewOffer, caller: Annotated[Caller, staff]) -> Card:
        """Add an offer to the bag."""
        return await shop.bag.add(caller, broadcast, new)

    @router.put("/broadcasts/{broadcast}/bag", operation_id="offers_arrange")
    @raises(UnknownBroadcast, BroadcastEnded, UnknownOffer)
    async def arrange_bag(
        broadcast: str, wanted: BagOrder, caller: Annotated[Caller, staff]
    ) -> Bag:
        """Set the order of the offers in the bag."""
        return Bag(offers=await shop.bag.arrange(caller, broadcast, wanted))

    @router.get("/broadcasts/{broadcast}/flashes", operation_id="flashes_list")
    @raises(UnknownBroadcast)
    async def list_flashes(broadcast: str, page: paging.PageParams) -> FlashList:
        """List the flash batches of a broadcast, oldest first."""
        found = await shop.flashes.list_batches(broadcast)
        rows, following = page.slice(found, lambda flash: flash.id)
        return FlashList(flashes=rows, next=following)

    return router
