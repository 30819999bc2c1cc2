"""What is open or due of a buyer's orders refuses to erase them, and says which."""

from typing import Any

import pytest
from tests.shop.conftest import caller
from tests.shop.support.claims import answer, claim
from tests.shop.support.departing_buyer import (
    BUYER,
    erase,
    erase_phone,
    everything,
    over,
)
from tests.shop.support.orders import enter, pay, refund

from farmlive.clock import DAY_MS, now_ms, pretended
from farmlive.shop.privacy.problems import OrdersOpen

OPEN = {
    "placed, due": ("due", [], False),
    "packed, paid": ("packed", ["packed"], True),
    "on its way, paid": ("shipped", ["packed", "shipped"], True),
    "received, due": ("due", ["packed", "shipped", "received"], False),
}


@pytest.mark.parametrize("case", OPEN)
async def test_what_is_open_or_due_refuses_all_and_says_which(stall: Any, case: str) -> None:
    because, states, paid = OPEN[case]
    done = await over(stall)
    placed = await stall.place(1, buyer=BUYER)
    for state in states:
        await enter(stall, placed, state)
    if paid:
        await pay(stall, placed)
    before = await everything(stall.store)
    with pytest.raises(OrdersOpen) as refused:
        await erase_phone(stall)
    assert refused.value.status == 409
    assert refused.value.members["orders"] == [
        {"broadcast": stall.broadcast, "number": placed["number"], "because": because}
    ]
    assert await everything(stall.store) == before
    # The link of the other is no way around for this one, and does for that one.
    with pytest.raises(OrdersOpen):
        await erase(stall, await stall.shop.persons.of_order(caller(), placed["token"]))
    assert await erase(stall, await stall.shop.persons.of_order(caller(), done["token"])) == 1


async def test_money_to_give_back_and_a_claim_are_open_too(stall: Any) -> None:
    owed = await stall.place(1, buyer=BUYER)
    await pay(stall, owed)
    await enter(stall, owed, "cancelled")
    claimed = await over(stall)
    made = await claim(stall, claimed)
    with pytest.raises(OrdersOpen) as refused:
        await erase_phone(stall)
    found = {each["number"]: each["because"] for each in refused.value.members["orders"]}
    assert found == {owed["number"]: "to_give_back", claimed["number"]: "claim"}
    await refund(stall, owed, 2990)
    await answer(stall, made.claims[-1], refuse=True, answer="不赔")
    assert await erase_phone(stall) == 2


async def test_a_parcel_that_is_paid_for_has_arrived_after_two_weeks(stall: Any) -> None:
    placed = await stall.place(1, buyer=BUYER)
    for state in ("packed", "shipped"):
        await enter(stall, placed, state)
    await pay(stall, placed)
    with pretended(now_ms() + 13 * DAY_MS), pytest.raises(OrdersOpen):
        await erase_phone(stall)
    with pretended(now_ms() + 15 * DAY_MS):
        assert await erase_phone(stall) == 1
