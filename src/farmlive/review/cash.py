"""The cash sheet: the money to collect at each place, with goods and fees apart.

It reads the orders' present state; the settlement sheet divides the money among farms.
"""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection

from farmlive.review.sheets import Column, Sheet, Table, Words
from farmlive.shop.reporting.offers import pickup_points
from farmlive.shop.reporting.sales import by_place

# The place where parcels are paid.
_COURIER = ""


@dataclass(slots=True)
class _Money:
    """The orders of one place that are not cancelled; `goods` and `fees` are before refunds.

    `paid` is the money that was collected; `back` is to be refunded for cancelled orders.
    """

    orders: int = 0
    goods: int = 0
    fees: int = 0
    refunded: int = 0
    paid: int = 0
    due: int = 0
    back: int = 0


def add_cash(connection: Connection, sheet: Sheet, say: Words) -> None:
    """Add what each pick-up point and the courier collect.

    Goods + fees − refunds = paid + due − money to refund.
    """
    places: dict[str, _Money] = defaultdict(_Money)
    for money in by_place(connection, sheet.broadcast_id):
        place = places[money.centre or _COURIER]
        stands = money.goods + money.fees - money.refunded
        if money.are_cancelled:
            place.paid += stands
            place.back += stands
            continue
        place.orders += money.orders
        place.goods += money.goods
        place.fees += money.fees
        place.refunded += money.refunded
        if money.payment == "due":
            place.due += stands
        else:
            place.paid += stands
    points = pickup_points(connection)
    names = {centre: say.of(point.name) for centre, point in points.items()}
    table = Table(
        sheet.title,
        (
            Column(say("Where", "地点"), width=28),
            Column(say("Orders", "订单"), "count", 9, total=True),
            Column(say("Goods", "货款"), "money", 14, total=True),
            Column(say("Parcel fees", "运费"), "money", total=True),
            Column(say("Taken off, given back", "减免和退款"), "money", 14, total=True),
            Column(say("Paid", "已收"), "money", 14, total=True),
            Column(say("To collect", "应收"), "money", 14, total=True),
            Column(say("To refund", "应退"), "money", 14, total=True),
        ),
        note=say(
            "Paid is the money that is there, with what is to be given back of orders that were "
            "paid and then cancelled. Goods and parcel fees of the other orders, less what was "
            "taken off before it was paid or given back after, are what is paid and to collect, "
            "less what is to be given back.",
            "已收是现有的钱，含付款后又取消、还没退的订单款，即应退。"
            "其余订单的货款加运费，减去付款前的减免和付款后的退款，等于已收加应收减应退。",
        ),
    )
    by_courier = say("By the courier", "快递代收")
    named = {where: names.get(where, by_courier) for where in places}
    table.rows = [
        (
            named[where],
            places[where].orders,
            places[where].goods,
            places[where].fees,
            places[where].refunded,
            places[where].paid,
            places[where].due,
            places[where].back,
        )
        for where in sorted(places, key=lambda where: (where == _COURIER, named[where]))
    ]
    if table.rows:
        sheet.tables.append(table)
