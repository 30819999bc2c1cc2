"""The address that stands on an order's papers: it opens the order, and gives no right to it.

Whoever handles the box may scan it. It is made of the token of the buyer's page by a way that does
not lead back, so that neither that page nor the code of a pick-up can be had by it.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from sqlalchemy import Connection, Row, select

from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_models import Order
from farmlive.shop.core.order_tables import orders
from farmlive.shop.core.problems import UnknownOrder

BYTES = 12


def mark(token: str) -> str:
    """What of the address only who was given the papers knows: 16 URL-safe characters."""
    drawn = sha256(b"farmlive paper " + token.encode()).digest()
    return urlsafe_b64encode(drawn[:BYTES]).decode()


def path(order: Order) -> str | None:
    """The path of an order as its papers have it; None where its reader knows no token."""
    return None if order.token is None else f"/order/{order.id}/{mark(order.token)}"


def marked(connection: Connection, links: OrderLinks, order: str, told: str) -> Row[Any]:
    """The order whose papers have this address. Raises UnknownOrder."""
    row = None
    if order.isascii() and order.isprintable():  # A database may refuse other text.
        row = connection.execute(select(orders).where(orders.c.id == order)).one_or_none()
    if row is None or not compare_digest(mark(links.token_of(row)).encode(), told.encode()):
        raise UnknownOrder("No order has this address. Scan the paper once more.")
    return row


def without_rights(order: Order) -> Order:
    """The order without what opens its buyer's page or tells the pick-up's code, and without what
    buyer and farm wrote to each other: who carries the box needs the name and the phone alone.
    """
    buyer = order.buyer and order.buyer.model_copy(update={"email": None})
    unsaid = {"reason": None, "amount": None, "refund": None}
    hidden: dict[str, Any] = {
        "token": None,
        "url": None,
        "code": None,
        "buyer": buyer,
        "claims": [],
        "history": [change.model_copy(update=unsaid) for change in order.history],
        "can_cancel": False,
    }
    return order.model_copy(update=hidden)
