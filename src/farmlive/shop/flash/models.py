"""The shapes of flash batches in the API and of the channel's messages about them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from farmlive.commands import Message
from farmlive.edge.paging import Listing
from farmlive.money import Money
from farmlive.shop.core.fields import MAX_STOCK, Identifier, Key, Price, Quantity

MAX_SECONDS = 86_400


class NewFlash(BaseModel):
    """A batch of an offer's boxes at a lower price, for so many seconds.

    It starts at once, or at `starts_at`, milliseconds since 1970, once the broadcast is live.
    `per_buyer`: how many of it one buyer may have.
    """

    offer: Identifier
    price: Price
    boxes: Annotated[int, Field(strict=True, ge=1, le=MAX_STOCK)]
    seconds: Annotated[int, Field(strict=True, ge=5, le=MAX_SECONDS)]
    per_buyer: Quantity | None = None
    starts_at: Annotated[int, Field(strict=True, ge=0, lt=1 << 53)] | None = None


class FlashPlan(NewFlash, Message):
    """Plan a flash batch of an offer, or start it at once; idempotent if a key is given.

    The key is as an order's, and the same message comes with it again.
    """

    type: Literal["flash.plan"] = "flash.plan"
    key: Key | None = None


class EndOfFlash(BaseModel):
    """How a batch that runs is ended, or one that is planned called off.

    `wrong`: its price was a mistake. What is held of it is kept at the offer's price, also of one
    that has ended, and what was ordered at it is listed among the wrong prices of the offer.
    """

    wrong: bool = False


class FlashEnd(EndOfFlash, Message):
    """End a running flash batch, or cancel a planned one."""

    type: Literal["flash.end"] = "flash.end"

    flash: Identifier


class Flash(BaseModel):
    """A flash batch; its times are milliseconds since 1970, as on the channel.

    `boxes` it has in all: `sold` of them were ordered, `held` are kept for buyers who write their
    order. One that is over has more where an order that was called off is wanted after all, and is
    filled from what else the offer has. `why` says what ended it: its time, that all were sold, the
    host, or the broadcast; or that its price was wrong.
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


class FlashList(Listing):
    """The flash batches of a broadcast, oldest first."""

    flashes: list[Flash]
