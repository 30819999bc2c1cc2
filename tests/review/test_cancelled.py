"""What a cancellation leaves in a review and in its sheets: nothing where it was undone, and what
was paid until it is given back.
"""

import csv
from io import BytesIO, StringIO
from typing import Any, get_args

import pytest
from openpyxl import load_workbook
from tests.support.money import cny

from farmlive.broadcast.events.trade import State
from farmlive.review.order_file import order_sheet
from farmlive.shop.core import state_machine
from farmlive.shop.core.order_models import Refund
from farmlive.shop.orders.change_models import NewBulkTransition
from farmlive.shop.orders.order_documents import OrderSelection

# How an order comes into each state in which it can be cancelled, and from there to its buyer.
WAYS = {
    "placed": ("packed", "at_centre", "received"),
    "packed": ("packed", "at_centre", "received"),
    "at_centre": ("packed", "at_centre", "received"),
    "shipped": ("packed", "shipped", "received"),
}
UNDONE_INTO = [step.after for step in state_machine.BACK_STATES if step.before == "cancelled"]


async def cancel(fair: Any, staff: Any, *orders: Any) -> str:
    """Cancel orders by one move, which can be undone."""
    named = [order["id"] for order in orders]
    change = {"orders": named, "state": "cancelled", "reason": "It rains."}
    moves = fair.house.shop.bulk_actions
    made = await moves.make(staff, fair.broadcast, NewBulkTransition.model_validate(change))
    assert made.refused == []
    return str(made.id)


async def refund(fair: Any, staff: Any, order: Any, amount: int) -> None:
    given = Refund(amount=cny(amount), reason="It rains.")
    await fair.house.shop.orders.refund(staff, fair.broadcast, order["id"], given)


async def file_of(fair: Any, staff: Any) -> Any:
    """The desk's file of all orders."""
    found = await fair.house.shop.order_documents.read_selected(
        staff, fair.broadcast, OrderSelection(), limit=99
    )
    sheet = order_sheet(
        found,
        seller=False,
        broadcast="Kumquats",
        broadcast_id=fair.broadcast,
        language="en",
        currency="CNY",
    )
    return sheet.tables[0]


def sums(table: Any) -> dict[str, int]:
    """What its columns add up to, by their titles."""
    totals = zip(table.columns, table.totals(), strict=True)
    return {column.title: total for column, total in totals if total is not None}


@pytest.mark.parametrize("state", UNDONE_INTO)
async def test_a_cancellation_that_was_undone_is_in_no_number(
    fair: Any, staff: Any, state: str
) -> None:
    assert set(UNDONE_INTO) == set(WAYS) <= set(get_args(State))
    steps = WAYS[state]
    order = await fair.order("13800000001", 2, 1, pickup=state != "shipped")
    other = await fair.order("13800000002", 1)
    before = steps[: steps.index(state) + 1] if state in steps else ()
    for each in before:
        await fair.enter(order, each)
    move = await cancel(fair, staff, order)
    assert (await fair.report()).net.amount == 2_990
    undone = await fair.house.shop.bulk_actions.undo(staff, fair.broadcast, move)
    assert [each.state for each in undone.moved] == [state]
    for each in steps[len(before) :]:
        await fair.enter(order, each)
    await fair.pay(order)

    report = await fair.report()
    goods = 2 * 2_990 + 4_990 + 2_990
    assert (report.net.amount, report.cancelled.orders, report.cancel_rate) == (goods, 0, 0)
    assert (report.paid.amount, report.due.amount) == (10_970, 2_990)
    settled = (await fair.sheet("settlement")).tables
    assert sum(table.totals()[8] for table in settled) == goods
    (cash,) = (await fair.sheet("cash")).tables
    had = sums(cash)
    assert (had["Goods"], had["Paid"], had["To collect"]) == (goods, 10_970, 2_990)
    listed = sums(await file_of(fair, staff))
    assert (listed["Total"], listed["To collect"]) == (goods, 2_990)
    (lines,) = (await fair.sheet("orders")).tables
    assert {row[0]: row[2] for row in lines.rows} == {
        order["number"]: "received",
        other["number"]: "placed",
    }
    assert sums(lines)["Gross"] == goods


@pytest.fixture
async def called_off(fair: Any, staff: Any) -> list[dict[str, Any]]:
    """Six pick-ups of 59.80 and two parcels, of which all but the first pick-up are cancelled.

    Paid before: 59.80; 59.80, of which 10.00 were given back; 50.00, as 9.80 had been taken off;
    59.80, all given back afterwards; nothing, of 9.80 less. Of the parcels one was paid.
    """
    orders = [await fair.order(f"1380000000{n}", 2, pickup=True) for n in range(6)]
    orders += [await fair.order(f"1380000001{n}", 1) for n in range(2)]
    _, paid, partly, less, returned, due, parcel, _ = orders
    for order in (less, due):
        await refund(fair, staff, order, 980)
    for order in (orders[0], paid, less, returned, parcel):
        await fair.pay(order)
    await fair.pay(partly, refund=1_000)
    await cancel(fair, staff, *orders[1:])
    await refund(fair, staff, returned, 5_980)
    return orders


async def test_what_was_paid_for_a_cancelled_order_lies_there_until_it_is_given_back(
    fair: Any, staff: Any, called_off: Any
) -> None:
    (table,) = (await fair.sheet("cash")).tables
    owed = 5_980 + 4_980 + 5_000
    assert table.rows == [
        ("Yangzhong centre", 1, 5_980, 0, 0, 5_980 + owed, 0, owed),
        ("By the courier", 0, 0, 0, 0, 2_990, 0, 2_990),
    ]
    for _, _, goods, fee, less, had, due, back in (*table.rows, table.totals()):
        assert goods + fee - less == had + due - back
    report = await fair.report()
    assert (report.net.amount, report.paid.amount, report.due.amount) == (5_980, 5_980, 0)
    # What each order says adds up to what the sheet says.
    assert sums(await file_of(fair, staff))["To refund"] == owed + 2_990

    await refund(fair, staff, called_off[2], 980)
    await refund(fair, staff, called_off[2], 4_000)
    await refund(fair, staff, called_off[3], 4_000)
    await refund(fair, staff, called_off[6], 2_990)
    (table,) = (await fair.sheet("cash")).tables
    assert table.rows == [("Yangzhong centre", 1, 5_980, 0, 0, 12_960, 0, 6_980)]
    assert sums(await file_of(fair, staff))["To refund"] == 6_980
    assert (await fair.report()).net == report.net


async def test_what_is_to_be_given_back_stands_on_paper_and_in_files(
    fair: Any, site: Any, called_off: Any
) -> None:
    path = f"/review/{fair.broadcast}"
    async with site.client(await site.key("host")) as host:
        answer = await host.get(f"{path}/sheets/cash.csv?lang=en")
        head, *rows = csv.reader(StringIO(answer.content.decode("utf-8-sig")))
        by_title = [dict(zip(head, row, strict=True)) for row in rows]
        assert [(row["Paid (CNY)"], row["To refund (CNY)"]) for row in by_title] == [
            ("219.40", "159.60"),
            ("29.90", "29.90"),
        ]
        answer = await host.get(f"{path}/sheets/cash.xlsx?lang=zh")
        sheet = load_workbook(BytesIO(answer.content)).worksheets[0]
        assert sheet["H1"].value == "应退 (CNY)"
        assert [sheet[f"H{row}"].value for row in (2, 3, 4)] == [159.6, 29.9, 189.5]
        page = await host.get(f"{path}/lists/cash?lang=zh")
        assert "应退" in page.text
        assert "¥189.50" in page.text
