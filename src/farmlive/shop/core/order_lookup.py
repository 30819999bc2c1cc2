"""Finds an order: by the token of its page, or by its id within a broadcast.

The callers decide who may see it.
"""

from typing import Any

from sqlalchemy import Connection, Row, select

from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_tables import orders
from farmlive.shop.core.problems import UnknownOrder


def with_token(connection: Connection, links: OrderLinks, token: str) -> Row[Any]:
    """Return the order with this token. Raises UnknownOrder."""
    row = None
    if token.isascii():  # other tokens are never valid, and not hashed
        hashed = links.token_hash(token)
        row = connection.execute(select(orders).where(orders.c.token_hash == hashed)).one_or_none()
    if row is None:
        raise UnknownOrder(
            "No order has this address. Open it by the link that the order was answered with."
        )
    return row


def with_id(connection: Connection, broadcast: str, order: str) -> Row[Any]:
    """Return the order of the broadcast. Raises UnknownOrder."""
    row = connection.execute(
        select(orders).where(orders.c.id == order, orders.c.broadcast == broadcast)
    ).one_or_none()
    if row is None:
        raise UnknownOrder("Nothing was changed: this broadcast has no such order.")
    return row
