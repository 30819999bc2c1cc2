"""The shapes of holds and orders in the API and of the channel's messages about them."""

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from farmlive.bilingual import Bilingual
from farmlive.broadcast.events.trade import Payment, State
from farmlive.commands import Message
from farmlive.edge.paging import Listing
from farmlive.money import Money
from farmlive.origin.core.fields import Time
from farmlive.origin.stops.models import CardLift, StopReason
from farmlive.shop.core import payments, state_machine
from farmlive.shop.core.claim_models import Claim
from farmlive.shop.core.fields import (
    Address,
    Amount,
    By,
    Email,
    Identifier,
    Key,
    KnownBy,
    Name,
    PaymentMethod,
    Phone,
    Proof,
    Quantity,
    Reason,
    SeenPrice,
    SentMoney,
    StaffReason,
    Way,
)
from farmlive.shop.core.models import Centre
from farmlive.shop.core.regions import Region

MAX_LINES = 50


def _not_too_many(lines: Any) -> Any:
    """Checked before each of them is: refusing half a million takes seconds."""
    if isinstance(lines, list) and len(lines) > MAX_LINES:
        raise ValueError(f"An order has at most {MAX_LINES} lines; make two of it.")
    return lines


def _some_lines(lines: list["OrderLine"]) -> list["OrderLine"]:
    if not lines:
        raise ValueError("The order is empty: choose at least one offer.")
    if len({line.offer for line in lines}) < len(lines):
        raise ValueError("An offer stands in the order twice; put its quantities into one line.")
    return lines


Lines = Annotated[list["OrderLine"], BeforeValidator(_not_too_many), AfterValidator(_some_lines)]


class OrderLine(BaseModel):
    """One offer of an order; `price` is what the buyer saw for one, in minor units: an order has
    one currency, that of its offers.
    """

    offer: Identifier
    quantity: Quantity
    price: SeenPrice


class Buyer(BaseModel):
    """Who receives the order. Kept with the order alone, never in the log."""

    name: Name
    phone: str
    email: str | None = None


class NewBuyer(Buyer):
    """The same as a buyer writes it: what is kept may be older than what is asked of it."""

    phone: Phone
    email: Email | None = None


class Delivery(BaseModel):
    """By parcel to an address, or picked up at a centre.

    `region` is the six digits of the county, prefecture or province of the address (GB/T 2260):
    what the parcel costs may depend on it.
    """

    way: Way
    address: Address | None = None
    region: Region | None = None
    centre: Identifier | None = None

    @model_validator(mode="after")
    def _place(self) -> Self:
        if self.way == "parcel" and self.address is None:
            raise ValueError("A parcel needs the address where it goes.")
        if self.way == "pickup" and self.centre is None:
            raise ValueError("Choose the centre where the order is picked up.")
        return self


class NewHold(BaseModel):
    """What a buyer wants to have kept while filling in the order; `proof` is as an order's."""

    lines: Lines
    proof: Proof | None = None


class HoldPlace(NewHold, Message):
    """Hold stock for the buyer for some minutes, in place of an earlier hold."""

    type: Literal["hold.place"] = "hold.place"
    key: Key


class HoldDrop(Message):
    """Drop the hold; the device leaves the waiting lists of its offers."""

    type: Literal["hold.drop"] = "hold.drop"
    order: Identifier


class HeldLine(BaseModel):
    """A line of a hold; `price` is for one, minor units, as in events."""

    offer: str
    lot: str
    farm: str
    quantity: int
    price: int
    total: int
    flash: str | None = None


class Held(BaseModel):
    """The answer to a hold: the order to be, and until when it is kept, milliseconds since 1970.

    `final`: it can't be kept longer than that; asking anew does not move its end.
    """

    id: str
    until: int
    lines: list[HeldLine]
    total: Money
    final: bool = False


class NewOrder(BaseModel):
    """An order as a buyer sends it; `order` names the buyer's hold, whose stock it takes.

    `fee` is what the buyer saw that the parcel costs; `language` is the buyer's.
    `proof` is a text for which SHA-256 of `broadcast:key:proof` begins with as many zero bits as
    `proof-needed` asks for.
    """

    order: Identifier | None = None
    lines: Lines
    buyer: NewBuyer
    delivery: Delivery
    payment: PaymentMethod
    fee: SentMoney | None = None
    language: Literal["zh", "en"] | None = None
    proof: Proof | None = None

    @model_validator(mode="after")
    def _payable(self) -> Self:
        payments.of(self.payment).authorize(self.delivery.way)
        return self


class OrderPlace(NewOrder, Message):
    """Place an order; idempotent by its key."""

    type: Literal["order.place"] = "order.place"
    key: Key


class PlacedOrder(BaseModel):
    """The answer to an order: its number to say and the address of its page.

    `total` are its lines and the parcel's `fee`; `code` is what is said at the pick-up point.
    """

    id: str
    number: str
    token: str
    url: str
    state: State
    payment: Payment
    total: Money
    fee: Money
    code: str | None


class OrderedLine(BaseModel):
    """A line of an order; `price` is for one, `returned` of its boxes were put back unpacked.

    `lot_stopped` says why its lot is stopped, and is empty where it is not; `lot_lifted` is the
    sentence with which a coordinator last lifted it, null where it never was or is stopped again.
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
    """Where an order goes; `address` begins with the region that was chosen, as on the parcel."""

    way: Way
    address: str | None
    centre: Centre | None


class Change(BaseModel):
    """One step in the life of an order: how it stood from then on, by whose doing.

    `undone`: a later step took it back, which `undoes`; `alone`: of a refund the money only, and
    its boxes stay off. `amount` is what a refund gave back or took off, and `refund` its id, by
    which it is undone, which staff are told.
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
    """A buyer's word on why the order is cancelled, if there is one."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason | None = None


class NewTransition(BaseModel):
    """The state that an order comes into.

    `known_by`: how the buyer is known, of a pick-up that is handed over without its code.
    """

    model_config = ConfigDict(extra="forbid")

    state: State
    reason: StaffReason | None = None
    known_by: KnownBy | None = None

    def known(self) -> dict[str, str]:
        """How the buyer is known, for the audit list, where a hand-over says it."""
        said = self.known_by if self.state == "received" else None
        return {} if said is None else {"known_by": said}


class NewPayment(BaseModel):
    """An order was paid, by the way that it says."""

    model_config = ConfigDict(extra="forbid")


class Boxes(BaseModel):
    """So many boxes of an offer."""

    model_config = ConfigDict(extra="forbid")

    offer: Identifier
    quantity: Quantity


def _each_once(boxes: list[Boxes]) -> list[Boxes]:
    if len({line.offer for line in boxes}) < len(boxes):
        raise ValueError("An offer stands there twice; put its boxes into one line.")
    return boxes


class Refund(BaseModel):
    """Money given back, on top of what was given back before; of an order that is due it is taken
    off what is to be paid.

    `lines` are boxes that it was given back for and that never left: of an order that is not yet
    packed, they go back into the stock. `offer` is the one at whose wrong price more was asked for.
    The money is of the lines that are named so, in what farms are owed; else all have a part in it.
    """

    model_config = ConfigDict(extra="forbid")

    amount: Amount
    reason: StaffReason
    lines: Annotated[list[Boxes], Field(max_length=MAX_LINES), AfterValidator(_each_once)] = []
    offer: Identifier | None = None


class Order(BaseModel):
    """An order as its buyer and staff see it.

    `total` are its lines and the parcel's `fee`. A seller sees the lines of own farms and their
    sum, neither buyer nor address; token, url and `code`, which is said at the pick-up point, are
    for the buyer and for staff, and so are `claims`, the oldest first; `flags`, why someone should
    look at it, for staff and clerks. `refunded` was given back, or taken off before it was paid:
    what is paid is the total without it. `person_gone_at`: when the buyer's details were removed;
    `buyer` is null since, and the address, reasons and the texts of claims are gone. `erased`:
    that was at their wish, and nothing that they write is taken any more.
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
        """The lines of stopped lots, as far as their boxes were not put back."""
        return [line for line in self.lines if line.lot_stopped and line.quantity > line.returned]

    @property
    def lifted(self) -> list[OrderedLine]:
        """The lines of lots that were stopped and lifted, as far as boxes were not put back."""
        return [line for line in self.lines if line.lot_lifted and line.quantity > line.returned]

    @property
    def asked(self) -> Money:
        """What is paid for it: the total without what was taken off, where none was given back."""
        off = self.refunded.amount if self.payment in ("due", "paid") else 0
        return Money(amount=self.total.amount - off, currency=self.total.currency)

    @property
    def was_less(self) -> bool:
        """Whether something was taken off before it was paid."""
        return any(
            before.state == after.state
            and before.payment == after.payment == "due"
            and not (after.undoes or after.undone)
            for before, after in pairwise(self.history)
        )

    @property
    def to_collect(self) -> Money:
        """What is still to be paid: nothing of a cancelled order."""
        is_due = self.payment == "due" and self.state != "cancelled"
        return self.asked if is_due else self.asked.times(0)

    @property
    def had(self) -> Money:
        """What was paid for it and not given back."""
        left = self.total.amount - self.refunded.amount if self.payment in payments.HAD else 0
        return Money(amount=left, currency=self.total.currency)

    @property
    def to_give_back(self) -> Money:
        """What was paid for it and is still to be given back, since it is cancelled."""
        return self.had if self.state == "cancelled" else self.had.times(0)


class Refunded(Order):
    """An order after a refund, and the id by which that can be undone, until when.

    Null where it can't be any more, or where nothing was refunded.
    """

    refund: str | None
    until: Time | None

    @classmethod
    def by(cls, order: Order, refund: str | None) -> "Refunded":
        """The order as it stands, once it was refunded."""
        undo: dict[str, Any] = {"refund": None, "until": None}
        for change in order.history:
            if change.refund == refund is not None and not change.undone:
                undo = {"refund": refund, "until": change.at + state_machine.UNDO_MS}
        return cls.model_validate({**dict(order), **undo})


class OrderList(Listing):
    """Orders of a broadcast, oldest first."""

    orders: list[Order]
