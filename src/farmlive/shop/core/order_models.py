"""API models of placed orders, and of what changes one.

checkout_models.py has holds and new orders.
"""

from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from farmlive.bilingual import Bilingual
from farmlive.broadcast.events.trade import Payment, State
from farmlive.edge.paging import Page
from farmlive.money import Money
from farmlive.origin.core.fields import Time
from farmlive.origin.stops.models import CardLift, StopReason
from farmlive.shop.core import payments, state_machine
from farmlive.shop.core.checkout_models import MAX_LINES, Buyer
from farmlive.shop.core.claim_models import Claim
from farmlive.shop.core.fields import (
    Amount,
    By,
    Identifier,
    KnownBy,
    PaymentMethod,
    Quantity,
    Reason,
    StaffReason,
    Way,
)
from farmlive.shop.core.models import Centre


class OrderedLine(BaseModel):
    """A line of an order; `price` is per box, `returned` boxes were refunded and put back unpacked.

    `lot_stopped` lists the reasons that stop its lot; `lot_lifted` is the public sentence of the
    lot's last lift, null if it was never lifted or is stopped again.
    """

    offer: str
    name: Bilingual
    unit: Bilingual
    picture: str | None
    quantity: int
    price: Money
    total: Money
    returned: int = 0
    lot: str
    lot_code: str
    lot_url: str
    lot_stopped: list[StopReason] = []
    lot_lifted: CardLift | None = None
    farm: str
    farm_name: Bilingual


class OrderedDelivery(BaseModel):
    """The delivery of an order; `address` begins with the chosen region, as on the parcel."""

    way: Way
    address: str | None
    centre: Centre | None


class Change(BaseModel):
    """A change of an order's state or payment: the values after it, and who made it.

    `undone`: a later change undid it, which has `undoes`. `alone`: only the money of a refund was
    undone, not its boxes. `amount` is that of a refund, and `refund` its id, by which staff can
    undo it.
    """

    at: Time
    state: State
    payment: Payment
    by: By
    reason: str | None
    undone: bool = False
    undoes: bool = False
    alone: bool = False
    amount: Money | None = None
    refund: str | None = None


class Cancel(BaseModel):
    """The buyer's reason for a cancellation, if any."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason | None = None


class NewTransition(BaseModel):
    """The state to move an order to.

    `known_by`: how staff know the buyer, for a pick-up that is handed over without its code.
    """

    model_config = ConfigDict(extra="forbid")

    state: State
    reason: StaffReason | None = None
    known_by: KnownBy | None = None

    def known(self) -> dict[str, str]:
        """Return `known_by` of a hand-over, as a member for the audit list."""
        said = self.known_by if self.state == "received" else None
        return {} if said is None else {"known_by": said}


class NewPayment(BaseModel):
    """The payment of an order by its own payment method."""

    model_config = ConfigDict(extra="forbid")


class Boxes(BaseModel):
    """A number of boxes of an offer."""

    model_config = ConfigDict(extra="forbid")

    offer: Identifier
    quantity: Quantity


def _each_once(boxes: list[Boxes]) -> list[Boxes]:
    if len({line.offer for line in boxes}) < len(boxes):
        raise ValueError("An offer stands there twice; put its boxes into one line.")
    return boxes


class Refund(BaseModel):
    """A refund, in addition to earlier ones; an unpaid order is reduced instead.

    `lines` are boxes that are refunded and never left: they return to the stock of an order that is
    not packed yet. `offer` is the one whose price was mistaken. The amount is taken off the named
    lines in what farms are owed, otherwise off all lines.
    """

    model_config = ConfigDict(extra="forbid")

    amount: Amount
    reason: StaffReason
    lines: Annotated[list[Boxes], Field(max_length=MAX_LINES), AfterValidator(_each_once)] = []
    offer: Identifier | None = None


class Order(BaseModel):
    """An order as its buyer and staff see it.

    `total` is the sum of its lines and the `fee`. A seller sees the lines of its own farms with
    their sum, without buyer and postal address. `token`, `url`, the pick-up `code` and `claims`
    (oldest first) are for the buyer and staff; `flags`, reasons to check the order, for staff and
    clerks. `refunded` was given back, or taken off before payment: the buyer pays the total less
    this. `person_gone_at` is when the buyer's data was removed: `buyer` is null since, and address,
    reasons and the texts of claims are gone. `erased`: the buyer asked for that, and the order
    takes no more texts of theirs.
    """

    id: str
    number: str
    token: str | None
    url: str | None
    broadcast: str
    placed_at: Time
    state: State
    payment: Payment
    payment_method: PaymentMethod
    lines: list[OrderedLine]
    total: Money
    fee: Money
    refunded: Money
    buyer: Buyer | None
    delivery: OrderedDelivery
    simulated: bool
    code: str | None
    flags: list[str]
    can_cancel: bool
    person_gone_at: Time | None = None
    erased: bool = False
    claims: list[Claim]
    history: list[Change]

    @property
    def stopped(self) -> list[OrderedLine]:
        """The lines of stopped lots that still have boxes."""
        return [line for line in self.lines if line.lot_stopped and line.quantity > line.returned]

    @property
    def lifted(self) -> list[OrderedLine]:
        """The lines of lifted lots that still have boxes."""
        return [line for line in self.lines if line.lot_lifted and line.quantity > line.returned]

    @property
    def payable(self) -> Money:
        """The amount to pay for it: the total less what was taken off before payment."""
        off = self.refunded.amount if self.payment in ("due", "paid") else 0
        return Money(amount=self.total.amount - off, currency=self.total.currency)

    @property
    def was_reduced(self) -> bool:
        """Whether something was taken off before payment."""
        return any(
            before.state == after.state
            and before.payment == after.payment == "due"
            and not (after.undoes or after.undone)
            for before, after in pairwise(self.history)
        )

    @property
    def to_collect(self) -> Money:
        """The amount still to be paid; zero for a cancelled order."""
        is_due = self.payment == "due" and self.state != "cancelled"
        return self.payable if is_due else self.payable.times(0)

    @property
    def paid_amount(self) -> Money:
        """The amount paid and not refunded."""
        left = (
            self.total.amount - self.refunded.amount if self.payment in payments.PAID_STATES else 0
        )
        return Money(amount=left, currency=self.total.currency)

    @property
    def to_give_back(self) -> Money:
        """The amount still to be refunded, since the order is cancelled."""
        return self.paid_amount if self.state == "cancelled" else self.paid_amount.times(0)


class Refunded(Order):
    """An order after a refund: the refund's id, and until when it can be undone.

    Both are null if it can't be undone, or if nothing was refunded.
    """

    refund: str | None
    until: Time | None

    @classmethod
    def by(cls, order: Order, refund: str | None) -> "Refunded":
        """Return the order with the id of its refund."""
        undo: dict[str, Any] = {"refund": None, "until": None}
        for change in order.history:
            if change.refund == refund is not None and not change.undone:
                undo = {"refund": refund, "until": change.at + state_machine.UNDO_MS}
        return cls.model_validate({**dict(order), **undo})


class OrderList(Page):
    """Orders of a broadcast, oldest first."""

    orders: list[Order]
