"""Work sheets: pick list by farm, hand-over list by pick-up point, packing list, order lines.

They are read from the shop's tables, since they show the orders' present state. Buyers' names,
phones and addresses are in the hand-over and packing lists only.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from farmlive.review.sheets import Column, Sheet, Table, Words
from farmlive.shop.core import regions
from farmlive.shop.core.models import order_number
from farmlive.shop.reporting.offers import pickup_points
from farmlive.shop.reporting.order_lists import (
    ListedLine,
    ListedOrder,
    OrderFields,
    picked,
    with_lines,
)

STATES = {
    "held": ("held", "留货中"),
    "placed": ("placed", "已下单"),
    "packed": ("packed", "已装箱"),
    "shipped": ("shipped", "已发货"),
    "at_centre": ("at the pick-up point", "已到自提点"),
    "received": ("received", "已收货"),
    "cancelled": ("cancelled", "已取消"),
    "expired": ("not ordered in time", "超时未下单"),
}
PAYMENTS = {
    "due": ("to pay", "待付款"),
    "paid": ("paid", "已付款"),
    "part_refunded": ("partly refunded", "部分退款"),
    "refunded": ("refunded", "已退款"),
}
REMOVED = ("details removed", "信息已删除")
NOTHING_DUE = ("nothing to pay", "不用付款")

Cards = dict[str, dict[str, Any]]


@dataclass
class Goods:
    """The bag's cards by offer, with names in one language.

    `stopped` are the offers with a stopped lot, which must not be packed or handed over.
    """

    cards: Cards
    say: Words
    stopped: frozenset[str] = frozenset()

    def name(self, offer: str) -> str:
        """Return the product's name."""
        return self.say.of(self.cards[offer]["name"])

    def unit(self, offer: str) -> str:
        """Return the unit, such as a 2.5 kg box."""
        return self.say.of(self.cards[offer]["unit"])

    def lot(self, offer: str) -> str:
        """Return the code of its lot."""
        return str(self.cards[offer]["lot"]["code"])

    def keep_back(self, offer: str) -> str:
        """Return the warning for goods that must not leave; otherwise an empty text."""
        return (
            self.say(" (STOPPED: keep back)", "（已停售，请留下勿发）")
            if offer in self.stopped
            else ""
        )

    def grams(self, offer: str) -> int:
        """Return the net weight of one box, in grams."""
        return int(self.cards[offer]["net_weight_g"])

    def item(self, offer: str, quantity: int) -> str:
        """Return a line of an order in words."""
        return f"{self.name(offer)} {self.unit(offer)} × {quantity}"


def pick_list(
    connection: Connection,
    sheet: Sheet,
    goods: Goods,
    farms: frozenset[str] | None,
) -> None:
    """Add what each farm harvests and packs for the orders that are not cancelled."""
    say = goods.say
    sheet.by = say("Farm", "农场")
    # One row per product and lot, whatever the price.
    rows: dict[str, dict[tuple[str, str, str, int], list[int]]] = defaultdict(dict)
    names = {}
    for offer, farm, state, count in picked(connection, sheet.broadcast_id, farms):
        lot = goods.lot(offer) + goods.keep_back(offer)
        named = (goods.name(offer), goods.unit(offer), lot, goods.grams(offer))
        row = rows[farm].setdefault(named, [0, 0])
        row[0] += count
        row[1] += count if state == "placed" and offer not in goods.stopped else 0
        names[farm] = say.of(goods.cards[offer]["lot"]["farm"]["name"])
    for farm in sorted(rows, key=lambda farm: names[farm]):
        table = Table(
            sheet.title,
            (
                Column(say("Product", "商品"), width=30),
                Column(say("Unit", "规格"), width=16),
                Column(say("Lot", "批次"), width=12),
                Column(say("Boxes", "件数"), "count", 10, total=True),
                Column(say("Net weight", "净重"), "weight", 14, total=True),
                Column(say("Still to pack", "待装箱"), "count", 12, total=True),
            ),
            group=names[farm],
        )
        table.rows = [
            (name, unit, lot, count, count * grams, to_pack)
            for (name, unit, lot, grams), (count, to_pack) in sorted(rows[farm].items())
        ]
        sheet.tables.append(table)


def hand_over(
    connection: Connection, sheet: Sheet, goods: Goods, own: frozenset[str] | None = None
) -> None:
    """Add what is handed over at each pick-up point, or at `own` ones, and what is still to pay
    there.
    """
    say = goods.say
    sheet.by = say("Pick-up point", "自提点")
    points = pickup_points(connection)
    by_point: dict[str, list[ListedOrder]] = defaultdict(list)
    for listed in with_lines(connection, sheet.broadcast_id, way="pickup"):
        centre = listed.order.centre
        if centre is not None and (own is None or centre in own):
            by_point[centre].append(listed)
    for point in sorted(by_point, key=lambda point: say.of(points[point].name)):
        table = Table(
            sheet.title,
            (
                Column(say("Number", "单号"), width=9),
                Column(say("Name", "姓名"), width=16),
                Column(say("Phone", "电话"), width=16),
                Column(say("Products", "商品"), width=46),
                Column(say("Boxes", "件数"), "count", 8, total=True),
                Column(say("To collect", "应收"), "money", 12, total=True),
                Column(say("Payment", "付款"), width=12),
                Column(say("State", "状态"), width=14),
            ),
            group=say.of(points[point].name),
            note=say.of(points[point].postal_address),
        )
        table.rows = [
            (
                order_number(listed.order.number),
                buyer_name(say, listed.order),
                listed.order.buyer_phone,
                _items(goods, listed.lines),
                sum(line.boxes for line in listed.lines),
                listed.order.to_collect,
                payment_words(say, listed.order.payment, listed.order.to_collect),
                say(*STATES[listed.order.state]),
            )
            for listed in by_point[point]
        ]
        sheet.tables.append(table)


def packing(connection: Connection, sheet: Sheet, goods: Goods) -> None:
    """Add the contents of each parcel, its postal address, and what the courier collects."""
    say = goods.say
    table = Table(
        sheet.title,
        (
            Column(say("Number", "单号"), width=9),
            Column(say("Name", "姓名"), width=14),
            Column(say("Phone", "电话"), width=16),
            Column(say("Address", "地址"), width=40),
            Column(say("Products", "商品"), width=44),
            Column(say("Boxes", "件数"), "count", 8, total=True),
            Column(say("Net weight", "净重"), "weight", 12, total=True),
            Column(say("Parcel fee", "运费"), "money", 12, total=True),
            Column(say("To collect", "应收"), "money", 12, total=True),
            Column(say("State", "状态"), width=10),
        ),
    )
    table.rows = [
        (
            order_number(listed.order.number),
            buyer_name(say, listed.order),
            listed.order.buyer_phone,
            _address(listed.order, say.language),
            _items(goods, listed.lines, with_lots=True),
            sum(line.boxes for line in listed.lines),
            sum(line.boxes * goods.grams(line.offer) for line in listed.lines),
            listed.order.fee,
            listed.order.to_collect,
            say(*STATES[listed.order.state]),
        )
        for listed in with_lines(connection, sheet.broadcast_id, way="parcel")
    ]
    if table.rows:
        sheet.tables.append(table)


def buyer_name(say: Words, order: OrderFields) -> str:
    """Return the buyer's name, or that it was removed."""
    return str(order.buyer_name) if order.person_gone_at is None else say(*REMOVED)


def _address(order: OrderFields, language: str) -> str:
    """Return a parcel's postal address as printed on it, preceded by the region in English for an
    English reader.
    """
    on_it = regions.postal_address(order.region, order.address) or ""
    if language == "zh" or not order.region:
        return on_it
    return f"{regions.full_name(order.region, 'en')} · {on_it}"


def order_columns(say: Words) -> list[Column]:
    """Return the first columns of every sheet of orders: the order itself."""
    return [
        Column(say("Number", "单号"), width=9),
        Column(say("Ordered at", "下单时间"), "moment", 20),
        Column(say("State", "状态"), width=14),
        Column(say("Payment", "付款"), width=14),
    ]


def line_columns(say: Words) -> list[Column]:
    """Return the columns of an order's line."""
    return [
        Column(say("Farm", "农场"), width=18),
        Column(say("Product", "商品"), width=28),
        Column(say("Unit", "规格"), width=14),
        Column(say("Lot", "批次"), width=10),
        Column(say("Boxes", "件数"), "count", 8, total=True),
        Column(say("Put back", "退回件数"), "count", 8, total=True),
        Column(say("Price", "单价"), "money"),
    ]


def order_lines_of(
    connection: Connection, sheet: Sheet, goods: Goods, farms: frozenset[str] | None
) -> None:
    """Add every line of every order, cancelled ones too, without its buyer.

    A reader of all farms gets the delivery fee too, beside the first line of its order.
    """
    say = goods.say
    own_fee = [Column(say("Parcel fee", "运费"), "money", total=True)] if farms is None else []
    named = pickup_points(connection).items()
    points = {centre: say.of(point.name) for centre, point in named}
    table = Table(
        sheet.title,
        (
            *order_columns(say),
            Column(say("Delivery", "配送"), width=20),
            *line_columns(say),
            Column(say("Gross", "金额"), "money", total=True),
            Column(say("Flash batch", "抢购"), width=10),
            *own_fee,
            Column(say("Simulated", "模拟"), width=10),
        ),
    )
    for listed in with_lines(connection, sheet.broadcast_id, farms=farms):
        order = listed.order
        parcel_word = say("parcel", "快递")
        way = points.get(order.centre or "", "") if order.way == "pickup" else parcel_word
        for place, line in enumerate(listed.lines):
            fee = order.fee if place == 0 else 0
            farm = goods.cards[line.offer]["lot"]["farm"]
            table.rows.append(
                (
                    order_number(order.number),
                    order.placed_at,
                    say(*STATES[order.state]),
                    payment_words(say, order.payment, order.to_collect),
                    way,
                    say.of(farm["name"]),
                    goods.name(line.offer),
                    goods.unit(line.offer),
                    goods.lot(line.offer),
                    line.quantity,
                    line.returned,
                    line.price,
                    line.total,
                    say("yes", "是") if line.flash else "",
                    *([fee] if own_fee else []),
                    say("yes", "是") if order.simulated else "",
                )
            )
    sheet.tables.append(table)


def _items(goods: Goods, lines: Iterable[ListedLine], *, with_lots: bool = False) -> str:
    said: Sequence[str] = [
        goods.item(line.offer, line.boxes)
        + (f" #{goods.lot(line.offer)}" if with_lots else "")
        + goods.keep_back(line.offer)
        for line in lines
        if line.boxes
    ]
    return goods.say("; ", "；").join(said)


def payment_words(say: Words, payment: str, due: int) -> str:
    """Return the payment state in words, with the amount still to be paid."""
    return say(*(NOTHING_DUE if payment == "due" and not due else PAYMENTS[payment]))
