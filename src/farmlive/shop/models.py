"""The shapes of the shop in the API and of the channel's messages that it answers.

What a buyer types is checked here, with a sentence for each mistake.
"""

import re
import unicodedata
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from farmlive.bilingual import Bilingual
from farmlive.money import Money
from farmlive.origin.models import Gtin, Identifier, Time

MAX_LINES = 50
MAX_QUANTITY = 999

_PHONE = re.compile(r"\+?[0-9]{7,15}")


def order_number(number: int) -> str:
    """The short number that people say: A0001 to A9999, then B0001, and after Z, AA."""
    block, place = divmod(number - 1, 9999)
    letters = ""
    block += 1
    while block:
        block, letter = divmod(block - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{place + 1:04d}"


def _whole(value: object) -> object:
    if type(value) is not int or not 1 <= value <= MAX_QUANTITY:
        raise ValueError(f"A quantity is a whole number from 1 to {MAX_QUANTITY}.")
    return value


def _seen(value: object) -> object:
    if type(value) is not int or value < 0:
        raise ValueError(
            "The price is what the buyer saw, a whole number of minor units: 2990 for 29.90."
        )
    return value


def _name(value: object) -> object:
    text = unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else ""
    if not text or len(text) > 60 or not text.isprintable():
        raise ValueError("Write the name of the person who receives it, 1 to 60 characters.")
    return text


def _phone(value: object) -> object:
    text = unicodedata.normalize("NFKC", value) if isinstance(value, str) else ""
    text = re.sub(r"[\s().-]", "", text)
    if not _PHONE.fullmatch(text):
        raise ValueError(
            "Write a phone number of 7 to 15 digits, such as 138 0000 0000 or +44 20 7946 0000."
        )
    # So that one person is one buyer: China's own prefix is left out of its mobile numbers.
    return re.sub(r"^(\+|00)86(?=1[0-9]{10}$)", "", text)


def _address(value: object) -> object:
    text = unicodedata.normalize("NFC", value) if isinstance(value, str) else ""
    text = re.sub(r"\s+", " ", text).strip()
    if not 2 <= len(text) <= 300 or not text.isprintable():
        raise ValueError("Write where the parcel goes, 2 to 300 characters; a village is enough.")
    return text


def _key(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]{16,64}", value):
        raise ValueError("The key is 16 to 64 random letters, digits or signs, without spaces.")
    return value


def _some_lines(lines: list["OrderLine"]) -> list["OrderLine"]:
    if not lines:
        raise ValueError("The order is empty: choose at least one offer.")
    if len(lines) > MAX_LINES:
        raise ValueError(f"An order has at most {MAX_LINES} lines; make two of it.")
    if len({line.offer for line in lines}) < len(lines):
        raise ValueError("An offer stands in the order twice; put its quantities into one line.")
    return lines


Quantity = Annotated[
    int,
    BeforeValidator(_whole),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_QUANTITY}),
]
SeenPrice = Annotated[
    int, BeforeValidator(_seen), WithJsonSchema({"type": "integer", "minimum": 0})
]
Name = Annotated[str, BeforeValidator(_name)]
Phone = Annotated[str, BeforeValidator(_phone)]
Address = Annotated[str, BeforeValidator(_address)]
Key = Annotated[str, BeforeValidator(_key)]
Price = Annotated[int, Field(strict=True, ge=1, le=1_000_000_00)]
Stock = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Way = Literal["parcel", "pickup"]
PaymentMethod = Literal["cash_on_delivery", "pay_at_pickup"]
State = Literal[
    "held", "placed", "packed", "shipped", "at_centre", "received", "cancelled", "expired"
]
Payment = Literal["due", "paid", "part_refunded", "refunded"]


# Pick-up points


class NewCentre(BaseModel):
    """A pick-up point to add."""

    model_config = ConfigDict(extra="forbid")

    name: Bilingual
    address: Bilingual
    phone: Phone | None = None


class Centre(BaseModel):
    """A county service centre where orders are picked up."""

    id: str
    name: Bilingual
    address: Bilingual
    phone: str | None


class CentreList(BaseModel):
    """The pick-up points, oldest first."""

    centres: list[Centre]


# Products and offers


class Product(BaseModel):
    """A product of a farm: what a box of it is called, holds and looks like."""

    id: str
    farm: str
    name: Bilingual
    unit: Bilingual
    net_weight_g: int
    gtin: str | None
    picture: str | None


class ProductList(BaseModel):
    """Products, oldest first."""

    products: list[Product]


class NewOffer(BaseModel):
    """An offer to put into a broadcast's bag: a known `product`, or a new one by its facts."""

    model_config = ConfigDict(extra="forbid")

    product: Identifier | None = None
    name: Bilingual | None = None
    unit: Bilingual | None = None
    net_weight_g: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
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
        if self.list_price is not None and self.list_price < self.price:
            raise ValueError("The list price is the higher one, struck out beside the price.")
        return self


class CardFarm(BaseModel):
    """The farm on a card."""

    id: str
    name: Bilingual
    place: Bilingual


class CardLot(BaseModel):
    """The lot on a card; `harvested_at` is milliseconds since 1970, as on the channel."""

    id: str
    code: str
    url: str
    harvested_at: int | None
    tested: bool
    farm: CardFarm


class Card(BaseModel):
    """What a viewer sees of an offer; the data of `offer.added`."""

    offer: str
    name: Bilingual
    unit: Bilingual
    net_weight_g: int
    price: Money
    list_price: Money | None
    picture: str | None
    gtin: str | None
    lot: CardLot
    released: int
    left: int


class Bag(BaseModel):
    """A broadcast's offers in the order of its bag."""

    offers: list[Card]


class OfferRelease(BaseModel):
    """`offer.release`: let so many more be sold."""

    offer: Identifier
    quantity: Stock


class OfferChange(BaseModel):
    """`offer.change`: a new price, list price or both, minor units; a null takes it away."""

    offer: Identifier
    price: Price | None = None
    list_price: Price | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.price is None and "list_price" not in self.model_fields_set:
            raise ValueError("Say what changes: the price, the list price or both.")
        return self


# Orders


class OrderLine(BaseModel):
    """One offer of an order; `price` is what the buyer saw for one, minor units."""

    offer: Identifier
    quantity: Quantity
    price: SeenPrice


class Buyer(BaseModel):
    """Who receives the order. Kept with the order alone, never in the log."""

    name: Name
    phone: Phone


class Delivery(BaseModel):
    """By parcel to an address, or picked up at a centre."""

    way: Way
    address: Address | None = None
    centre: Identifier | None = None

    @model_validator(mode="after")
    def _place(self) -> Self:
        if self.way == "parcel" and self.address is None:
            raise ValueError("A parcel needs the address where it goes.")
        if self.way == "pickup" and self.centre is None:
            raise ValueError("Choose the centre where the order is picked up.")
        return self


class NewOrder(BaseModel):
    """An order as a buyer sends it."""

    lines: Annotated[list[OrderLine], AfterValidator(_some_lines)]
    buyer: Buyer
    delivery: Delivery
    payment: PaymentMethod

    @model_validator(mode="after")
    def _payable(self) -> Self:
        fitting = "cash_on_delivery" if self.delivery.way == "parcel" else "pay_at_pickup"
        if self.payment != fitting:
            raise ValueError(
                "A parcel is paid in cash on delivery, a picked-up order at the pick-up point: "
                f"send {fitting}."
            )
        return self


class OrderPlace(NewOrder):
    """`order.place`: an order with its key."""

    key: Key


class PlacedOrder(BaseModel):
    """The answer to an order: its number to say and the address of its page."""

    order: str
    number: str
    token: str
    url: str
    state: State
    payment: Payment
    total: Money


class OrderedLine(BaseModel):
    """A line of an order; `price` is for one."""

    offer: str
    name: Bilingual
    unit: Bilingual
    quantity: int
    price: Money
    total: Money
    lot: str
    lot_code: str
    lot_url: str
    farm: str
    farm_name: Bilingual


class OrderedDelivery(BaseModel):
    """Where an order goes."""

    way: Way
    address: str | None
    centre: Centre | None


class Order(BaseModel):
    """An order as its buyer and staff see it."""

    id: str
    number: str
    token: str
    url: str
    broadcast: str
    placed_at: Time
    state: State
    payment: Payment
    payment_method: PaymentMethod
    lines: list[OrderedLine]
    total: Money
    buyer: Buyer
    delivery: OrderedDelivery
    simulated: bool


class OrderList(BaseModel):
    """Orders of a broadcast, oldest first; `next` is the `after` of the next page, if any."""

    orders: list[Order]
    next: str | None


def money(amount: int, currency: str) -> dict[str, object]:
    """Money as events and answers carry it."""
    return {"amount": amount, "currency": currency}
