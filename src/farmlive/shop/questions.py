"""What is asked of who orders or holds: one question each, so that it waits for the database once.

It owns how the parts that other rooms need are put together; those that look at the same orders
are added up together.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    Integer,
    Select,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
)

from farmlive.shop import box_limits, flags, keys, lines, new_devices, notices_limits
from farmlive.shop.tables import centres, holds, order_keys, orders, parcel_fees, waits
from farmlive.store import hot

_ours = orders.alias("ours")
_theirs = orders.alias("theirs")


def _count(those: Any) -> Any:
    """How many orders are such, as 0 where there are none at all."""
    counted = func.sum(case((those, literal_column("1")), else_=literal_column("0")))
    return func.coalesce(counted, literal_column("0"))


def _asked(*of_device: Any) -> Select[*tuple[Any, ...]]:
    """What both are asked, from one row of what one person's device has ordered in the broadcast,
    with these sums of it.
    """
    sums = (
        select(
            box_limits.boxes_placed(_ours).label("device_boxes"),
            func.count().label("orders_of_device"),
            *of_device,
        )
        .where(_ours.c.broadcast == bindparam("broadcast"), _ours.c.device == bindparam("person"))
        .subquery("of_device")
    )
    return select(
        *lines.ASKED_HOLD,
        *keys.ASKED,
        new_devices.ASKED,
        box_limits.ASKED_OF_SOURCE,
        *sums.c,
    ).select_from(
        # First the sums: what is put together behind something else, SQLite keeps in a table.
        sums.outerjoin(holds, lines.OF_HOLD).outerjoin(order_keys, keys.OF_KEY)
    )


_of_phone = (_theirs.c.buyer == bindparam("buyer"), _theirs.c.broadcast == bindparam("broadcast"))
_phone_boxes = (
    select(box_limits.boxes_placed(_theirs))
    .where(*_of_phone, bindparam("counts_boxes", type_=Boolean))
    .scalar_subquery()
)
_orders_of_phone = (
    select(func.count())
    .select_from(
        select(_theirs.c.id)
        .where(*_of_phone, _theirs.c.state != literal_column("'cancelled'"))
        .limit(bindparam("many", type_=Integer))  # how many more does not matter
        .subquery("some_of_phone")
    )
    .scalar_subquery()
)
_ORDER = _asked(_count(_ours.c.buyer != bindparam("buyer")).label("for_another_phone")).add_columns(
    _phone_boxes.label("phone_boxes"),
    _orders_of_phone.label("orders_of_phone"),
    flags.ASKED,
    *notices_limits.ASKED,
    exists()
    .where(waits.c.broadcast == bindparam("broadcast"), waits.c.device == bindparam("device"))
    .label("waits"),
)
# Of who holds, who orders by parcel, and who fetches it.
HOLD = hot(_asked())
PARCEL = hot(_ORDER.add_columns(exists(select(parcel_fees.c.id)).label("fees")))
PICKUP = hot(
    _ORDER.add_columns(exists().where(centres.c.id == bindparam("centre")).label("centre"))
)
