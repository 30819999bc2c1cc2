"""Finding orders: by number, phone, name, centre, payment and flags."""

from typing import Any

import pytest
from tests.shop.conftest import HOST
from tests.shop.support.bulk_actions import move
from tests.shop.support.orders import pickup, seen, seller

from farmlive.shop.core.models import order_number
from farmlive.shop.orders import order_search
from farmlive.shop.orders.change_models import NewBulkTransition, OrderFilter


@pytest.mark.parametrize("count", [1, 9999, 10_000, 26 * 9999, 26 * 9999 + 1, 1_000_000])
def test_a_number_is_read_as_it_is_written(count: int) -> None:
    assert order_search.parse_number(order_number(count)) == count
    assert order_search.parse_number(order_number(count).lower()) == count


@pytest.mark.parametrize("said", ["", "A", "A0000", "A00001", "12", "王小明", "ABCDE1", "A-1"])
def test_what_is_no_number_is_none(said: str) -> None:
    assert order_search.parse_number(said) is None


NUMBERS = ("13800001234", "+442079460000")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("1234", [0]),
        ("138 0000 1234", [0]),
        ("138-0000-1234", [0]),
        ("+86 138 0000 1234", [0]),
        ("0086 13800001234", [0]),
        ("8613800001234", [0]),
        ("１３８００００１２３４", [0]),
        ("+44 (20) 7946 0000", [1]),
        ("0044 20 7946 0000", [1]),
        ("020 7946 0000", [1]),
        ("0000", [1]),
        ("999", []),
    ],
)
async def test_an_order_is_found_by_a_phone_however_it_is_typed(
    stall: Any, said: str, meant: list[int]
) -> None:
    placed = [
        (await stall.place(1, buyer={"name": "王小明", "phone": phone}))["id"] for phone in NUMBERS
    ]
    found = await seen(stall, HOST, find=said)
    assert [order.id for order in found] == [placed[place] for place in meant]


async def test_an_order_is_found_by_its_number_and_a_part_of_the_name(stall: Any) -> None:
    names = ("王小明", "李大红", "Ann Miller", "100%_x")
    phones = ("13800001111", "13800002222", "+442079460000", "13800003333")
    for name, phone in zip(names, phones, strict=True):
        await stall.place(1, buyer={"name": name, "phone": phone})
    for said, numbers in (
        ("a0002", ["A0002"]),
        ("A 0002", ["A0002"]),
        ("3", ["A0003"]),
        ("小明", ["A0001"]),
        ("miller", ["A0003"]),
        ("Miller Ann", ["A0003"]),
        ("%", ["A0004"]),
        ("_", ["A0004"]),
        ("张", []),
    ):
        found = await seen(stall, HOST, find=said)
        assert [order.number for order in found] == numbers, said


async def test_a_seller_finds_by_numbers_alone(stall: Any) -> None:
    await stall.place(1)
    own = seller(stall.farm.id)
    assert len(await seen(stall, own, find="A0001")) == 1
    for said in ("王小明", "13800000000", "0000"):
        assert await seen(stall, own, find=said) == []
    assert await seen(stall, own, flagged=False) == []


async def test_orders_are_listed_by_centre_payment_and_flags(stall: Any) -> None:
    parcel, collected = await stall.place(1), await pickup(stall)
    await move(stall, parcel, payment="paid")
    for only, found in (
        ({"centre": stall.centre.id}, [collected]),
        ({"payment": "paid"}, [parcel]),
        ({"payment": "due"}, [collected]),
        ({"flagged": False}, [parcel, collected]),
        ({"flagged": True}, []),
    ):
        numbers = [order.id for order in await seen(stall, HOST, **only)]
        assert numbers == [each["id"] for each in found], only


def test_a_search_and_a_move_say_what_they_can_not_be() -> None:
    for wrong in (
        {"orders": [], "state": "packed"},
        {"orders": ["x", "x"], "state": "packed"},
        {"orders": ["x"]},
        {"orders": ["x"], "state": "packed", "payment": "paid"},
        {"orders": ["x"] * 201, "state": "packed"},
    ):
        with pytest.raises(ValueError):
            NewBulkTransition.model_validate(wrong)
    with pytest.raises(ValueError):
        OrderFilter.model_validate({"colour": "red"})
