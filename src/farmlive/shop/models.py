"""The shapes of the shop in the API and of the channel's messages that it answers."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from farmlive.bilingual import Bilingual
from farmlive.money import Money
from farmlive.origin.fields import Gtin, Time
from farmlive.shop.fields import (
    Address,
    Amount,
    By,
    Identifier,
    Key,
    Name,
    Payment,
    PaymentMethod,
    Phone,
    Picture,
    Price,
    Quantity,
    Reason,
    SeenPrice,
    State,
    Step,
    Way,
    Weight,
)

MAX_LINES = 50


def order_number(number: int) -> str:
    """The short number that people say: A0001 to A9999, then B0001, and after Z, AA."""
    block, place = divmod(number - 1, 9999)
    letters = ""
    block += 1
    while block:
        block, letter = divmod(block - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{place + 1:04d}"


def _some_lines(lines: list["OrderLine"]) -> list["OrderLine"]:
    if not lines:
        raise ValueError("The order is empty: choose at least one offer.")
    if len(lines) > MAX_LINES:
        raise ValueError(f"An order has at most {MAX_LINES} lines; make two of it.")
    if len({line.offer for line in lines}) < len(lines):
        raise ValueError("An offer stands in the order twice; put its quantities into one line.")
    return lines


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
    name: Bilingual
    unit: Bilingual
    net_weight_g: Weight
    gtin: Gtin | None = None
    picture: Picture | None = None


class ProductChange(BaseModel):
    """What changes of a product; unit, weight and GTIN only before it was ever offered."""

    model_config = ConfigDict(extra="forbid")

    name: Bilingual | None = None
    unit: Bilingual | None = None
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


class ProductList(BaseModel):
    """Products, oldest first."""

    products: list[Product]


class NewOffer(BaseModel):
    """An offer to put into a broadcast's bag: a known `product`, or a new one by its facts."""

    model_config = ConfigDict(extra="forbid")

    product: Identifier | None = None
    name: Bilingual | None = None
    unit: Bilingual | None = None
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
        if self.list_price is not None and self.list_price < self.price:
            raise ValueError("The list price is the higher one, struck out beside the price.")
        return self


class CardFarm(BaseModel):
    """The farm on a card."""

    id: str
    name: Bilingual
    place: Bilingual


class CardLot(BaseModel):
    """The lot on a card; `harvested_at` is milliseconds since 1970, as on the channel.

    `sold_g` is the net weight sold of it, over all offers that draw on it in any broadcast.
    """

    id: str
    code: str
    url: str
    harvested_at: int | None
    tested: bool
    harvested_g: int
    sold_g: int
    farm: CardFarm


class Card(BaseModel):
    """What a viewer sees of an offer; the data of `offer.added`.

    What was released is sold, held for buyers who have not yet ordered, or left.
    """

    offer: str
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
    held: int
    left: int


class Bag(BaseModel):
    """A broadcast's offers in the order of its bag."""

    offers: list[Card]


class BagOrder(BaseModel):
    """The order of a bag: all its offers, the first first."""

    model_config = ConfigDict(extra="forbid")

    offers: Annotated[list[Identifier], Field(min_length=1, max_length=100)]


class OfferRelease(BaseModel):
    """`offer.release`: let so many more be sold, or, below zero, take so many back."""

    offer: Identifier
    quantity: Step


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


class NewHold(BaseModel):
    """What a buyer wants to have kept while filling in the order."""

    lines: Annotated[list[OrderLine], AfterValidator(_some_lines)]


class HoldPlace(NewHold):
    """`hold.place`: keep this for the buyer for some minutes; it replaces an earlier hold."""

    key: Key


class HoldDrop(BaseModel):
    """`hold.drop`: give back what was held."""

    order: Identifier


class HeldLine(BaseModel):
    """A line of a hold; `price` is for one, minor units, as in events."""

    offer: str
    lot: str
    farm: str
    quantity: int
    price: int
    total: int


class Held(BaseModel):
    """The answer to a hold: the order to be, and until when it is kept, milliseconds since 1970."""

    order: str
    until: int
    lines: list[HeldLine]
    total: Money


class NewOrder(BaseModel):
    """An order as a buyer sends it; `order` names the buyer's hold, whose stock it takes."""

    order: Identifier | None = None
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
    picture: str | None
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


class Change(BaseModel):
    """One step in the life of an order: how it stood from then on, by whose doing."""

    at: Time
    state: State
    payment: Payment
    by: By
    reason: str | None


class Cancel(BaseModel):
    """A buyer's word on why the order is cancelled, if there is one."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason | None = None


class StateChange(BaseModel):
    """The state that an order comes into."""

    model_config = ConfigDict(extra="forbid")

    state: State
    reason: Reason | None = None


class PaymentChange(BaseModel):
    """An order was paid."""

    model_config = ConfigDict(extra="forbid")

    payment: Literal["paid"]


class Refund(BaseModel):
    """Money given back, minor units, on top of what was given back before."""

    model_config = ConfigDict(extra="forbid")

    amount: Amount
    reason: Reason


class Order(BaseModel):
    """An order as its buyer and staff see it.

    A seller sees the lines of own farms and their sum, neither buyer nor address; token and url
    are for the buyer and for staff.
    """

    id: str
    number: str
    token: str | None
    url: str | None
    broadcast: str
    placed_at: Time
    state: State
    payment: Payment
    payment_method: PaymentMethod
    lines: list[OrderedLine]
    total: Money
    refunded: Money
    buyer: Buyer | None
    delivery: OrderedDelivery
    simulated: bool
    can_cancel: bool
    history: list[Change]


class OrderList(BaseModel):
    """Orders of a broadcast, oldest first; `next` is the `after` of the next page, if any."""

    orders: list[Order]
    next: str | None


def money(amount: int, currency: str) -> dict[str, object]:
    """Money as events and answers carry it."""
    return {"amount": amount, "currency": currency}
