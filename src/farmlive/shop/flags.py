"""Flags: why someone should look at an order before it is packed. It is taken all the same.

What is asked of the tables for them is one part of the till's one question, `ASKED`.
"""

from typing import Any, Literal

from sqlalchemy import Row, bindparam, exists, func, select

from farmlive.settings import Settings
from farmlive.shop.tables import order_changes, orders

Flag = Literal["many-orders", "many-phones", "big", "called-off"]

_of_phone = orders.alias("of_phone")
_of_device = orders.alias("of_device")
_called_off = orders.alias("called_off")
_packed = order_changes.alias("packed")

ASKED = (
    select(func.count())
    .select_from(_of_phone)
    .where(
        _of_phone.c.buyer == bindparam("buyer"),
        _of_phone.c.broadcast == bindparam("broadcast"),
        _of_phone.c.state != "cancelled",
    )
    .scalar_subquery()
    .label("orders_of_phone"),
    select(func.count(_of_device.c.buyer.distinct()))
    .where(
        _of_device.c.broadcast == bindparam("broadcast"),
        _of_device.c.device == bindparam("device"),
        _of_device.c.buyer != bindparam("buyer"),
    )
    .scalar_subquery()
    .label("other_phones"),
    exists()
    .where(
        _called_off.c.buyer == bindparam("buyer"),
        _called_off.c.state == "cancelled",
        _packed.c.order == _called_off.c.id,
        _packed.c.state == "packed",
        ~_packed.c.undone,
    )
    .label("called_off"),
)


def of(found: Row[Any], total: int, settings: Settings, *, one_person: bool) -> list[Flag]:
    """The flags of an order that comes to `total`, by what was found of its phone and device.

    `many-orders`: the phone ordered more often in this broadcast than is usual; `many-phones`: one
    person's device ordered for more phones; `big`: it comes to more; `called-off`: an earlier order
    for the phone was called off after it was packed.
    """
    flags: list[Flag] = []
    if found.orders_of_phone + 1 > settings.flag_orders:
        flags.append("many-orders")
    if one_person and found.other_phones + 1 > settings.flag_phones:
        flags.append("many-phones")
    if total > settings.flag_total:
        flags.append("big")
    if found.called_off:
        flags.append("called-off")
    return flags
