"""The shapes of the catalogue and the bag in the API and on the channel; what orders share.

Those of holds and orders are in order_models.py.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from farmlive.bilingual import Bilingual
from farmlive.broadcast import events
from farmlive.commands import Message
from farmlive.edge.paging import Listing
from farmlive.money import Money
from farmlive.origin.core.fields import Gtin
from farmlive.origin.stops.models import CardLift, StopReason
from farmlive.public_text import PublicBilingual
from farmlive.shop.core.fields import (
    Identifier,
    Key,
    Phone,
    Picture,
    Price,
    Step,
    Weight,
)


def order_number(number: int) -> str:
    """The short number that people say: A0001 to A9999, then B0001, and after Z, AA."""
    block, place = divmod(number - 1, 9999)
    letters = ""
    block += 1
    while block:
        block, letter = divmod(block - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{place + 1:04d}"


# Pick-up points


class NewCentre(BaseModel):
    """A pick-up point to add."""

    model_config = ConfigDict(extra="forbid")

    name: PublicBilingual
    address: PublicBilingual
    phone: Phone | None = None


class CentreChange(BaseModel):
    """What changes of a pick-up point; a null takes its phone away."""

    model_config = ConfigDict(extra="forbid")

    name: PublicBilingual | None = None
    address: PublicBilingual | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Say what changes of the pick-up point.")
        for name in ("name", "address"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"A pick-up point can't be without its {name}.")
        return self


class Centre(BaseModel):
    """A county service centre where orders are picked up."""

    id: str
    name: Bilingual
    address: Bilingual
    phone: str | None


class CentreList(Listing):
    """The pick-up points, oldest first."""

    centres: list[Centre]


# Products and offers


class Product(BaseModel):
    """A product of a farm: what a box of it is called, holds and looks like.

    An archived one is offered no more; what was offered stays.
    """

    id: str
    farm: str
    name: Bilingual
    unit: Bilingual
    net_weight_g: int
    gtin: str | None
    picture: str | None
    archived: bool = False


class NewProduct(BaseModel):
    """A product to keep in a farm's catalogue; `picture` as the upload of pictures answered it."""

    model_config = ConfigDict(extra="forbid")

    farm: Identifier
    name: PublicBilingual
    unit: PublicBilingual
    net_weight_g: Weight
    gtin: Gtin | None = None
    picture: Picture | None = None


class ProductChange(BaseModel):
    """What changes of a product; unit, weight and GTIN only before it was ever offered."""

    model_config = ConfigDict(extra="forbid")

    name: PublicBilingual | None = None
    unit: PublicBilingual | None = None
    net_weight_g: Weight | None = None
    gtin: Gtin | None = None
    picture: Picture | None = None
    archived: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Say what changes of the product.")
        for name in ("name", "unit", "net_weight_g", "archived"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"A product can't be without its {name}.")
        return self


class ProductList(Listing):
    """Products, oldest first."""

    products: list[Product]


class NewOffer(BaseModel):
    """An offer to put into a broadcast's bag: a known `product`, or a new one by its facts."""

    model_config = ConfigDict(extra="forbid")

    product: Identifier | None = None
    name: PublicBilingual | None = None
    unit: PublicBilingual | None = None
    net_weight_g: Weight | None = None
    gtin: Gtin | None = None
    lot: Identifier
    price: Price
    list_price: Price | None = None
    released: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] = 0

    @model_validator(mode="after")
    def _whole_product(self) -> Self:
        facts = (self.name, self.unit, self.net_weight_g)
        if self.product is not None:
            if any(fact is not None for fact in (*facts, self.gtin)):
                raise ValueError("Name a known product or give the facts of a new one, not both.")
        elif any(fact is None for fact in facts):
            raise ValueError(
                "A new product needs its name, its unit (such as 2.5 kg box) and its net weight "
                "in grams."
            )
        if is_lower(self.list_price, self.price):
            raise ValueError("The list price is the higher one, struck out beside the price.")
        return self


def is_lower(list_price: Money | None, price: Money) -> bool:
    """Whether a list price is lower than the price, as far as the two can be compared."""
    return (
        list_price is not None
        and list_price.currency == price.currency
        and list_price.amount < price.amount
    )


class CardFarm(BaseModel):
    """The farm on a card."""

    id: str
    name: Bilingual
    place: Bilingual


class CardLot(BaseModel):
    """The lot on a card; `harvested_at` is milliseconds since 1970, as on the channel.

    `sold_g` is the net weight sold of it and `left_g` what can still be had, over all offers that
    draw on it in any broadcast; `wasted_g` of it was thrown away. `stopped` says why nothing of it
    is sold, and is empty where it may be; `lifted` what a coordinator said when it was lifted.
    """

    id: str
    code: str
    url: str
    harvested_at: int | None
    tested: bool
    stopped: list[StopReason] = []
    lifted: CardLift | None = None
    harvested_g: int
    wasted_g: int
    sold_g: int
    left_g: int
    farm: CardFarm


class CardFlash(BaseModel):
    """The flash batch on a card, planned or running; its times are milliseconds since 1970.

    `boxes` it has in all, `per_buyer` of them one buyer may have.
    """

    id: str
    state: Literal["planned", "running"]
    price: Money
    boxes: int
    per_buyer: int | None
    starts_at: int
    ends_at: int


class Card(BaseModel):
    """What a viewer sees of an offer.

    What was released is sold, held for buyers who have not yet ordered, kept for the flash batch
    that runs, or left; no more is shown as left than the lot holds. `waiting` are boxes that
    people wait for.
    """

    id: str
    position: int
    name: Bilingual
    unit: Bilingual
    net_weight_g: int
    price: Money
    list_price: Money | None
    picture: str | None
    gtin: str | None
    lot: CardLot
    released: int
    sold: int
    held: int
    kept: int
    left: int
    waiting: int = 0
    flash: CardFlash | None = None


class Bag(Listing):
    """A broadcast's offers in the order of its bag."""

    offers: list[Card]


class BagOrder(BaseModel):
    """The order of a bag: all its offers, the first first."""

    model_config = ConfigDict(extra="forbid")

    offers: Annotated[list[Identifier], Field(min_length=1, max_length=100)]


class AboutOffer(BaseModel):
    """The offer that a message is about; over HTTP the path says it."""

    offer: Identifier


class NewRelease(BaseModel):
    """How many more of an offer may be sold, or, below zero, are taken back."""

    model_config = ConfigDict(extra="forbid")

    quantity: Step


class OfferRelease(NewRelease, AboutOffer, Message):
    """Release boxes of an offer, or take some back; idempotent if a key is given.

    The key is as an order's, and the same message comes with it again.
    """

    type: Literal["offer.release"] = "offer.release"
    key: Key | None = None


class ChangedOffer(BaseModel):
    """What changes of an offer; a null takes the list price away."""

    model_config = ConfigDict(extra="forbid")

    price: Price | None = None
    list_price: Price | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        sent = self.model_fields_set & ChangedOffer.model_fields.keys()
        if not sent - ({"price"} if self.price is None else set()):
            raise ValueError("Say what changes of the offer, such as its price.")
        return self


class OfferChange(ChangedOffer, AboutOffer, Message):
    """Change fields of an offer, such as its price; other fields stay as they are."""

    type: Literal["offer.change"] = "offer.change"


class Stock(BaseModel):
    """How an offer's stock stands: `released` is sold, held, kept for the flash batch that runs,
    and left. `lot_sold_g` and `lot_left_g` are of its lot, by all offers that draw on it.
    """

    offer: str
    released: int
    sold: int
    held: int
    kept: int
    left: int
    lot: str
    lot_sold_g: int
    lot_left_g: int


def money(amount: int, currency: str) -> events.Money:
    """Money as events and answers carry it."""
    return {"amount": amount, "currency": currency}
