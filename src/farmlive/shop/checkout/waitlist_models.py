"""The shapes of waiting lists in the API and of the channel's messages about them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from farmlive.commands import Message
from farmlive.edge.paging import Listing
from farmlive.shop.core.fields import Key, Proof, Quantity
from farmlive.shop.core.models import AboutOffer


class Wanted(BaseModel):
    """How many of an offer someone waits for; `proof` is as an order's."""

    model_config = ConfigDict(extra="forbid")

    quantity: Quantity
    proof: Proof | None = None


class WaitJoin(Wanted, AboutOffer, Message):
    """Join the waiting list for n boxes of an offer, which are held as soon as they are free.

    Where a proof is needed, it is of the key: random, and good for one answer.
    """

    type: Literal["wait.join"] = "wait.join"
    key: Key | None = None


class WaitLeave(AboutOffer, Message):
    """Leave the waiting list of an offer."""

    type: Literal["wait.leave"] = "wait.leave"


class Waiting(BaseModel):
    """Where a device stands: its `place` in the list from 1, and 0 where it is not in it.

    `waiting` is how many boxes all who wait want together.
    """

    offer: str
    quantity: int
    place: int
    waiting: int


class WaitList(Listing):
    """What a device waits for, the longest first."""

    waits: list[Waiting]
