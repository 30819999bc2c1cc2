"""The ledger: the bag, the orders and the host's actions as a fold of the log. Pure.

Holds and stock changes are not read: they follow from the orders.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from farmlive.broadcast import events
from farmlive.broadcast.reporting.log_facts import Fact
from farmlive.review.refunds import Line, Refund, boxes_by_offer, divide_by_line, remove_last

KINDS = (
    "broadcast.started",
    "broadcast.ended",
    "card.pinned",
    "card.unpinned",
    "flash.ended",
    "flash.started",
    "offer.added",
    "offer.changed",
    "offer.released",
    # Each of order.at_centre, packed, placed and shipped may undo a cancellation.
    "order.at_centre",
    "order.cancelled",
    "order.packed",
    "order.placed",
    "order.refunded",
    "order.shipped",
    "source.switched",
)


@dataclass(slots=True)
class Order:
    """An order from the log.

    Each line has `offer`, `lot`, `farm`, `quantity`, `total`, and `flash` if its boxes are of a
    flash batch.

    `goods` is the sum of its lines, `fee` the delivery fee in addition. `back` counts boxes that
    returned to stock, by offer. `refunded` is the sum of the valid `refunds`.
    """

    id: str
    at: int
    buyer: str
    lines: Sequence[events.Line]
    goods: int
    simulated: bool
    fee: int = 0
    cancelled: bool = False
    refunded: int = 0
    refunds: list[Refund] = field(default_factory=list)
    back: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The order's total: goods and fee."""
        return self.goods + self.fee

    @property
    def refunded_goods(self) -> int:
        """The part of the refund for goods: the fee is refunded only after all of them."""
        return min(self.refunded, self.goods)

    @property
    def refunded_fee(self) -> int:
        """The part of the refund for the fee."""
        return self.refunded - self.refunded_goods


@dataclass(slots=True)
class HostAction:
    """A host's action on an offer; money in minor units.

    A flash batch is two actions: `flash` from its start until its end, with its price and its
    boxes, and `flash_end` with the number of sold boxes.
    """

    kind: Literal["pin", "price", "release", "flash", "flash_end"]
    at: int
    offer: str
    until: int | None = None
    price: int | None = None
    was: int | None = None
    quantity: int | None = None
    flash: str | None = None


@dataclass(slots=True, frozen=True)
class Cut:
    """A switch of the camera on air."""

    at: int
    source: str
    label: str


@dataclass
class Ledger:
    """The offers, the orders, and the host's actions and cuts, in order."""

    started_at: int | None = None
    ended_at: int | None = None
    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    host_actions: list[HostAction] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)

    @property
    def currency(self) -> str | None:
        """The currency of the bag."""
        return next((card["price"]["currency"] for card in self.cards.values()), None)

    def only(self, farms: frozenset[str]) -> "Ledger":
        """Return the part of these farms: their cards, their lines of orders, and the actions on
        them.

        Delivery fees belong to no farm.
        """
        cards = {
            offer: card for offer, card in self.cards.items() if card["lot"]["farm"]["id"] in farms
        }
        orders = {}
        for order in self.orders.values():
            lines = [line for line in order.lines if line["farm"] in farms]
            if lines:
                refunds = refunds_of(order)
                own = [Refund(part, {of: 0}) for of, part in refunds.items() if of in cards]
                orders[order.id] = Order(
                    order.id,
                    order.at,
                    order.buyer,
                    lines,
                    sum(line["total"] for line in lines),
                    order.simulated,
                    cancelled=order.cancelled,
                    refunded=sum(refund.amount for refund in own),
                    refunds=own,
                    back={line["offer"]: order.back.get(line["offer"], 0) for line in lines},
                )
        host_actions = [deed for deed in self.host_actions if deed.offer in cards]
        return Ledger(self.started_at, self.ended_at, cards, orders, host_actions, self.cuts)


def refunds_of(order: Order) -> dict[str, int]:
    """Return the refund of the order's goods per line, by offer."""
    if not order.refunded:
        return {}
    lines = [Line(line["offer"], line["price"], line["total"]) for line in order.lines]
    parts = divide_by_line(lines, order.refunds)
    return {line.offer: part for line, part in zip(lines, parts, strict=True)}


def fold(facts: Iterable[Fact]) -> Ledger:
    """Return the ledger of a broadcast from its events of KINDS, in order."""
    ledger = Ledger()
    cards, orders, host_actions = ledger.cards, ledger.orders, ledger.host_actions
    pinned: HostAction | None = None
    flashes: dict[str, HostAction] = {}
    for at, kind, data in facts:
        match events.KINDS[kind].parse(data):
            case events.OrderStep() as step:
                _order(orders, at, step)
            case events.FlashStarted() as flash:
                batch = HostAction(
                    "flash",
                    at,
                    flash.offer,
                    price=flash.price["amount"],
                    was=cards[flash.offer]["price"]["amount"],
                    quantity=flash.boxes,
                    flash=flash.flash,
                )
                flashes[flash.flash] = batch
                host_actions.append(batch)
            case events.FlashEnded() as flash:
                # A batch that was cancelled before it started is no action.
                if (begun := flashes.get(flash.flash)) is not None:
                    begun.until = at
                    host_actions.append(
                        HostAction("flash_end", at, flash.offer, quantity=flash.sold)
                    )
            case events.OfferAdded() as added:
                cards[added.offer] = added.data()
            case events.OfferChanged() as changed:
                _change(cards[changed.offer], at, changed, host_actions)
            case events.OfferReleased() as released:
                cards[released.offer]["released"] = released.released
                host_actions.append(
                    HostAction("release", at, released.offer, quantity=released.quantity)
                )
            case events.SourceSwitched() as switched:
                if not ledger.cuts or ledger.cuts[-1].source != switched.source:
                    ledger.cuts.append(Cut(at, switched.source, switched.label))
            case events.BroadcastStarted():
                ledger.started_at = at
            case event:  # a pin, its end, or the broadcast's end
                if pinned is not None:
                    pinned.until = at
                    pinned = None
                if isinstance(event, events.CardPinned):
                    pinned = HostAction("pin", at, event.offer)
                    host_actions.append(pinned)
                elif isinstance(event, events.BroadcastEnded):
                    ledger.ended_at = at
    return ledger


def _order(orders: dict[str, Order], at: int, step: events.OrderStep) -> None:
    if isinstance(step, events.OrderPlaced) and not step.undone:
        lines = step.lines or ()
        orders[step.order] = Order(
            step.order,
            at,
            step.buyer or "",
            lines,
            sum(line["total"] for line in lines),
            step.simulated,
            fee=step.fee["amount"] if step.fee else 0,
        )
        return
    order = orders.get(step.order)
    if order is None:  # a hold that never became an order
        return
    if isinstance(step, events.OrderCancelled):
        order.cancelled = True
    elif isinstance(step, events.OrderRefunded):
        _refund(order, step)
        # An undone refund has the remaining sum of refunds, and the boxes that are not returned any
        # more.
        sign = -1 if step.undone else 1
        for line in step.back or ():
            order.back[line["offer"]] = order.back.get(line["offer"], 0) + sign * line["quantity"]
    elif step.undone:
        order.cancelled = False


def _refund(order: Order, refund: events.OrderRefunded) -> None:
    """Set the sum of refunds: append a refund, or remove the last ones that were undone."""
    given = min(refund.amount["amount"], order.total)
    more = given - order.refunded
    if more > 0:
        boxes = boxes_by_offer(refund.back or (), refund.line["offer"] if refund.line else None)
        order.refunds.append(Refund(more, boxes))
    else:
        order.refunds = remove_last(order.refunds, -more)
    order.refunded = given


def _change(
    card: dict[str, Any], at: int, changed: events.OfferChanged, host_actions: list[HostAction]
) -> None:
    if changed.list_price is not events.LEFT_OUT:
        card["list_price"] = changed.list_price
    if changed.price is not None:
        was, price = card["price"]["amount"], changed.price["amount"]
        card["price"] = changed.price
        if price != was:
            host_actions.append(HostAction("price", at, changed.offer, price=price, was=was))
