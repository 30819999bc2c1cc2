"""The shapes of a wrong price that is put right, in the API and on the channel."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from farmlive.broadcast.events.trade import Payment, State
from farmlive.commands import Message
from farmlive.money import Money
from farmlive.origin.core.fields import Time
from farmlive.shop.core.fields import Key, Price
from farmlive.shop.core.models import AboutOffer
from farmlive.shop.core.order_models import Buyer


class NewCorrection(BaseModel):
    """The price of now was a mistake.

    Without `price` the one before it holds again. What is held at the wrong price is kept at the
    right one, or with `honour` at the wrong one until its time is over.
    """

    model_config = ConfigDict(extra="forbid")

    price: Price | None = None
    honour: bool = False


class OfferCorrect(NewCorrection, AboutOffer, Message):
    """Correct an offer's current price; idempotent if a key is given.

    The key is as an order's, and the same message comes with it again.
    """

    type: Literal["offer.correct"] = "offer.correct"
    key: Key | None = None


class Corrected(BaseModel):
    """A price that was put right: `was` it, `price` and `list_price` are those from now on.

    `orders` were taken at the wrong price, and `held` boxes still are where that is honoured.
    """

    offer: str
    price: Money
    list_price: Money | None = None
    was: Money
    orders: int
    held: int


class MispricedOrder(BaseModel):
    """An order at the wrong price: `total` is what its boxes of the offer come to.

    `difference` is between that and what they cost at the right price, and can be refunded where
    it is too much: given back of what was paid, or taken off what is due. `refunded` is what was
    so far, for whatever reason; `deeds` is what can be done now.
    """

    id: str
    number: str
    placed_at: Time
    state: State
    payment: Payment
    quantity: int
    total: Money
    difference: Money
    refunded: Money
    buyer: Buyer | None
    deeds: list[Literal["keep", "cancel", "refund"]]


class WrongPrice(BaseModel):
    """A wrong price: `was` it, `price` the right one; `flash` where it was that batch's.

    `from` and `until` are when it could be seen, `held` how many boxes are still held at it.
    """

    was: Money
    price: Money
    flash: str | None
    from_: Annotated[Time, Field(alias="from")]
    until: Time
    orders: list[MispricedOrder]
    held: int


class Mispriced(BaseModel):
    """What came of the wrong prices of an offer and of its flash batches, the last one first."""

    prices: list[WrongPrice]
