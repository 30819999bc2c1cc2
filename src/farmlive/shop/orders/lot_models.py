"""API models of a lot's orders and holds."""

from typing import Literal

from pydantic import BaseModel

from farmlive.edge.paging import Page
from farmlive.origin.core.fields import Time
from farmlive.origin.core.models import Lot
from farmlive.origin.stops.models import StopReason
from farmlive.shop.core.order_models import Order


class LotOrder(Order):
    """An order with `boxes` of the lot, and the actions that are possible while the lot is
    stopped.
    """

    boxes: int
    deeds: list[Literal["cancel", "refund"]]

    @classmethod
    def of(cls, order: Order, boxes: int) -> "LotOrder":
        """Return the order with the actions that its state and payment allow."""
        allowed_actions: list[str] = ["cancel"] if order.can_cancel else []
        had = order.payment in ("paid", "part_refunded")
        owed = order.payment == "due" and order.state != "cancelled"
        if (had or owed) and order.refunded.amount < order.total.amount:
            allowed_actions.append("refund")
        return cls.model_validate({**dict(order), "boxes": boxes, "deeds": allowed_actions})


class LotHold(BaseModel):
    """Boxes of the lot that are held, under the id of the future order, until a time. The buyer's
    name is not known yet.
    """

    id: str
    broadcast: str
    boxes: int
    until: Time


class LotOrders(Page):
    """The orders with boxes of a lot, shipped ones first, and the holds, which expire by
    themselves.

    `reasons` say why the lot is stopped.
    """

    lot: Lot
    reasons: list[StopReason]
    orders: list[LotOrder]
    holds: list[LotHold]
