"""The shapes of a lot's orders and holds in the API."""

from typing import Literal

from pydantic import BaseModel

from farmlive.edge.paging import Listing
from farmlive.origin.core.fields import Time
from farmlive.origin.core.models import Lot
from farmlive.origin.stops.models import StopReason
from farmlive.shop.core.order_models import Order


class LotOrder(Order):
    """An order with `boxes` of the lot, and what can be done with it while the lot is stopped."""

    boxes: int
    deeds: list[Literal["cancel", "refund"]]

    @classmethod
    def of(cls, order: Order, boxes: int) -> "LotOrder":
        """The order, with what its state and its payment allow."""
        deeds: list[str] = ["cancel"] if order.can_cancel else []
        had = order.payment in ("paid", "part_refunded")
        owed = order.payment == "due" and order.state != "cancelled"
        if (had or owed) and order.refunded.amount < order.total.amount:
            deeds.append("refund")
        return cls.model_validate({**dict(order), "boxes": boxes, "deeds": deeds})


class LotHold(BaseModel):
    """Boxes of the lot that are held until then, under the id of the order to be; whose device
    holds them has no name yet.
    """

    id: str
    broadcast: str
    boxes: int
    until: Time


class LotOrders(Listing):
    """Who has a lot: orders, what has left first, and holds, which run out by themselves.

    `reasons` say why it is stopped.
    """

    lot: Lot
    reasons: list[StopReason]
    orders: list[LotOrder]
    holds: list[LotHold]
