"""Moves an order's boxes in stock, within the caller's transaction: return and sell again.

transitions.py calls it; stock/stock.py keeps the stock.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from farmlive.broadcast import events
from farmlive.problems import Invalid
from farmlive.shop.core import state_machine
from farmlive.shop.core.order_tables import order_lines
from farmlive.shop.flash import sold_out
from farmlive.shop.stock import offer_rows, stock

_BOXES = select(
    order_lines.c.offer,
    order_lines.c.farm,
    order_lines.c.flash,
    (order_lines.c.quantity - order_lines.c.returned).label("quantity"),
).where(order_lines.c.order == bindparam("of"))

Moved = tuple[list[events.StockChanged], list[events.FlashEnded]]
"""The stock that moved, and an event for each flash batch whose last boxes that took."""


def put_back(connection: Connection, row: Row[Any], boxes: Mapping[str, int]) -> Moved:
    """Take these boxes, by offer, off the order and return them to stock."""
    return _return(connection, row, boxes, 1)


def sell_again(connection: Connection, row: Row[Any], boxes: Mapping[str, int]) -> Moved:
    """Sell returned boxes to the order again. Raises SoldOut, LotSpent and LotStopped."""
    return _return(connection, row, boxes, -1)


def put_all_back(connection: Connection, row: Row[Any]) -> Moved:
    """Return all remaining boxes of the order to stock; its lines stay unchanged."""
    return _move(connection, row, {of: -count for of, count in _left(connection, row).items()})


def sell_all_again(connection: Connection, row: Row[Any]) -> Moved:
    """Sell all boxes to the order again. Raises SoldOut, LotSpent and LotStopped."""
    return _move(connection, row, _left(connection, row))


def event_lines(
    connection: Connection, row: Row[Any], boxes: Mapping[str, int]
) -> list[events.Returned]:
    """Return the event's entries of returned boxes, with the farm of each offer."""
    farms = {line.offer: line.farm for line in connection.execute(_BOXES, {"of": row.id})}
    return [{"offer": of, "farm": farms[of], "quantity": count} for of, count in boxes.items()]


def event_line(connection: Connection, row: Row[Any], offer: str) -> events.LineName:
    """Return the event's reference to a line, with its farm.

    Raises Invalid if the order has no such line.
    """
    for line in connection.execute(_BOXES, {"of": row.id}):
        if line.offer == offer:
            return {"offer": offer, "farm": line.farm}
    raise Invalid("Nothing was changed: the order has nothing of that. Look at it again.")


def check_removable(connection: Connection, row: Row[Any], boxes: Mapping[str, int]) -> None:
    """Raise NotInState or Invalid where these boxes can't be taken off the order."""
    state_machine.check_unpacked(row.state)
    had = {line.offer: line.quantity for line in connection.execute(_BOXES, {"of": row.id})}
    if any(quantity > had.get(offer, 0) for offer, quantity in boxes.items()):
        raise Invalid("Nothing was changed: the order has fewer boxes of that. Load it again.")
    if sum(boxes.values()) == sum(had.values()):
        raise Invalid(
            "Nothing was changed: no box would be left of the order. Cancel it, then give back "
            "what was paid."
        )


def _return(connection: Connection, row: Row[Any], boxes: Mapping[str, int], sign: int) -> Moved:
    for offer, quantity in boxes.items():
        connection.execute(
            update(order_lines)
            .where(order_lines.c.order == row.id, order_lines.c.offer == offer)
            .values(returned=order_lines.c.returned + sign * quantity)
        )
    return _move(connection, row, {of: -sign * count for of, count in boxes.items()})


def _left(connection: Connection, row: Row[Any]) -> dict[str, int]:
    lines = connection.execute(_BOXES, {"of": row.id})
    return {line.offer: line.quantity for line in lines if line.quantity}


def _move(connection: Connection, row: Row[Any], boxes: Mapping[str, int]) -> Moved:
    known = offer_rows.read_offers(connection, row.broadcast, boxes)
    # Boxes of a running flash batch return to the batch.
    batches = {
        line.offer: line.flash
        for line in connection.execute(_BOXES, {"of": row.id})
        if line.offer in boxes
    }
    moves = {
        offer: stock.StockMove().take(sell=boxes[offer], flash=flash)
        for offer, flash in batches.items()
    }
    moved = stock.move(connection, moves, known)
    of_flash = {offer: flash for offer, flash in batches.items() if flash is not None}
    return moved, sold_out.end_batches(connection, boxes, of_flash, known)
