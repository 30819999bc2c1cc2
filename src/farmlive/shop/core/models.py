"""API models of the catalogue and the bag, also for the channel's messages; and what orders share.

checkout_models.py has those of holds and new orders, order_models.py those of placed ones.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from farmlive.bilingual import Bilingual
from farmlive.broadcast import events
from farmlive.commands import Message
from farmlive.edge.paging import Page
from farmlive.money import Money
from farmlive.origin.core.fields import Gtin
from farmlive.origin.stops.models import CardLift, StopReason
from farmlive.problems import WrongValue
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
    """Return an order's number as people say it: A0001 to A9999, then B0001, and after Z, AA."""
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
    """Changes to a pick-up point; null removes its phone number."""

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


class CentreList(Page):
    """The pick-up points, oldest first."""

    centres: list[Centre]


# Products and offers


class Product(BaseModel):
    """A product of a farm: the name, contents and picture of its box.

    An archived product can't be offered any more; existing offers stay.
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
    """A product to add to a farm's catalogue; `picture` is the name that the upload returned."""

    model_config = ConfigDict(extra="forbid")

    farm: Identifier
    name: PublicBilingual
    unit: PublicBilingual
    net_weight_g: Weight
    gtin: Gtin | None = None
    picture: Picture | None = None


class ProductChange(BaseModel):
    """Changes to a product; unit, weight and GTIN can only change before it is first offered."""

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


class ProductList(Page):
    """Products, oldest first."""

    products: list[Product]


class NewOffer(BaseModel):
    """An offer to add to a broadcast's bag: an existing `product`, or a new one by its fields."""

    model_config = ConfigDict(extra="forbid")

    product: Identifier | None = None
    name: PublicBilingual | None = None
    unit: PublicBilingual | None = None
    net_weight_g: Weight | None = None
    gtin: Gtin | None = None
    picture: Picture | None = None
    lot: Identifier
    price: Price
    list_price: Price | None = None
    released: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] = 0

    @model_validator(mode="after")
    def _whole_product(self) -> Self:
        facts = (self.name, self.unit, self.net_weight_g)
        if self.product is not None:
            if any(fact is not None for fact in (*facts, self.gtin, self.picture)):
                raise ValueError("Name a known product or give the facts of a new one, not both.")
        elif any(fact is None for fact in facts):
            raise ValueError(
                "A new product needs its name, its unit (such as 2.5 kg box) and its net weight "
                "in grams."
            )
        if is_lower(self.list_price, self.price):
            raise WrongValue(
                "list-price-too-low",
                "The list price is the higher one, struck out beside the price.",
            )
        return self


def is_lower(list_price: Money | None, price: Money) -> bool:
    """Return whether a list price is lower than the price, where the two can be compared."""
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
    """The lot on a card; `harvested_at` is in milliseconds since 1970, as on the channel.

    `sold_g` and `left_g` are its net weight sold and still for sale, over all its offers in any
    broadcast; `wasted_g` was thrown away. `stopped` lists the reasons that stop it, empty if it may
    be sold; `lifted` is the public sentence of its last lift.
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
    """The flash batch on a card, planned or running; times are in milliseconds since 1970.

    `boxes` is its total, `per_buyer` the limit per buyer.
    """

    id: str
    state: Literal["planned", "running"]
    price: Money
    boxes: int
    per_buyer: int | None
    starts_at: int
    ends_at: int


class Card(BaseModel):
    """An offer as viewers see it.

    Released boxes are sold, held, kept for the running flash batch, or left; `left` is at most what
    the lot holds. `waiting` is the number of boxes on the waiting list.
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


class Bag(Page):
    """A broadcast's offers, in the order of its bag."""

    offers: list[Card]


class BagOrder(BaseModel):
    """The new order of a bag: all its offers, first one first."""

    model_config = ConfigDict(extra="forbid")

    offers: Annotated[list[Identifier], Field(min_length=1, max_length=100)]


class AboutOffer(BaseModel):
    """The offer that a message is about; over HTTP it is in the path."""

    offer: Identifier


class NewRelease(BaseModel):
    """The number of boxes of an offer to release; a negative number withdraws boxes."""

    model_config = ConfigDict(extra="forbid")

    quantity: Step


class OfferRelease(NewRelease, AboutOffer, Message):
    """Release boxes of an offer, or take some back; idempotent if a key is given.

    A repeated message must have the same key and the same contents.
    """

    type: Literal["offer.release"] = "offer.release"
    key: Key | None = None


class ChangedOffer(BaseModel):
    """Changes to an offer; null removes the list price."""

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
    """An offer's stock: `released` is the sum of sold, held, kept for the running flash batch, and
    left. `lot_sold_g` and `lot_left_g` are those of its lot, over all offers of it.
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
    """Return an amount as events and answers have it."""
    return {"amount": amount, "currency": currency}
