"""The shapes of waiting lists in the API and of the channel's messages about them."""

from pydantic import BaseModel, ConfigDict

from farmlive.shop.fields import Identifier, Quantity


class Wanted(BaseModel):
    """How many of an offer someone waits for."""

    model_config = ConfigDict(extra="forbid")

    quantity: Quantity


class WaitJoin(BaseModel):
    """`wait.join`: keep so many for this device as soon as they can be had."""

    offer: Identifier
    quantity: Quantity


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
