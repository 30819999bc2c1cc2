"""Fraud flags: reasons to check an order before it is packed.

A flagged order is accepted all the same. Most of what they need is in the till's context query.
"""

from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, exists, func, literal_column, select

from farmlive.settings import Settings
from farmlive.shop.core.order_tables import order_changes, orders
from farmlive.store import hot

Flag = Literal["many-orders", "many-phones", "big", "called-off", "doubtful-phone"]
# Flags that come from the phone's other orders.
OF_PHONE: tuple[Flag, ...] = ("many-orders", "called-off")

_of_device = orders.alias("of_device")
_called_off = orders.alias("called_off")
_packed = order_changes.alias("packed")
_OTHER_PHONES = hot(
    select(func.count(_of_device.c.buyer.distinct())).where(
        _of_device.c.broadcast == bindparam("broadcast"),
        _of_device.c.device == bindparam("device"),
        _of_device.c.buyer != bindparam("buyer"),
    )
)
_cancelled = (
    _called_off.c.buyer == bindparam("buyer"),
    _called_off.c.state == literal_column("'cancelled'"),  # as the partial index has it
)
# Column for a context query: whether one of the phone's orders was cancelled; and a query, whether
# one was cancelled after it was packed.
WAS_CANCELLED = exists().where(*_cancelled).label("cancelled")
_CALLED_OFF = hot(
    select(_called_off.c.id)
    .where(
        *_cancelled,
        _packed.c.order == _called_off.c.id,
        _packed.c.state == literal_column("'packed'"),
        ~_packed.c.undone,
    )
    .limit(literal_column("1"))
)


def flags_of(
    connection: Connection,
    broadcast: str,
    buyer: str,
    device: str,
    total: int,
    found: Row[Any],
    settings: Settings,
    *,
    doubtful: bool,
) -> list[Flag]:
    """Return the flags of an order of `total`, from what was `found` about its phone and device.

    `device` is empty if many people order with it, as with a clerk's.

    `many-orders`: the phone has unusually many orders in this broadcast; `many-phones`: the device
    ordered for several phones; `big`: the total is high; `called-off`: an earlier order of the
    phone was cancelled after it was packed; `doubtful-phone`: the number may not exist.
    """
    flags: list[Flag] = []
    if found.orders_of_phone >= settings.flag_orders:
        flags.append("many-orders")
    if device and found.for_another_phone:
        named = {"broadcast": broadcast, "buyer": buyer, "device": device}
        if connection.execute(_OTHER_PHONES, named).scalar_one() + 1 > settings.flag_phones:
            flags.append("many-phones")
    if total > settings.flag_total:
        flags.append("big")
    if doubtful:
        flags.append("doubtful-phone")
    if found.cancelled and connection.execute(_CALLED_OFF, {"buyer": buyer}).first():
        flags.append("called-off")
    return flags
