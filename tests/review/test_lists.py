"""The sheets of a real broadcast: what to pick, who fetches what, what each farm is owed."""

import re
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from openpyxl import load_workbook
from tests.review.conftest import STAFF

from farmlive.bilingual import Bilingual
from farmlive.clock import now_ms
from farmlive.origin.core.models import NewInspection
from farmlive.people import Caller
from farmlive.problems import Forbidden
from farmlive.review.readers import SHEETS, UnknownSheet
from farmlive.review.sheets import Sheet


def caller(role: str) -> Caller:
    return Caller("01", "x", role, "x", "192.0.2.1", centres=None)  # type: ignore[arg-type]


def by_group(sheet: Sheet) -> dict[str, list[tuple[Any, ...]]]:
    return {table.group: table.rows for table in sheet.tables}


async def test_a_pick_list_has_what_was_sold_and_not_cancelled(fair: Any) -> None:
    await fair.order("13800000001", 2, 1)
    packed = await fair.order("13800000002", 3)
    cancelled = await fair.order("13800000003", 5, 5)
    await fair.enter(packed, "packed")
    await fair.enter(cancelled, "cancelled")
    assert by_group(await fair.sheet("pick-list")) == {
        "Xikou": [("Xikou", "2.5 kg box", "1123", 5, 12_500, 2)],
        "Yangzhong": [("Yangzhong", "2.5 kg box", "1123", 1, 2_500, 1)],
    }


async def test_the_pick_list_holds_as_many_boxes_as_the_report_says_stand(fair: Any) -> None:
    for number in range(9):
        order = await fair.order(f"138000000{number:02d}", number % 3, 1)
        if number % 4 == 0:
            await fair.enter(order, "cancelled")
    report = await fair.report()
    sheet = await fair.sheet("pick-list")
    assert {table.group: table.totals()[3] for table in sheet.tables} == {
        farm.name.en: farm.net_items for farm in report.farms
    }
    assert sum(table.totals()[4] for table in sheet.tables) == sum(
        lot.net_weight_g for lot in report.lots
    )


async def test_a_hand_over_list_says_who_fetches_what_and_what_is_due(fair: Any) -> None:
    await fair.order("13800000001", 2, name="张三", pickup=True)
    paid = await fair.order("13800000002", 1, 1, name="李四", pickup=True)
    await fair.order("13800000003", 4, name="王五")
    gone = await fair.order("13800000004", 1, name="赵六", pickup=True)
    await fair.pay(paid)
    await fair.enter(gone, "cancelled")
    assert by_group(await fair.sheet("hand-over")) == {
        "Yangzhong centre": [
            ("A0001", "张三", "13800000001", "Xikou 2.5 kg box × 2", 2, 5980, "to pay", "placed"),
            (
                "A0002",
                "李四",
                "13800000002",
                "Xikou 2.5 kg box × 1; Yangzhong 2.5 kg box × 1",
                2,
                0,
                "paid",
                "placed",
            ),
        ]
    }


async def test_a_packing_list_says_what_goes_where(fair: Any) -> None:
    await fair.order("13800000001", 2, name="张三")
    await fair.order("13800000002", 1, pickup=True)
    (table,) = (await fair.sheet("packing")).tables
    assert table.rows == [
        (
            "A0001",
            "张三",
            "13800000001",
            "溪口村",
            "Xikou 2.5 kg box × 2 #1123",
            2,
            5_000,
            0,
            5980,
            "placed",
        )
    ]


async def test_what_people_pack_and_hand_over_by_says_what_is_stopped(fair: Any) -> None:
    await fair.order("13800000001", 2, 1)
    await fair.order("13800000002", 1, pickup=True)
    failed = NewInspection(at=now_ms(), result=Bilingual(zh="毒死蜱超标"), passed=False)
    await fair.house.origin.inspect(STAFF, fair.cards[0].lot.id, failed)
    assert by_group(await fair.sheet("pick-list")) == {
        "Xikou": [("Xikou", "2.5 kg box", "1123 (STOPPED: keep back)", 3, 7_500, 0)],
        "Yangzhong": [("Yangzhong", "2.5 kg box", "1123", 1, 2_500, 1)],
    }
    (row,) = (await fair.sheet("packing")).tables[0].rows
    assert row[4] == (
        "Xikou 2.5 kg box × 2 #1123 (STOPPED: keep back); Yangzhong 2.5 kg box × 1 #1123"
    )
    ((row,),) = by_group(await fair.sheet("hand-over")).values()
    assert row[3] == "Xikou 2.5 kg box × 1 (STOPPED: keep back)"
    ((row,),) = by_group(await fair.sheet("hand-over", language="zh")).values()
    assert row[3].endswith("（已停售，请留下勿发）")


async def test_a_settlement_is_the_reports(fair: Any) -> None:
    await fair.order("13800000001", 2, 1)
    cancelled = await fair.order("13800000002", 1)
    refunded = await fair.order("13800000003", 1)
    await fair.enter(cancelled, "cancelled")
    await fair.pay(refunded, refund=90)
    sheet = await fair.sheet("settlement")
    first, second = sheet.tables
    assert first.rows == [("Xikou", "2.5 kg box", "1123", 4, 1, 11_960, 2_990, 90, 8_880)]
    assert "¥29.00 is paid and ¥59.80 still to be paid" in first.note
    assert second.totals()[8] == 4_990
    report = await fair.report()
    assert sum(table.totals()[8] for table in sheet.tables) == report.net.amount


async def test_orders_come_line_by_line_without_their_buyers(fair: Any) -> None:
    await fair.order("13800000001", 2, 1, name="张三")
    cancelled = await fair.order("13800000002", 1, name="李四", pickup=True)
    await fair.enter(cancelled, "cancelled")
    (table,) = (await fair.sheet("orders")).tables
    assert [(row[0], row[2], row[3], row[4], row[9]) for row in table.rows] == [
        ("A0001", "placed", "to pay", "parcel", 2),
        ("A0001", "placed", "to pay", "parcel", 1),
        ("A0002", "cancelled", "nothing to pay", "Yangzhong centre", 1),
    ]
    assert "张三" not in str(table.rows)
    assert "138" not in str(table.rows)


async def test_sales_say_how_each_number_is_counted(fair: Any) -> None:
    await fair.order("13800000001", 2, 1)
    summary, by_offer, by_lot, harvest, by_farm = (await fair.sheet("sales")).tables
    assert all(how for _, _, how in summary.rows)
    assert {name: cell.value for name, cell, _ in summary.rows}["Net"] == 10_970
    assert [
        table.totals()[place] for table, place in ((by_offer, 13), (by_lot, 9), (by_farm, 8))
    ] == [10_970] * 3
    assert [row[2:] for row in harvest.rows] == [
        (500_000, 0, 5_000, 5_000, 0, 495_000),
        (500_000, 0, 2_500, 2_500, 0, 497_500),
    ]


async def test_the_timeline_adds_up_and_tells_what_happened(fair: Any) -> None:
    await fair.pin(fair.cards[0].id)
    await fair.order("13800000001", 2)
    axis, deeds = (await fair.sheet("timeline")).tables
    assert axis.totals()[3:6] == (1, 2, 5980)
    assert "pinned Xikou" in [row[6] for row in axis.rows]
    assert deeds.rows[0][1:3] == ("pinned", "Xikou")


async def test_a_sheet_is_in_the_readers_language(fair: Any, staff: Any) -> None:
    await fair.order("13800000001", 1, pickup=True)
    sheet = await fair.sheet("hand-over", language="zh")
    (table,) = sheet.tables
    assert (sheet.title, table.group, table.rows[0][6]) == ("自提交付单", "洋中服务站", "待付款")


async def test_a_seller_has_own_rows_alone(fair: Any) -> None:
    await fair.order("13800000001", 2, 1)
    seller = fair.seller()
    for name in ("sales", "orders", "pick-list", "settlement", "timeline"):
        sheet = await fair.sheet(name, seller)
        assert "Yangzhong" not in str([table.rows for table in sheet.tables])
        assert "Yangzhong" not in str([table.group for table in sheet.tables])
    assert list(by_group(await fair.sheet("pick-list", seller))) == ["Xikou"]


async def test_names_are_for_those_who_need_them(fair: Any) -> None:
    await fair.order("13800000001", 1, pickup=True)
    assert (await fair.sheet("hand-over", caller("clerk"))).tables
    readers = {name: set(roles) for name, roles in SHEETS.items()}
    assert readers["packing"] == {"coordinator", "host"}
    assert readers["hand-over"] == {"coordinator", "host", "clerk"}
    for role in ("seller", "moderator", "simulator", None):
        for name in ("hand-over", "packing"):
            with pytest.raises(Forbidden):
                await fair.sheet(name, caller(role))  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        await fair.sheet("packing", caller("clerk"))
    with pytest.raises(UnknownSheet):
        await fair.sheet("everything")


async def test_totals_of_a_broadcast_are_net(fair: Any) -> None:
    order = await fair.order("13800000001", 2, 1)
    await fair.pay(order, refund=333)
    await fair.enter(await fair.order("13800000002", 1), "cancelled")
    everything = (await fair.review.totals())[fair.broadcast]
    assert (everything.orders, everything.items, everything.net.amount) == (1, 3, 10_970 - 333)
    assert everything.net == (await fair.report()).net
    for farm in fair.farms:
        own = (await fair.review.totals(frozenset({farm})))[fair.broadcast]
        assert own.net == (await fair.report(frozenset({farm}))).net
    assert await fair.review.totals(frozenset()) == {}


async def test_a_sheet_is_downloaded_as_a_file(fair: Any, site: Any) -> None:
    await fair.order("13800000001", 2, name="=cmd()", pickup=True)
    path = f"/review/{fair.broadcast}/sheets"
    async with site.client(await site.key("clerk")) as clerk:
        answer = await clerk.get(f"{path}/hand-over.csv?lang=zh")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        named = answer.headers["content-disposition"]
        assert re.match(r'attachment; filename="hand-over-\d{4}-\d\d-\d\d[\w-]*\.csv"', named)
        assert f"filename*=UTF-8''{quote('自提交付单')}-" in named
        assert answer.headers["cache-control"] == "no-store"
        assert answer.content.startswith(b"\xef\xbb\xbf")
        assert "自提点" in answer.text
        assert "'=cmd()" in answer.text
        book = load_workbook(BytesIO((await clerk.get(f"{path}/hand-over.xlsx")).content))
        assert book.worksheets[0]["B2"].value == "=cmd()"
        assert book.worksheets[0]["B2"].data_type == "s"
        assert (await clerk.get(f"{path}/packing.csv")).status_code == 403
        assert (await clerk.get(f"{path}/everything.csv")).status_code == 404
    async with site.client() as nobody:
        assert (await nobody.get(f"{path}/hand-over.csv")).status_code == 303
    async with site.client(await site.key("host")) as host:
        for name in SHEETS:
            for form in ("csv", "xlsx"):
                assert (await host.get(f"{path}/{name}.{form}")).status_code == 200
