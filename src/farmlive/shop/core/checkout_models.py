"""API models of checkout, also for the channel's messages: chosen lines, holds and new orders.

order_models.py has placed orders.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, model_validator

from farmlive.broadcast.events.trade import Payment, State
from farmlive.commands import Message
from farmlive.money import Money
from farmlive.shop.core import payments
from farmlive.shop.core.fields import (
    Address,
    Email,
    Identifier,
    Key,
    Name,
    PaymentMethod,
    Phone,
    Proof,
    Quantity,
    SeenPrice,
    SentMoney,
    Way,
)
from farmlive.shop.core.regions import Region

MAX_LINES = 50


def _not_too_many(lines: Any) -> Any:
    """Check the number of lines before each line is validated: half a million would take
    seconds.
    """
    if isinstance(lines, list) and len(lines) > MAX_LINES:
        raise ValueError(f"An order has at most {MAX_LINES} lines; make two of it.")
    return lines


def _some_lines(lines: list["OrderLine"]) -> list["OrderLine"]:
    if not lines:
        raise ValueError("The order is empty: choose at least one offer.")
    if len({line.offer for line in lines}) < len(lines):
        raise ValueError("An offer stands in the order twice; put its quantities into one line.")
    return lines


Lines = Annotated[list["OrderLine"], BeforeValidator(_not_too_many), AfterValidator(_some_lines)]


class OrderLine(BaseModel):
    """A line of an order; `price` is the price per box that the buyer saw, in minor units of the
    one currency that all offers of an order share.
    """

    offer: Identifier
    quantity: Quantity
    price: SeenPrice


class Buyer(BaseModel):
    """The buyer's personal data. Stored with the order only, never in the log."""

    name: Name
    phone: str
    email: str | None = None


class NewBuyer(Buyer):
    """The buyer of a new order; stricter than `Buyer`, since stored data may follow older rules."""

    phone: Phone
    email: Email | None = None


class Delivery(BaseModel):
    """The delivery of an order: a parcel to a postal address, or a pick-up at a centre.

    `region` is the GB/T 2260 code of the address's county, prefecture or province: six digits. The
    fee may depend on it.
    """

    way: Way
    address: Address | None = None
    region: Region | None = None
    centre: Identifier | None = None

    @model_validator(mode="after")
    def _place(self) -> Self:
        if self.way == "parcel" and self.address is None:
            raise ValueError("A parcel needs the address where it goes.")
        if self.way == "pickup" and self.centre is None:
            raise ValueError("Choose the centre where the order is picked up.")
        return self


class NewHold(BaseModel):
    """Lines to hold while the buyer fills in the order; `proof` is as for an order."""

    lines: Lines
    proof: Proof | None = None


class HoldPlace(NewHold, Message):
    """Hold stock for the buyer for some minutes, in place of an earlier hold."""

    type: Literal["hold.place"] = "hold.place"
    key: Key


class HoldDrop(Message):
    """Drop the hold; the device leaves the waiting lists of its offers.

    It also succeeds if the device has no such hold; then nothing changes.
    """

    type: Literal["hold.drop"] = "hold.drop"
    order: Identifier


class HeldLine(BaseModel):
    """A line of a hold; `price` is per box, in minor units, as in events."""

    offer: str
    lot: str
    farm: str
    quantity: int
    price: int
    total: int
    flash: str | None = None


class Held(BaseModel):
    """A hold: the id of the future order, and its end in milliseconds since 1970.

    `final`: holding again does not extend it any more.
    """

    id: str
    until: int
    lines: list[HeldLine]
    total: Money
    final: bool = False


class NewOrder(BaseModel):
    """An order to place; `order` is the id of the device's hold, whose boxes it takes. The hold of
    another device is ignored.

    `fee` is the delivery fee that the buyer saw; `language` is the buyer's. `proof` is a text for
    which SHA-256 of `broadcast:key:proof` begins with as many zero bits as `proof-needed` asks for.
    """

    order: Identifier | None = None
    lines: Lines
    buyer: NewBuyer
    delivery: Delivery
    payment: PaymentMethod
    fee: SentMoney | None = None
    language: Literal["zh", "en"] | None = None
    proof: Proof | None = None

    @model_validator(mode="after")
    def _payable(self) -> Self:
        payments.provider_of(self.payment).authorize(self.delivery.way)
        return self


class OrderPlace(NewOrder, Message):
    """Place an order; idempotent by its key."""

    type: Literal["order.place"] = "order.place"
    key: Key


class PlacedOrder(BaseModel):
    """A placed order: its number, and the URL of its page.

    `total` is the sum of its lines and the `fee`; `code` is the pick-up code.
    """

    id: str
    number: str
    token: str
    url: str
    state: State
    payment: Payment
    total: Money
    fee: Money
    code: str | None
