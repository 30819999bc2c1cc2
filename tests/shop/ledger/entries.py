"""What the ledger has entries of: lots and offers, holds and orders, and what was done to them."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Lot:
    grams: int
    wasted: int = 0


@dataclass
class Batch:
    """A flash batch."""

    offer: str
    price: int
    boxes: int
    per_buyer: int | None
    starts_at: int
    ends_at: int
    state: str = "planned"
    why: str | None = None


@dataclass
class Offer:
    broadcast: str
    lot: str
    grams: int
    price: int
    released: int
    # What it cost before, and when that ended.
    before: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Line:
    """So many of an offer at a price; `batch` is the flash batch whose boxes they are.

    `by_hold`: it was had as it had been held, and at its price.
    """

    quantity: int
    price: int
    batch: str | None = None
    by_hold: bool = False


@dataclass
class Hold:
    lines: dict[str, Line]
    until: int
    held_at: int
    # By a device without a past order.
    is_new: bool = False

    @property
    def boxes(self) -> int:
        return sum(line.quantity for line in self.lines.values())


@dataclass
class Order:
    """What a device ordered for a phone."""

    broadcast: str
    device: str
    phone: str
    lines: dict[str, Line]
    cancelled: bool = False
    # From which address it came is not known any more.
    forgotten: bool = False
    # What happened to it since and was not taken back, the last one last.
    deeds: list[Any] = field(default_factory=list, compare=False)


@dataclass(eq=False)
class Move:
    """Orders that one deed cancelled; which of them it was undone of, or put right."""

    at: int
    orders: list[Order]
    undone: list[Order] = field(default_factory=list)
    right: list[Order] = field(default_factory=list)


@dataclass(eq=False)
class Refund:
    """A box of an order that was paid back."""

    at: int
    order: Order
    offer: str
    undone: bool = False
    right: bool = False


@dataclass
class Wait:
    broadcast: str
    offer: str
    device: str
    quantity: int


@dataclass
class Asked:
    offer: str
    quantity: int
    price: int


Lines = dict[str, Line]
