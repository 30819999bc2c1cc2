"""What is taken away of orders: slips and labels on paper, files; chosen by their numbers."""

import csv
import re
from collections.abc import AsyncIterator
from io import BytesIO, StringIO

import httpx
import pytest
from openpyxl import load_workbook
from tests.pages.conftest import Sale, signed_in

from farmlive.client import Api
from farmlive.people.core.roles import Role
from farmlive.server import Server

EVIL = "=HYPERLINK(0)"
CODE = re.compile(r'<svg[^>]* class="code"')


@pytest.fixture
async def api(site: Server) -> AsyncIterator[Api]:
    _, key = await site.house.people.create_api_key("desk", "coordinator")
    async with Api(site.url, key=key) as api:
        yield api


@pytest.fixture
async def orders(api: Api, sale: Sale) -> list[str]:
    """Numbers: of a parcel, of a pick-up by someone who types formulas, of a cancelled one."""
    words = {"zh": "城关镇", "en": "Chengguan"}
    centre = await api.create_centre(words, {"zh": "解放路 18 号", "en": "18 Jiefang road"})
    offer = (await api.offers(sale.broadcast))[0]["id"]
    numbers = [sale.number]
    for place, delivery in enumerate(({"way": "pickup", "centre": centre["id"]}, None)):
        placed = await api.commands(sale.broadcast).order(
            f"a-key-of-a-desk-{place:04d}",
            {
                "lines": [{"offer": offer, "quantity": 1, "price": 2990}],
                "buyer": {"name": EVIL, "phone": "13900000000"},
                "delivery": delivery or {"way": "parcel", "address": "Banmian"},
                "payment": "pay_at_pickup" if delivery else "cash_on_delivery",
            },
        )
        numbers.append(placed["number"])
        if delivery is None:
            await api.change_order_state(sale.broadcast, placed["id"], "cancelled")
    return numbers


def rows(answer: httpx.Response) -> list[list[str]]:
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))


async def test_a_slip_tells_what_is_packed_for_whom(
    sale: Sale, orders: list[str], host: httpx.AsyncClient
) -> None:
    page = await host.get(f"/studio/{sale.broadcast}/orders/slips", params={"lang": "en"})
    assert page.headers["cache-control"] == "no-store"
    for said in (
        orders[0],
        "Wang Fang",
        "Meixian, Youxi",
        "Kumquats",
        "1123",
        "¥29.90",
        "To collect",
    ):
        assert said in page.text
    assert "18 Jiefang road" in page.text
    assert EVIL in page.text
    # Two orders with the code of each one's page and of its lot; the cancelled one is left out.
    assert len(CODE.findall(page.text)) == 4
    assert orders[2] not in page.text
    assert "1 cancelled order is left out." in page.text


@pytest.mark.parametrize("paper", ["slips", "labels"])
async def test_no_paper_is_printed_of_an_order_with_a_stopped_lot(
    sale: Sale, orders: list[str], api: Api, host: httpx.AsyncClient, paper: str
) -> None:
    path = f"/studio/{sale.broadcast}/orders/{paper}?lang=en"
    assert f'aria-label="{orders[0]}"' in (await host.get(path)).text
    lot = (await api.offers(sale.broadcast))[0]["lot"]["id"]
    failed = {"at": "2026-11-21T08:00:00+08:00", "result": {"zh": "超标"}, "passed": False}
    await api.request("POST", f"/api/v1/lots/{lot}/inspections", json=failed)
    page = (await host.get(path)).text
    assert f'aria-label="{orders[0]}"' not in page
    assert "2 orders with a stopped lot are left out: they must not be packed." in page


async def test_labels_speak_the_language_of_the_page(
    sale: Sale, orders: list[str], host: httpx.AsyncClient
) -> None:
    path = f"/studio/{sale.broadcast}/orders/labels"
    page = await host.get(path, params={"lang": "zh", "orders": orders[1]})
    assert "城关镇" in page.text
    assert "解放路 18 号" in page.text
    assert "批次 1123" in page.text
    assert orders[0] not in page.text


async def test_a_choice_that_can_not_be_read_is_told(sale: Sale, host: httpx.AsyncClient) -> None:
    page = await host.get(f"/studio/{sale.broadcast}/orders/slips", params={"orders": "all"})
    assert page.status_code == 422


async def test_nothing_chosen_leads_back(sale: Sale, host: httpx.AsyncClient) -> None:
    path = f"/studio/{sale.broadcast}/orders/slips"
    page = await host.get(path, params={"orders": "Z9999", "lang": "en"})
    assert "Nothing to print" in page.text


async def test_a_clerk_prints_what_is_picked_up_without_the_buyers_page(
    site: Server, sale: Sale, orders: list[str]
) -> None:
    async with signed_in(site, "clerk") as clerk:
        page = await clerk.get(f"/studio/{sale.broadcast}/orders/labels", params={"lang": "en"})
    assert orders[1] in page.text
    assert orders[0] not in page.text
    assert len(CODE.findall(page.text)) == 1


async def test_papers_are_not_for_sellers(site: Server, sale: Sale, api: Api) -> None:
    async with signed_in(site, "seller", (await api.farms())[0]["id"]) as seller:
        for paper in ("slips", "labels"):
            page = await seller.get(f"/studio/{sale.broadcast}/orders/{paper}")
            assert page.status_code == 403


async def test_staff_save_orders_with_their_buyers(
    sale: Sale, orders: list[str], host: httpx.AsyncClient
) -> None:
    path = f"/studio/{sale.broadcast}/orders"
    answer = await host.get(f"{path}.csv", params={"lang": "en"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    head, *found = rows(answer)
    assert [row[0] for row in found] == orders
    by_title = [dict(zip(head, row, strict=True)) for row in found]
    assert by_title[0]["Name"] == "Wang Fang"
    assert by_title[0]["Products"] == "Kumquats 2.5 kg box × 1 #1123"
    assert by_title[0]["To collect (CNY)"] == "29.90"
    assert by_title[2]["To collect (CNY)"] == "0.00"
    # What a buyer typed never becomes a formula.
    assert by_title[1]["Name"] == f"'{EVIL}"
    book = load_workbook(BytesIO((await host.get(f"{path}.xlsx", params={"lang": "en"})).content))
    cells = [cell for row in book.active.iter_rows() for cell in row]  # type: ignore[union-attr]
    assert {cell.data_type for cell in cells if cell.value == EVIL} == {"s"}


@pytest.mark.parametrize(
    ("only", "places"),
    [
        ({"way": "pickup"}, [1]),
        ({"state": "cancelled"}, [2]),
        ({"state": "placed", "payment": "due"}, [0, 1]),
        ({"state": "open"}, [0, 1]),
        ({"payment": "refunded"}, []),
        ({"flagged": "yes"}, []),
        ({"claimed": "yes"}, []),
        ({"orders": "A0001,A0003"}, [0, 2]),
        ({"orders": "A0002-A0003,A0001-A0002"}, [0, 1, 2]),
    ],
)
async def test_a_file_holds_what_fits(
    only: dict[str, str], places: list[int], sale: Sale, orders: list[str], host: httpx.AsyncClient
) -> None:
    answer = await host.get(f"/studio/{sale.broadcast}/orders.csv", params=only)
    assert [row[0] for row in rows(answer)[1:]] == [orders[place] for place in places]


@pytest.mark.parametrize("role", ["host", "seller"])
async def test_a_file_asks_no_payment_for_a_cancelled_order(
    role: Role, site: Server, sale: Sale, orders: list[str], api: Api
) -> None:
    farm = [(await api.farms())[0]["id"]] if role == "seller" else []
    async with signed_in(site, role, *farm) as person:
        answer = await person.get(f"/studio/{sale.broadcast}/orders.csv", params={"lang": "zh"})
    assert [row[2:4] for row in rows(answer)[1:]] == [
        ["已下单", "待付款"],
        ["已下单", "待付款"],
        ["已取消", "不用付款"],
    ]


async def test_a_seller_saves_own_lines_without_buyers(
    site: Server, sale: Sale, orders: list[str], api: Api
) -> None:
    farm = (await api.farms())[0]["id"]
    async with signed_in(site, "seller", farm) as seller:
        answer = await seller.get(f"/studio/{sale.broadcast}/orders.csv", params={"lang": "en"})
    head, *found = rows(answer)
    assert [row[0] for row in found] == orders
    for hidden in ("Name", "Phone", "Address"):
        assert hidden not in head
    for hidden in ("Wang Fang", "13800000000", "Meixian", "HYPERLINK"):
        assert hidden not in answer.text


async def test_another_farms_seller_saves_nothing(
    site: Server, sale: Sale, orders: list[str], api: Api
) -> None:
    words = {"zh": "别家", "en": "Terraces"}
    farm = (await api.create_farm(words, words))["id"]
    async with signed_in(site, "seller", farm) as seller:
        answer = await seller.get(f"/studio/{sale.broadcast}/orders.csv")
    assert len(rows(answer)) == 1
