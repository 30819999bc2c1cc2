"""The sheets of a real broadcast with parcels' fees, a flash batch, an undone cancellation and a
harvest that was put right; the numbers were counted by hand.
"""

from typing import Any

import pytest
from tests.support.money import cny

from farmlive.origin.core.models import LotChange, NewWaste
from farmlive.shop.core.claim_models import ClaimAnswer, NewClaim
from farmlive.shop.flash.models import FlashPlan
from farmlive.shop.orders.change_models import NewBulkTransition
from farmlive.shop.shipping.fees import ParcelFees
from farmlive.shop.shipping.models import FeeTable


@pytest.fixture
async def fees(fair: Any, staff: Any) -> None:
    """Three parcels to Youxi, of which one is cancelled and one is paid, and two pick-ups.

    Xikou is 29.90, Yangzhong 49.90; a parcel to Fujian costs 6.00, elsewhere 12.00.
    """
    table = {
        "fees": [
            {"region": "", "upto_g": 20_000, "fee": cny(1_200)},
            {"region": "35", "upto_g": 20_000, "fee": cny(600)},
        ]
    }
    kept = ParcelFees(fair.store, fair.house.settings)
    await kept.set(staff, FeeTable.model_validate(table))
    await fair.order("13800000001", 2, 1, region="350426")
    paid = await fair.order("13800000002", 1)
    cancelled = await fair.order("13800000003", 5, region="350426")
    await fair.order("13800000004", 1, pickup=True)
    fetched = await fair.order("13800000005", 0, 2, pickup=True)
    await fair.pay(paid, refund=490)
    await fair.enter(cancelled, "cancelled")
    await fair.pay(fetched)


async def test_the_cash_sheet_has_goods_and_fees_and_adds_up(fair: Any, fees: None) -> None:
    (table,) = (await fair.sheet("cash")).tables
    assert table.rows == [
        ("Yangzhong centre", 2, 12_970, 0, 0, 9_980, 2_990, 0),
        ("By the courier", 2, 13_960, 1_800, 490, 3_700, 11_570, 0),
    ]
    for _, _, goods, fee, less, had, due, owed in (*table.rows, table.totals()):
        assert goods + fee - less == had + due - owed
    report = await fair.report()
    assert (report.fees.amount, report.net.amount) == (1_800, 12_970 + 13_960 - 490)
    assert report.paid.amount + report.due.amount == report.net.amount
    assert (await fair.review.totals())[fair.broadcast].net == report.net


async def test_parcels_say_their_region_and_their_fee_and_farms_are_paid_their_goods(
    fair: Any, fees: None
) -> None:
    (english,) = (await fair.sheet("packing")).tables
    assert [row[3] for row in english.rows] == [
        "Youxi County, Sanming City, Fujian Province · 福建省 三明市 尤溪县 溪口村",
        "溪口村",
    ]
    (table,) = (await fair.sheet("packing", language="zh")).tables
    assert [(row[3], row[7], row[8]) for row in table.rows] == [
        ("福建省 三明市 尤溪县 溪口村", 600, 2 * 2_990 + 4_990 + 600),
        ("溪口村", 1_200, 0),
    ]
    first, second = (await fair.sheet("settlement")).tables
    assert (first.totals()[5], first.totals()[8]) == (9 * 2_990, 4 * 2_990 - 490)
    assert second.totals()[8] == 3 * 4_990
    (lines,) = (await fair.sheet("orders")).tables
    titles = [column.title for column in lines.columns]
    fee = titles.index("Parcel fee")
    assert [row[fee] for row in lines.rows] == [600, 0, 1_200, 600, 0, 0]
    (own,) = (await fair.sheet("orders", fair.seller())).tables
    assert "Parcel fee" not in [column.title for column in own.columns]
    assert own.totals()[12] == 9 * 2_990


async def test_flash_sales_are_told_by_product_and_on_the_axis(fair: Any, staff: Any) -> None:
    first = fair.cards[0].id
    flash = FlashPlan(offer=first, price=cny(1_990), boxes=3, seconds=60)
    await fair.house.shop.flashes.plan(staff, fair.broadcast, flash)
    await fair.order("13800000001", 3, price=1_990)
    await fair.order("13800000002", 1)
    report = await fair.report()
    assert report.gross.amount == 3 * 1_990 + 2_990
    assert (report.offers[0].flash_items, report.offers[0].flash_gross.amount) == (3, 5_970)
    begun, over = report.timeline.moments
    assert (begun.kind, begun.quantity, begun.items, begun.gross.amount) == ("flash", 3, 3, 5_970)
    assert begun.sold_after_ms is not None
    assert (over.kind, over.quantity) == ("flash_end", 3)
    assert report.offers[0].left == 46
    axis, deeds = (await fair.sheet("timeline")).tables
    assert [row[1] for row in deeds.rows] == [
        "flash batch: 3 at ¥19.90",
        "flash batch over: 3 sold",
    ]
    assert "flash batch: 3 Xikou at ¥19.90" in str(axis.rows)
    (lines,) = (await fair.sheet("orders")).tables
    flashed = [column.title for column in lines.columns].index("Flash batch")
    assert [row[flashed] for row in lines.rows] == ["yes", ""]


async def test_a_harvest_is_balanced_over_all_that_became_of_it(fair: Any, staff: Any) -> None:
    lot = fair.cards[0].lot.id
    await fair.order("13800000001", 4)
    await fair.house.origin.waste(staff, lot, NewWaste(weight_g=30_500, reason="split by rain"))
    change = LotChange(quantity_g=480_000, reason="misread")
    await fair.house.origin.correct(staff, lot, change)
    await fair.enter(await fair.order("13800000002", 2), "cancelled")
    harvest = (await fair.sheet("sales", fair.seller())).tables[3]
    assert harvest.rows == [("1123", "Xikou", 480_000, 30_500, 10_000, 10_000, 0, 439_500)]
    assert harvest.rows[0][2] == sum(harvest.rows[0][place] for place in (3, 4, 6, 7))


async def test_what_a_claim_was_answered_with_is_a_refund(fair: Any, staff: Any) -> None:
    order = await fair.order("13800000001", 2, 1)
    await fair.pay(order)
    await fair.enter(order, "packed")
    await fair.enter(order, "shipped")
    claims = fair.house.shop.claims
    made = await claims.claim(order["token"], NewClaim(text="Three are squashed"))
    await claims.answer(
        staff, fair.broadcast, made.claims[0].id, ClaimAnswer(amount=cny(1_097), answer="Sorry")
    )
    report = await fair.report()
    assert (report.refunded.orders, report.refunded.amount.amount) == (1, 1_097)
    # Shared 59.80 to 49.90.
    assert [farm.refunded.amount for farm in report.farms] == [598, 499]
    assert report.net.amount == 10_970 - 1_097


async def test_an_undone_cancellation_stands_in_every_number(fair: Any, staff: Any) -> None:
    order = await fair.order("13800000001", 2)
    moves = fair.house.shop.bulk_actions
    change = NewBulkTransition.model_validate({"orders": [order["id"]], "state": "cancelled"})
    made = await moves.make(staff, fair.broadcast, change)
    assert (await fair.report()).net.amount == 0
    await moves.undo(staff, fair.broadcast, made.id)
    report = await fair.report()
    assert (report.net.amount, report.cancelled.orders) == (5_980, 0)
    (table,) = (await fair.sheet("pick-list")).tables
    assert table.totals()[3] == 2
