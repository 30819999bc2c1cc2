"""API models of flash batches, and models of the channel's messages about them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from farmlive.commands import Message
from farmlive.edge.paging import Page
from farmlive.money import Money
from farmlive.shop.core.fields import MAX_STOCK, Identifier, Key, Price, Quantity

MAX_SECONDS = 86_400


class NewFlash(BaseModel):
    """Boxes of an offer at a lower price, for a number of seconds.

    It starts at once, or at `starts_at`, in milliseconds since 1970, once the broadcast is live.
    `per_buyer` is the most that one buyer may have.
    """

    offer: Identifier
    price: Price
    boxes: Annotated[int, Field(strict=True, ge=1, le=MAX_STOCK)]
    seconds: Annotated[int, Field(strict=True, ge=5, le=MAX_SECONDS)]
    per_buyer: Quantity | None = None
    starts_at: Annotated[int, Field(strict=True, ge=0, lt=1 << 53)] | None = None


class FlashPlan(NewFlash, Message):
    """Plan a flash batch of an offer, or start it at once; idempotent if a key is given.

    A repeated message must have the same key and the same contents.
    """

    type: Literal["flash.plan"] = "flash.plan"
    key: Key | None = None


class EndOfFlash(BaseModel):
    """The end of a running flash batch, or the cancellation of a planned one.

    `wrong`: its price was a mistake. Holds of it get the offer's price, also those of an ended
    batch, and its orders are listed with the offer's wrong prices.
    """

    wrong: bool = False


class FlashEnd(EndOfFlash, Message):
    """End a running flash batch, or cancel a planned one."""

    type: Literal["flash.end"] = "flash.end"

    flash: Identifier


class Flash(BaseModel):
    """A flash batch; times are in milliseconds since 1970, as on the channel.

    `boxes` is its total: `sold` are ordered, `held` are on hold. The total of an ended batch grows
    where a cancelled order is placed again and takes other boxes of the offer. `why` is the reason
    for its end: time, sold out, the host, the broadcast, or a wrong price.
    """

    id: str
    offer: str
    state: Literal["planned", "running", "ended"]
    price: Money
    boxes: int
    per_buyer: int | None
    sold: int
    held: int
    starts_at: int
    ends_at: int
    ended_at: int | None
    why: Literal["time", "sold_out", "host", "broadcast", "wrong", "stopped"] | None


class FlashList(Page):
    """The flash batches of a broadcast, oldest first."""

    flashes: list[Flash]
