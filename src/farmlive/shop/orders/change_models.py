"""API models of actions on placed orders: search, transitions, hand-over."""

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
from farmlive.edge.paging import PageBody
from farmlive.origin.core.fields import Time
from farmlive.shop.core.fields import Identifier, KnownBy, StaffReason, Way
from farmlive.shop.core.order_models import Order

# A page of orders: each takes two thirds of a millisecond in the write transaction, while buyers'
# orders wait.
MAX_MOVED = 200

Sought = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


def _plain(value: object) -> object:
    """Normalize digits: a Chinese input method may type full-width １２３."""
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


class OrderConditions(BaseModel):
    """Conditions on the orders of a broadcast; null or absent means any."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = None
    payment: Payment | None = None
    way: Way | None = None
    centre: Identifier | None = None
    flagged: bool | None = None


class OrderFilter(OrderConditions):
    """Conditions on the orders of a broadcast; null or absent means any.

    `find` is an order's number, a part of the buyer's name, or a phone number or its end, as people
    write them.
    """

    find: Sought | None = None


class OrderSearch(OrderFilter, PageBody):
    """A search for orders, in the body: a name or a phone number must not stand in a URL."""


class WaitingSearch(PageBody):
    """A search for orders to hand over, in the body.

    `find` is an order's number, a part of the buyer's name, or the phone number or its end.
    """

    model_config = ConfigDict(extra="forbid")

    find: Sought | None = None
    centre: Identifier | None = None


class NewBulkTransition(BaseModel):
    """A transition for one or many orders: a new state, or payment.

    `known_by`: how staff know the buyers, for pick-ups that are handed over without their codes.
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
    """The last change of an order, to undo as a mistake: the `state` or the `payment` to return to,
    or the `refund`; and the reason.
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
    """An order that was not changed, and its problem (RFC 9457)."""

    order: str
    problem: dict[str, Any]


class BulkTransition(BaseModel):
    """The result of a bulk action or of its undo: the changed orders as they are now.

    `until` is how long it can be undone; null if there is nothing to undo.
    """

    id: str
    until: Time | None
    moved: list[Order]
    refused: list[Refused]


class CodeSaid(BaseModel):
    """A pick-up code, and where; with the last digits of the phone number where asked."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    centre: Identifier | None = None
    phone: PhoneEnd | None = None


class HandOver(CodeSaid):
    """The code of the order to hand over, or without it how staff know the buyer."""

    code: Code | None = None  # type: ignore[assignment]
    known_by: KnownBy | None = None


class NewHandOver(HandOver):
    """The order to hand over, and by what."""

    order: Identifier

    @property
    def by(self) -> HandOver:
        """Return the same without the order."""
        return HandOver.model_construct(
            code=self.code, centre=self.centre, phone=self.phone, known_by=self.known_by
        )


class HandedOver(BaseModel):
    """The order that was handed over; the action `id` can be undone until `until`. Both are null if
    it was handed over before.
    """

    id: str | None
    order: Order
    until: Time | None
