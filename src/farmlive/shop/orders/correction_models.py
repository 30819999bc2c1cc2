"""Models of price corrections, in the API and on the channel."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from farmlive.broadcast.events.trade import Payment, State
from farmlive.commands import Message
from farmlive.money import Money
from farmlive.origin.core.fields import Time
from farmlive.shop.core.checkout_models import Buyer
from farmlive.shop.core.fields import Key, Price
from farmlive.shop.core.models import AboutOffer


class NewCorrection(BaseModel):
    """The current price was a mistake.

    Without `price` the previous price is restored. Holds at the wrong price get the right one, or
    with `honour` keep the wrong one until they end.
    """

    model_config = ConfigDict(extra="forbid")

    price: Price | None = None
    honour: bool = False


class OfferCorrect(NewCorrection, AboutOffer, Message):
    """Correct an offer's current price; idempotent if a key is given.

    A repeated message must have the same key and the same contents.
    """

    type: Literal["offer.correct"] = "offer.correct"
    key: Key | None = None


class Corrected(BaseModel):
    """A price correction: `was` is the wrong price, `price` and `list_price` are the new ones.

    `orders` were placed at the wrong price; `held` boxes still are, if it is honoured.
    """

    offer: str
    price: Money
    list_price: Money | None = None
    was: Money
    orders: int
    held: int


class MispricedOrder(BaseModel):
    """An order at a wrong price: `total` is the sum of its boxes of the offer.

    `difference` is that sum less the right one, and can be refunded if it is positive: given back
    if paid, taken off if due. `refunded` is the order's refund so far, for any reason; `deeds`
    lists the actions possible now.
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
    """A wrong price: `was` is it, `price` the right one; `flash` is its flash batch, if it had one.

    It was shown from `from` until `until`; `held` boxes are still held at it.
    """

    was: Money
    price: Money
    flash: str | None
    from_: Annotated[Time, Field(alias="from")]
    until: Time
    orders: list[MispricedOrder]
    held: int


class Mispriced(BaseModel):
    """The wrong prices of an offer and of its flash batches, the latest first."""

    prices: list[WrongPrice]
