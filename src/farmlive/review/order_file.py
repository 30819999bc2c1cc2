"""Selected orders as a sheet: a row for each order with its buyer, or a row for each line for a
seller.

A seller's rows have no buyer. The caller has selected the orders and checked the rights.
"""

from collections.abc import Sequence

from farmlive.clock import now_ms
from farmlive.review.lists import REMOVED, STATES, line_columns, order_columns, payment_words
from farmlive.review.sheets import Column, Sheet, Table, Words
from farmlive.shop.core.order_models import Order, OrderedLine

_FLAGS = {
    "many-orders": ("many orders of the phone", "该手机下单偏多"),
    "doubtful-phone": ("no such phone number?", "手机号可能有误"),
    "many-phones": ("one device, several phones", "同一设备多个手机号"),
    "big": ("a big order", "金额偏大"),
    "called-off": ("called off before", "曾在装箱后取消"),
}


def order_sheet(
    orders: Sequence[Order],
    *,
    seller: bool,
    broadcast: str,
    broadcast_id: str,
    language: str,
    currency: str,
) -> Sheet:
    """Return the sheet of these orders; `broadcast` is its title in the language."""
    say = Words(language)
    sheet = Sheet(
        name="orders",
        title=say("Orders", "订单"),
        broadcast=broadcast,
        broadcast_id=broadcast_id,
        language=language,
        currency=orders[0].total.currency if orders else currency,
        made_at=now_ms(),
        total_word=say("Total", "合计"),
    )
    sheet.tables.append(_lines(sheet, orders, say) if seller else _with_buyers(sheet, orders, say))
    return sheet


def _with_buyers(sheet: Sheet, orders: Sequence[Order], say: Words) -> Table:
    table = Table(
        sheet.title,
        (
            *order_columns(say),
            Column(say("Delivery", "配送"), width=18),
            Column(say("Name", "姓名"), width=14),
            Column(say("Phone", "电话"), width=16),
            Column(say("Address", "地址"), width=36),
            Column(say("Products", "商品"), width=44),
            Column(say("Boxes", "件数"), "count", 8, total=True),
            Column(say("Parcel fee", "运费"), "money", total=True),
            Column(say("Total", "总额"), "money", total=True),
            Column(say("Taken off, given back", "减免和退款"), "money", 14, total=True),
            Column(say("To collect", "应收"), "money", total=True),
            Column(say("To refund", "应退"), "money", total=True),
            Column(say("To look at", "需留意"), width=22),
            Column(say("Simulated", "模拟"), width=10),
        ),
    )
    for order in orders:
        centre = order.delivery.centre
        buyer = order.buyer
        items = [
            f"{say.of(line.name)} {say.of(line.unit)} × {boxes(line)} #{line.lot_code}"
            for line in order.lines
            if boxes(line)
        ]
        table.rows.append(
            (
                order.number,
                order.placed_at,
                say(*STATES[order.state]),
                payment_words(say, order.payment, order.to_collect.amount),
                say.of(centre.name) if centre else say("parcel", "快递"),
                buyer.name if buyer else say(*REMOVED) if order.person_gone_at else "",
                buyer.phone if buyer else "",
                order.delivery.address or "",
                say("; ", "；").join(items),
                sum(boxes(line) for line in order.lines),
                order.fee.amount,
                order.total.amount,
                order.refunded.amount,
                order.to_collect.amount,
                order.to_give_back.amount,
                say("; ", "；").join(say(*_FLAGS[flag]) for flag in order.flags if flag in _FLAGS),
                say("yes", "是") if order.simulated else "",
            )
        )
    return table


def _lines(sheet: Sheet, orders: Sequence[Order], say: Words) -> Table:
    table = Table(
        sheet.title,
        (
            *order_columns(say),
            Column(say("Delivery", "配送"), width=18),
            *line_columns(say),
            Column(say("Amount", "金额"), "money", total=True),
            Column(say("Simulated", "模拟"), width=10),
        ),
    )
    for order in orders:
        centre = order.delivery.centre
        table.rows += [
            (
                order.number,
                order.placed_at,
                say(*STATES[order.state]),
                payment_words(say, order.payment, order.to_collect.amount),
                say.of(centre.name) if centre else say("parcel", "快递"),
                say.of(line.farm_name),
                say.of(line.name),
                say.of(line.unit),
                line.lot_code,
                line.quantity,
                line.returned,
                line.price.amount,
                line.total.amount,
                say("yes", "是") if order.simulated else "",
            )
            for line in order.lines
        ]
    return table


def boxes(line: OrderedLine) -> int:
    """Return how many boxes of the line are still the buyer's, without returned ones."""
    return line.quantity - line.returned
