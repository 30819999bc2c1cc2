"""Derives orders' tokens and codes and buyers' pseudonyms again, from new keys.

`farmlive keys replace` (cli/rekeying.py) runs it in one transaction, while no server runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from farmlive.broadcast.log import rename_buyers
from farmlive.shop.core.order_links import CODES, OrderLinks
from farmlive.shop.core.order_tables import orders
from farmlive.shop.orders.pickup import OPEN, TRIES, Code, code_at

ROWS_PER_BATCH = 2_000
# Unfinished orders: their buyers still need the link.
UNDER_WAY = (*OPEN, "shipped")

_PAGE = (
    select(
        orders.c.id,
        orders.c.state,
        orders.c.centre,
        orders.c.code_hash,
        orders.c.buyer,
        orders.c.buyer_phone,
    )
    .where(orders.c.id > bindparam("last"))
    .order_by(orders.c.id)
    .limit(ROWS_PER_BATCH)
)
_REWRITE = (
    update(orders)
    .where(orders.c.id == bindparam("of"))
    .values(
        token_hash=bindparam("token"),
        token_mask=None,
        code_hash=bindparam("code"),
        code_shift=bindparam("shift"),
        buyer=bindparam("known_as"),
    )
)


@dataclass(frozen=True)
class RekeyCounts:
    """The number of orders with a link, of unfinished ones among them, and of those with a code."""

    orders: int
    under_way: int
    codes: int


def count_orders(connection: Connection) -> RekeyCounts:
    """Count the orders that the keys affect."""
    found = connection.execute(
        select(
            func.count(),
            func.count().filter(orders.c.state.in_(UNDER_WAY)),
            func.count().filter(orders.c.state.in_(OPEN), orders.c.code_hash.is_not(None)),
        ).select_from(orders)
    ).one()
    return RekeyCounts(*found)


def rekey(
    connection: Connection, links: OrderLinks, pseudonym: Callable[[str], str] | None
) -> dict[str, str]:
    """Give every order the token and the code that the new keys derive, and with `pseudonym` every
    buyer with a stored number a new pseudonym, in the log too. Returns the new pseudonyms by the
    old ones.
    """
    taken: set[str] = set()
    marks: dict[str, str] = {}
    broadcasts = connection.execute(select(orders.c.broadcast).distinct()).scalars().all()
    last = ""
    while rows := list[Row[Any]](connection.execute(_PAGE, {"last": last})):
        last = rows[-1].id
        changed = []
        for row in rows:
            known_as = row.buyer
            if pseudonym is not None and row.buyer_phone:
                known_as = marks[row.buyer] = pseudonym(row.buyer_phone)
            code = _new_code(links, row, taken)
            changed.append(
                {
                    "of": row.id,
                    "token": links.token_hash(links.token(row.id)),
                    "code": code and code.code_hash,
                    "shift": code.code_shift if code else 0,
                    "known_as": known_as,
                }
            )
        connection.execute(_REWRITE, changed)
    if marks:
        for broadcast in sorted(broadcasts):
            rename_buyers(connection, broadcast, marks)
    return marks


def _new_code(links: OrderLinks, row: Row[Any], taken: set[str]) -> Code | None:
    """Return a code that no open order at the pick-up point has, as `pickup.new_code` does."""
    if row.code_hash is None:
        return None
    centre = row.centre or ""
    code = code_at(links, row.id, centre)
    if row.state not in OPEN:
        return code
    for shift in range(1, TRIES):
        if code.code_hash not in taken:
            break
        code = code_at(links, row.id, centre, shift * 7_919 % CODES)
    taken.add(code.code_hash)
    return code
