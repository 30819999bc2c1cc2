"""The history of orders: which changes an action made, which stand, and which were undone.

bulk_actions.py makes the changes and undoes them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from farmlive.broadcast.events.trade import Payment, State
from farmlive.shop.core.order_tables import order_changes, orders

_moved = order_changes.alias("moved")
# The history of all orders that the action changed.
_OF_MOVE = (
    select(order_changes)
    .join(orders, orders.c.id == order_changes.c.order)
    .where(
        orders.c.broadcast == bindparam("broadcast"),
        order_changes.c.order.in_(
            select(_moved.c.order).where(_moved.c.move == bindparam("of_move"))
        ),
    )
    .order_by(orders.c.number, order_changes.c.change)
)

_OF_ORDER = (
    select(order_changes)
    .where(order_changes.c.order == bindparam("of"))
    .order_by(order_changes.c.change)
)

Changes = Sequence[Row[Any]]

# State and payment of an order without any change.
PLACED: tuple[State, Payment] = ("placed", "due")


def of_move(connection: Connection, broadcast: str, move: str) -> dict[str, list[Row[Any]]]:
    """Return the history of each order that the action changed, by order number."""
    happened: dict[str, list[Row[Any]]] = {}
    for change in connection.execute(_OF_MOVE, {"broadcast": broadcast, "of_move": move}):
        happened.setdefault(change.order, []).append(change)
    return happened


def of_order(connection: Connection, order: str) -> Changes:
    """Return the history of an order."""
    return connection.execute(_OF_ORDER, {"of": order}).all()


def is_refund_of(happened: Mapping[str, Changes], order: str, move: str) -> bool:
    """Whether the move was a refund of this order and changed no other."""
    return happened.keys() == {order} and any(
        each.move == move and each.refund is not None for each in happened[order]
    )


def made_at(happened: Mapping[str, Changes], move: str) -> int:
    """Return when the action was made, in milliseconds since 1970."""
    at: int = min(each.at for own in happened.values() for each in own if each.move == move)
    return at


def is_undone(changes: Changes, move: str) -> bool:
    """Return whether the action's change of an order was undone."""
    return any(each.undone and each.move == move for each in changes)


def is_reverted(changes: Changes, move: str) -> bool:
    """Return whether it was undone as a mistake, which needs a reason; a plain undo has none."""
    return is_undone(changes, move) and any(
        each.move == move and not each.undone and each.reason is not None for each in changes
    )


def standing(changes: Changes) -> list[Row[Any]]:
    """Return the changes that are in effect: neither undone nor undoing."""
    undone = {change.move for change in changes if change.undone}
    return [change for change in changes if not change.undone and change.move not in undone]


def before(changes: Changes, change: Row[Any]) -> tuple[State, Payment]:
    """Return an order's state and payment before a change; `changes` is its whole history."""
    place = next(place for place, each in enumerate(changes) if each.change == change.change)
    return (changes[place - 1].state, changes[place - 1].payment) if place else PLACED
