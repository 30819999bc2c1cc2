"""The shapes of a wrong price that is put right, in the API and on the channel."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from farmlive.money import Money
from farmlive.origin.fields import Time
from farmlive.shop.fields import Identifier, Key, Payment, Price, State
from farmlive.shop.order_models import Buyer


class NewCorrection(BaseModel):
    """The price of now was a mistake.

    Without `price` the one before it holds again. What is held at the wrong price is kept at the
    right one, or with `honour` at the wrong one until its time is over.
    """

    offer: Identifier
    price: Price | None = None
    honour: bool = False


class OfferCorrect(NewCorrection):
    """`offer.correct`: put the price of now right; with a key once, however often it is sent.

    The key is as an order's, and the same message comes with it again.
    """

    key: Key | None = None


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
