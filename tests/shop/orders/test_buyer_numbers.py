"""A buyer's phone number, however it is written: blocks, pseudonyms and search."""

from typing import Any

import pytest
from tests.shop.conftest import HOST, pseudonym
from tests.shop.support.tills import row_of

from farmlive.people.moderation.models import NewBlock
from farmlive.problems import Forbidden
from farmlive.settings import Settings
from farmlive.shop.orders.change_models import OrderFilter


@pytest.mark.parametrize(
    "typed",
    [
        "+00139 0000 0001",
        "0139 0000 0001",
        "086139 0000 0001",
        "+8686139 0000 0001",
        "139 0000 00015",
    ],
)
async def test_a_blocked_number_is_blocked_however_it_is_typed(
    stall: Any, settings: Settings, typed: str
) -> None:
    block = NewBlock(kind="phone", value=await pseudonym("13900000001"), reason="scam")
    await stall.blocks.add(HOST, block)
    buyer = {"name": "王小明", "phone": typed}
    with pytest.raises(Forbidden):
        await stall.place(1, buyer=buyer)


async def test_a_block_of_before_holds_for_the_form_that_it_was_made_of(stall: Any) -> None:
    for former, typed in (("05981234567", "+86 598 123 4567"), ("+0013900000001", "13900000001")):
        block = NewBlock(kind="phone", value=await pseudonym(former), reason="scam")
        await stall.blocks.add(HOST, block)
        with pytest.raises(Forbidden):
            await stall.place(1, buyer={"name": "王小明", "phone": typed})
    await stall.place(1, buyer={"name": "王小明", "phone": "0598 765 4321"})


async def test_a_block_holds_no_other_number_that_has_its_digits(stall: Any) -> None:
    block = NewBlock(kind="phone", value=await pseudonym("13802393445"), reason="scam")
    await stall.blocks.add(HOST, block)
    await stall.place(1, buyer={"name": "Ann", "phone": "+1 380 239 3445"})
    assert len(await stall.events("order.placed")) == 1


async def test_one_person_is_one_buyer_however_the_number_is_typed(stall: Any) -> None:
    for typed in ("13900000001", "+86 139 0000 0001", "0139 0000 0001", "+00139 0000 0001"):
        placed = await stall.place(1, buyer={"name": "王小明", "phone": typed})
        row = await row_of(stall, placed["id"])
        assert (row.buyer_phone, row.buyer) == ("13900000001", await pseudonym("13900000001"))
        assert row.flags is None


@pytest.mark.parametrize(
    ("phone", "said"),
    [
        ("139 0000 0001", ["086139 0000 0001", "+00139 0000 0001", "0001", "139 0000 0001"]),
        ("0598 123 4567", ["0598 1234567", "598-123-4567", "+86 598 1234567", "4567"]),
        ("+44 20 7946 0000", ["+44 (0)20 7946 0000", "020 7946 0000", "0044 20 7946 0000"]),
    ],
)
async def test_an_order_is_found_by_its_number_however_it_is_said(
    stall: Any, phone: str, said: list[str]
) -> None:
    placed = await stall.place(1, buyer={"name": "王小明", "phone": phone})
    await stall.place(1, buyer={"name": "李四", "phone": "13700000009"})
    for find in said:
        only = OrderFilter(find=find)
        page, _ = await stall.shop.orders.list_orders(HOST, stall.broadcast, only=only)
        assert [order.id for order in page] == [placed["id"]], find
