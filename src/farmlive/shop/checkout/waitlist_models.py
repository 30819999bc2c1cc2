"""API models of waiting lists, and models of the channel's messages about them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from farmlive.commands import Message
from farmlive.edge.paging import Page
from farmlive.shop.core.fields import Key, Proof, Quantity
from farmlive.shop.core.models import AboutOffer


class Wanted(BaseModel):
    """The quantity of an offer that a buyer wants; `proof` is as for an order."""

    model_config = ConfigDict(extra="forbid")

    quantity: Quantity
    proof: Proof | None = None


class WaitJoin(Wanted, AboutOffer, Message):
    """Join the waiting list for n boxes of an offer, which are held as soon as they are free.

    Where a proof is needed, it is over the key: random, and good for one answer.
    """

    type: Literal["wait.join"] = "wait.join"
    key: Key | None = None


class WaitLeave(AboutOffer, Message):
    """Leave the waiting list of an offer.

    It also succeeds if the device is not on it.
    """

    type: Literal["wait.leave"] = "wait.leave"


class Waiting(BaseModel):
    """A device's position on a waiting list: `place` counts from 1, and is 0 if it is not on the
    list.

    `waiting` is the total of boxes on the list.
    """

    offer: str
    quantity: int
    place: int
    waiting: int


class WaitList(Page):
    """The waiting lists that a device is on, the longest wait first."""

    waits: list[Waiting]
