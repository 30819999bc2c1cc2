"""The shapes of what is done to orders that were placed: found, moved, handed over."""

import unicodedata
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from farmlive.broadcast.events.trade import Payment, State
from farmlive.edge.paging import Paged
from farmlive.origin.core.fields import Time
from farmlive.shop.core.fields import Identifier, KnownBy, StaffReason, Way
from farmlive.shop.core.order_models import Order

# A page of orders: each costs the writer two thirds of a millisecond, and buyers wait meanwhile.
MAX_MOVED = 200

Sought = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


def _plain(value: object) -> object:
    """What was typed with plain digits: a Chinese keyboard may write １２３."""
    return unicodedata.normalize("NFKC", value) if isinstance(value, str) else value


Code = Annotated[
    str,
    BeforeValidator(_plain),
    StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{6}$"),
]
PhoneEnd = Annotated[
    str,
    BeforeValidator(_plain),
    StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{4}$"),
]


class OrderFilter(BaseModel):
    """Which orders of a broadcast are read; what is left out or null is no condition.

    `find` is an order's number, a part of the buyer's name, or the phone number or its end, as
    people write them.
    """

    model_config = ConfigDict(extra="forbid")

    find: Sought | None = None
    state: State | None = None
    payment: Payment | None = None
    way: Way | None = None
    centre: Identifier | None = None
    flagged: bool | None = None


class OrderSearch(OrderFilter, Paged):
    """A search for orders, by a body: a name or a phone number belongs into no address."""


class WaitingSearch(Paged):
    """A search for what can be handed over, by a body; `find` is as an OrderFilter has it."""

    model_config = ConfigDict(extra="forbid")

    find: Sought | None = None
    centre: Identifier | None = None


class NewBulkTransition(BaseModel):
    """Orders to bring into a state, or that were paid; one or many.

    `known_by`: how their buyers are known, of pick-ups that are handed over without their codes.
    """

    model_config = ConfigDict(extra="forbid")

    orders: Annotated[list[Identifier], Field(min_length=1, max_length=MAX_MOVED)]
    state: State | None = None
    payment: Literal["paid"] | None = None
    reason: StaffReason | None = None
    known_by: KnownBy | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.state is None) == (self.payment is None):
            raise ValueError("Say the state that the orders come into, or that they were paid.")
        if len(set(self.orders)) < len(self.orders):
            raise ValueError("An order is named twice; name each once.")
        return self


class NewReversal(BaseModel):
    """What was done last with an order and was wrong, named by what it is again.

    The `state` before, the `payment` before it was paid, or the `refund`; and why.
    """

    model_config = ConfigDict(extra="forbid")

    state: State | None = None
    payment: Literal["due"] | None = None
    refund: Identifier | None = None
    reason: StaffReason

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if [self.state, self.payment, self.refund].count(None) != 2:
            raise ValueError("Say the state that it is in again, that it is due, or which refund.")
        return self


class Refused(BaseModel):
    """An order that stayed as it was, and why: a problem as RFC 9457 has it."""

    order: str
    problem: dict[str, Any]


class BulkTransition(BaseModel):
    """What came of a bulk transition, or of undoing it, order by order, as they are now.

    `until` is how long it can be undone; null where there is nothing to undo any more.
    """

    id: str
    until: Time | None
    moved: list[Order]
    refused: list[Refused]


class CodeSaid(BaseModel):
    """The code that a buyer says, and where; the end of the phone where it was asked for."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    centre: Identifier | None = None
    phone: PhoneEnd | None = None


class HandOver(CodeSaid):
    """By which code an order is handed over, or without one how its buyer is known."""

    code: Code | None = None  # type: ignore[assignment]
    known_by: KnownBy | None = None


class NewHandOver(HandOver):
    """Which order is handed over, and by what."""

    order: Identifier

    @property
    def by(self) -> HandOver:
        """The same without the order."""
        return HandOver.model_construct(
            code=self.code, centre=self.centre, phone=self.phone, known_by=self.known_by
        )


class HandedOver(BaseModel):
    """The order that was handed over; by `id` that can be undone until then, null where it was
    handed over before.
    """

    id: str | None
    order: Order
    until: Time | None
