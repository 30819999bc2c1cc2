"""The shapes of waiting lists in the API and of the channel's messages about them."""

from pydantic import BaseModel, ConfigDict

from farmlive.shop.fields import Identifier, Key, Proof, Quantity


class Wanted(BaseModel):
    """How many of an offer someone waits for; `proof` is as an order's."""

    model_config = ConfigDict(extra="forbid")

    quantity: Quantity
    proof: Proof | None = None


class NewWait(BaseModel):
    """What someone waits for."""

    offer: Identifier
    quantity: Quantity
    proof: Proof | None = None


class WaitJoin(NewWait):
    """`wait.join`: keep so many for this device as soon as they can be had.

    Where a proof is needed, it is of the key: random, and good for one answer.
    """

    key: Key | None = None


class WaitLeave(BaseModel):
    """`wait.leave`: wait for this offer no more."""

    offer: Identifier


class Waiting(BaseModel):
    """Where a device stands: its `place` in the list from 1, and 0 where it is not in it.

    `waiting` is how many boxes all who wait want together.
    """

    offer: str
    quantity: int
    place: int
    waiting: int


class WaitList(BaseModel):
    """What a device waits for, the longest first."""

    waits: list[Waiting]
