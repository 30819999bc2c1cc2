"""The context queries of orders and holds: one query each, so that a request waits for the database
only once.

It combines the parts that other files define. What most orders don't need is only tested for
existence here; code that needs the rows queries them later.
"""

from typing import Any

from sqlalchemy import Integer, Select, bindparam, exists, literal_column, select

from farmlive.shop.checkout import new_devices
from farmlive.shop.core import idempotency
from farmlive.shop.core.order_tables import order_keys, orders
from farmlive.shop.core.tables import centres, holds, parcel_fees, waits
from farmlive.shop.notices import limits
from farmlive.shop.orders import box_limits, fraud_flags
from farmlive.shop.stock import line_items
from farmlive.store import count_of, hot

_own_hold = orders.alias("ours")
_theirs = orders.alias("theirs")
# Orders of the person's device in the broadcast, in any state.
_of_device = (
    _own_hold.c.broadcast == bindparam("broadcast"),
    _own_hold.c.device == bindparam("person"),
)


def _context_query(*more: Any) -> Select[*tuple[Any, ...]]:
    """Return the query that orders and holds share, with further columns."""
    # a subquery that always has one row, for the outer joins
    one = select(literal_column("1")).subquery("one")
    return select(
        *line_items.HOLD_COLUMNS,
        *idempotency.STORED_ANSWER,
        new_devices.HAS_PAST_ORDER,
        exists().where(*_of_device).label("orders_of_device"),
        *more,
    ).select_from(
        one.outerjoin(holds, line_items.OF_HOLD).outerjoin(order_keys, idempotency.OF_KEY)
    )


_orders_of_phone = count_of(
    select(_theirs.c.id)
    .where(
        _theirs.c.buyer == bindparam("buyer"),
        _theirs.c.broadcast == bindparam("broadcast"),
        _theirs.c.state != literal_column("'cancelled'"),
    )
    .limit(bindparam("many", type_=Integer))  # stops counting at the limit
)
_ORDER = (
    exists().where(*_of_device, _own_hold.c.buyer != bindparam("buyer")).label("for_another_phone"),
    _orders_of_phone.label("orders_of_phone"),
    fraud_flags.WAS_CANCELLED,
    *limits.SENT_COUNTS,
    exists()
    .where(waits.c.broadcast == bindparam("broadcast"), waits.c.device == bindparam("device"))
    .label("waits"),
)
_FEES = exists(select(parcel_fees.c.id)).label("fees")
_CENTRE = exists().where(centres.c.id == bindparam("centre")).label("centre")

# For holds, parcel orders and pick-ups; each with and without the boxes of the IP address, by
# whether a limit needs them.
HOLD = {
    True: hot(_context_query(box_limits.BOXES_OF_SOURCE)),
    False: hot(_context_query()),
}
PARCEL = {
    True: hot(_context_query(*_ORDER, _FEES, box_limits.BOXES_OF_SOURCE)),
    False: hot(_context_query(*_ORDER, _FEES)),
}
PICKUP = {
    True: hot(_context_query(*_ORDER, _CENTRE, box_limits.BOXES_OF_SOURCE)),
    False: hot(_context_query(*_ORDER, _CENTRE)),
}
