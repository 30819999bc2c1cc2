"""The URL on an order's documents: it shows the order, and gives no rights on it.

Anybody who handles the box may scan it. It is derived from the token of the buyer's page by a
one-way hash, so that it reveals neither that page nor the pick-up code.
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


def mark_of(token: str) -> str:
    """Return the secret part of the URL: 16 URL-safe characters."""
    drawn = sha256(b"farmlive paper " + token.encode()).digest()
    return urlsafe_b64encode(drawn[:BYTES]).decode()


def path(order: Order) -> str | None:
    """Return the path on the order's documents; None if the reader may not know the token."""
    return None if order.token is None else f"/order/{order.id}/{mark_of(order.token)}"


def find_order(connection: Connection, links: OrderLinks, order: str, mark: str) -> Row[Any]:
    """Return the order with this URL. Raises UnknownOrder."""
    row = None
    if order.isascii() and order.isprintable():  # the database may refuse other characters
        row = connection.execute(select(orders).where(orders.c.id == order)).one_or_none()
    if row is None or not compare_digest(mark_of(links.token_of(row)).encode(), mark.encode()):
        raise UnknownOrder("No order has this address. Scan the paper once more.")
    return row


def without_rights(order: Order) -> Order:
    """Return the order without its token and code, without e-mail, claims and reasons: the carrier
    needs only name, phone and address.
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
