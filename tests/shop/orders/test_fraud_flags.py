"""Orders that are marked for staff to look at before they are packed."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.tills import row_of, till

from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.shop.core.order_models import NewTransition
from farmlive.shop.core.order_tables import orders


async def flags(stall: Any, answer: dict[str, Any]) -> list[str]:
    found, _ = await stall.shop.orders.list_orders(HOST, stall.broadcast)
    (order,) = [order for order in found if order.id == answer["id"]]
    assert (await stall.shop.order(answer["token"])).flags == []  # nothing to its buyer
    return order.flags  # type: ignore[no-any-return]


async def test_a_usual_order_has_none(stall: Any) -> None:
    answer = await stall.place()
    assert await flags(stall, answer) == []
    assert (await row_of(stall, answer["id"])).flags is None


async def test_many_orders_of_a_phone_are_taken_and_flagged(stall: Any, settings: Settings) -> None:
    wary = till(stall, settings, flag_orders=2)
    answers = [
        await wary.place(caller(f"device {turn}"), stall.broadcast, stall.request())
        for turn in range(3)
    ]
    assert [await flags(stall, answer) for answer in answers] == [[], [], ["many-orders"]]


async def test_one_device_for_many_phones_is_flagged_and_a_clerks_is_not(
    stall: Any, settings: Settings
) -> None:
    wary = till(stall, settings, flag_phones=2)
    clerk = Caller("an account", "a clerk", "clerk", "the centre's device", "192.0.2.7")
    for by, expected in ((stall.viewer, [[], [], ["many-phones"]]), (clerk, [[], [], []])):
        found = []
        for turn in range(3):
            request = stall.request(buyer={"name": "李", "phone": f"1390000000{turn}"})
            found.append(await flags(stall, await wary.place(by, stall.broadcast, request)))
        assert found == expected


async def test_a_big_order_is_flagged(stall: Any, settings: Settings) -> None:
    wary = till(stall, settings, flag_total=2 * PRICE)
    for quantity, expected in ((2, []), (3, ["big"])):
        request = stall.request(quantity)
        answer = await wary.place(stall.viewer, stall.broadcast, request)
        assert await flags(stall, answer) == expected


async def test_a_phone_whose_order_was_called_off_after_packing_is_flagged(stall: Any) -> None:
    first, second = await stall.place(), await stall.place()
    await stall.shop.orders.cancel(first["token"])
    assert await flags(stall, await stall.place()) == []
    for state in ("packed", "cancelled"):
        change = NewTransition.model_validate({"state": state})
        await stall.shop.orders.enter(HOST, stall.broadcast, second["id"], change)
    stall.broadcast = await stall.another_broadcast()
    stall.card = await stall.offer()
    assert await flags(stall, await stall.place()) == ["called-off"]
    other = await stall.place(buyer={"name": "李", "phone": "13900000000"})
    assert await flags(stall, other) == []


async def test_a_phone_that_never_collected_is_flagged(stall: Any) -> None:
    where = {"way": "pickup", "centre": stall.centre.id}
    placed = await stall.place(delivery=where, payment="pay_at_pickup")
    for state in ("packed", "at_centre", "cancelled"):
        change = NewTransition.model_validate({"state": state, "reason": "没人来取"})
        await stall.shop.orders.enter(HOST, stall.broadcast, placed["id"], change)
    assert await flags(stall, await stall.place()) == ["called-off"]


@pytest.mark.parametrize(
    ("country", "typed", "kept", "doubtful"),
    [
        ("CN", "0598 123 4567", "+865981234567", False),
        ("CN", "139 0000 000", "+861390000000", True),
        ("TH", "081 234 5678", "+66812345678", False),
    ],
)
async def test_what_is_doubted_is_taken_and_marked(
    stall: Any, settings: Settings, country: str, typed: str, kept: str, doubtful: bool
) -> None:
    there = till(stall, settings, phone_country=country)
    request = stall.request(1, buyer={"name": "王小明", "phone": typed})
    placed = await there.place(stall.viewer, stall.broadcast, request)
    row = await row_of(stall, placed["id"])
    assert row.buyer_phone == kept
    assert row.flags == (["doubtful-phone"] if doubtful else None)
    assert await flags(stall, placed) == (["doubtful-phone"] if doubtful else [])


@pytest.mark.parametrize(
    ("kept", "marked"),
    [
        # Of a local number without its area, as a migration wrote it.
        ("+866323456", ["big", "doubtful-phone"]),
        # What the migration found to be no number, and left.
        ("12345", ["big", "doubtful-phone"]),
        ("", ["big", "doubtful-phone"]),
        ("n/a", ["big", "doubtful-phone"]),
        ("+865981234567", ["big"]),
        ("13800001111", ["big"]),
    ],
)
async def test_an_order_from_before_is_marked_where_its_number_is_doubted(
    stall: Any, kept: str, marked: list[str]
) -> None:
    placed = await stall.place()
    before = update(orders).where(orders.c.id == placed["id"])
    values = {"buyer_phone": kept, "flags": ["big"]}
    await stall.store.write(lambda conn: conn.execute(before.values(**values)).rowcount)
    assert await flags(stall, placed) == marked
    seller = replace(caller(role="seller"), farms=frozenset({stall.farm.id}))
    (sold,), _ = await stall.shop.orders.list_orders(seller, stall.broadcast)
    assert sold.flags == []
