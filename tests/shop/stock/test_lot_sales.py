"""A harvest that is put right or wasted in part while it is sold: who watches sees it, who waits is
served, and nobody sells what is gone."""

from typing import Any

import pytest
from tests.shop.conftest import HOST, caller

from farmlive.origin.core.models import LotChange, NewWaste, Undo
from farmlive.origin.core.problems import BelowTaken, NotLeft
from farmlive.shop.checkout.waitlist_models import WaitJoin
from farmlive.shop.core.checkout_models import HoldPlace
from farmlive.shop.core.problems import LotSpent


async def take(stall: Any) -> None:
    await stall.place(4)
    held = {"lines": [{"offer": stall.card.id, "quantity": 2, "price": 2990}], "key": "k" * 16}
    await stall.shop.holds.place(caller("another"), stall.broadcast, HoldPlace(**held))


async def test_a_lot_tells_what_is_sold_held_and_left_of_it(stall: Any) -> None:
    await take(stall)
    (lot,) = await stall.origin.lots()
    assert (lot.sold_g, lot.held_g, lot.left_g) == (10_000, 5_000, 397_000)


async def test_waste_stops_at_what_is_sold_and_held_and_is_told_to_who_watches(
    stall: Any,
) -> None:
    await take(stall)
    lot = stall.lot.id
    with pytest.raises(NotLeft) as refused:
        await stall.origin.waste(HOST, lot, NewWaste(weight_g=397_001, reason="冻伤"))
    assert refused.value.members == {"left_g": 397_000}
    elsewhere = await stall.another_broadcast()
    count = len(await stall.events("stock.changed"))
    await stall.origin.waste(HOST, lot, NewWaste(weight_g=394_500, reason="冻伤"))
    *_, told = await stall.events("stock.changed")
    assert told.data == {
        "offer": stall.card.id,
        "released": 10,
        "sold": 4,
        "held": 2,
        "kept": 0,
        "left": 4,
        "lot": lot,
        "lot_sold_g": 10_000,
        "lot_left_g": 2_500,
    }
    (changed,) = await stall.events("lot.changed")
    assert changed.data == {"lot": lot, "harvested_g": 412_000, "wasted_g": 394_500}
    assert len(await stall.events("stock.changed")) == count + 1
    assert await stall.store.read(lambda c: stall.log.events(c, elsewhere)) != []
    # Four boxes are released yet, and the lot holds one.
    assert await stall.left() == 1
    with pytest.raises(LotSpent):
        await stall.place(2)
    await stall.place(1)
    with pytest.raises(NotLeft):
        await stall.origin.waste(HOST, lot, NewWaste(weight_g=1, reason="冻伤"))


async def test_a_harvest_stays_above_what_is_sold_and_held(stall: Any) -> None:
    await take(stall)
    with pytest.raises(BelowTaken) as refused:
        await stall.origin.correct(HOST, stall.lot.id, LotChange(quantity_g=14_999, reason="写错"))
    assert refused.value.members == {"least_g": 15_000}
    found = await stall.origin.correct(
        HOST, stall.lot.id, LotChange(quantity_g=15_000, reason="写错")
    )
    assert found.left_g == 0
    with pytest.raises(LotSpent):
        await stall.place(1)


async def test_what_comes_back_goes_first_to_who_waits(stall: Any) -> None:
    lot = stall.lot.id
    wasted = await stall.origin.waste(HOST, lot, NewWaste(weight_g=412_000, reason="冻伤"))
    waiting = WaitJoin(offer=stall.card.id, quantity=3)
    await stall.shop.waitlist.join(caller("who waits"), stall.broadcast, waiting)
    await stall.origin.unwaste(HOST, lot, wasted.id, Undo(reason="写错了"))
    (held,) = await stall.events("order.held")
    assert held.data["lines"][0]["quantity"] == 3
    (found,) = await stall.origin.lots()
    assert (found.held_g, found.left_g) == (7_500, 404_500)


async def test_a_broadcast_that_has_ended_is_left_as_it_was(stall: Any) -> None:
    await stall.broadcasts.end(stall.broadcast)
    count = len(await stall.events())
    await stall.origin.waste(HOST, stall.lot.id, NewWaste(weight_g=1_000, reason="冻伤"))
    assert len(await stall.events()) == count
