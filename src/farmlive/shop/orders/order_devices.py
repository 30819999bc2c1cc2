"""The devices and buyers of orders and holds, by id.

The log, the live channel and the blocklist ask within their own transactions.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select, union_all

from farmlive.shop.core.order_tables import orders
from farmlive.shop.core.tables import holds

_OF_DEVICE = union_all(
    *(
        select(table.c.id).where(
            table.c.broadcast == bindparam("broadcast"), table.c.device == bindparam("device")
        )
        for table in (orders, holds)
    )
)
_DEVICES = union_all(
    *(
        select(table.c.id, table.c.device).where(
            table.c.id.in_(bindparam("of_orders", expanding=True))
        )
        for table in (orders, holds)
    )
)
# Databases limit the number of parameters of a query.
_ORDERS_PER_QUERY = 1_000


def audiences(connection: Connection, broadcast: str, device: str) -> list[str]:
    """Return a device's `order:{id}` audiences in a broadcast, by its orders and its hold."""
    found = connection.execute(_OF_DEVICE, {"broadcast": broadcast, "device": device})
    return [f"order:{order}" for order in found.scalars()]


def buyer_of(connection: Connection, order: str) -> tuple[str, str | None] | None:
    """Return the device of an order or hold, and the buyer's pseudonym once it is placed."""
    placed = connection.execute(
        select(orders.c.device, orders.c.buyer).where(orders.c.id == order)
    ).one_or_none()
    if placed is not None:
        return placed.device, placed.buyer
    device = connection.execute(select(holds.c.device).where(holds.c.id == order)).scalar()
    return None if device is None else (device, None)


def devices(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return the devices of these orders and holds, by id; unknown ids are left out."""
    found: dict[str, str] = {}
    for first in range(0, len(ids), _ORDERS_PER_QUERY):
        some = {"of_orders": list(ids[first : first + _ORDERS_PER_QUERY])}
        found.update((row.id, row.device) for row in connection.execute(_DEVICES, some))
    return found
