"""What is asked of who orders or holds: one question each, so that it waits for the database once.

It owns how the parts that other rooms need are put together; those that look at the same orders
are added up together.
"""

from typing import Any

from sqlalchemy import (
    Select,
    Subquery,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
    true,
)

from farmlive.shop import box_limits, flags, keys, lines, new_devices, notices_limits
from farmlive.shop.tables import centres, order_keys, orders, parcel_fees, waits
from farmlive.store import hot

_ours = orders.alias("ours")
_theirs = orders.alias("theirs")


def _count(those: Any) -> Any:
    """How many orders are such, as 0 where there are none at all."""
    counted = func.sum(case((those, literal_column("1")), else_=literal_column("0")))
    return func.coalesce(counted, literal_column("0"))


def _of_device(*also: Any) -> Subquery:
    """What one person's device has ordered in the broadcast."""
    return (
        select(
            box_limits.boxes_placed(_ours).label("device_boxes"),
            func.count().label("orders_of_device"),
            *also,
        )
        .where(_ours.c.broadcast == bindparam("broadcast"), _ours.c.device == bindparam("person"))
        .subquery("of_device")
    )


# What was ordered for the phone there.
_of_phone = (
    select(
        box_limits.boxes_placed(_theirs).label("phone_boxes"),
        _count(_theirs.c.state != literal_column("'cancelled'")).label("orders_of_phone"),
    )
    .where(_theirs.c.buyer == bindparam("buyer"), _theirs.c.broadcast == bindparam("broadcast"))
    .subquery("of_phone")
)


def _asked(*of: Subquery) -> Select[*tuple[Any, ...]]:
    question = lines.ASKED_HOLD.outerjoin(order_keys, keys.OF_KEY)
    for each in of:
        question = question.join(each, true())
    return question.add_columns(
        *keys.ASKED,
        new_devices.ASKED,
        box_limits.ASKED_OF_SOURCE,
        *(column for each in of for column in each.c),
    )


_ORDER = _asked(
    _of_device(_count(_ours.c.buyer != bindparam("buyer")).label("for_another_phone")), _of_phone
).add_columns(
    flags.ASKED,
    *notices_limits.ASKED,
    exists()
    .where(waits.c.broadcast == bindparam("broadcast"), waits.c.device == bindparam("device"))
    .label("waits"),
)
# Of who holds, who orders by parcel, and who fetches it.
HOLD = hot(_asked(_of_device()))
PARCEL = hot(_ORDER.add_columns(exists(select(parcel_fees.c.id)).label("fees")))
PICKUP = hot(
    _ORDER.add_columns(exists().where(centres.c.id == bindparam("centre")).label("centre"))
)
