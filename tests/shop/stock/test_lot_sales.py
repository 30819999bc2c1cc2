"""A harvest that is put right or wasted in part while it is sold: who watches sees it, who waits is
served, and nobody sells what is gone."""

from typing import Any

import pytest
from tests.shop.conftest import HOST, caller

from farmlive.origin.core.models import LotChange, NewWaste, Undo
from farmlive.origin.core.problems import BelowTaken, NotLeft
from farmlive.shop.checkout.waitlist_models import WaitJoin
from farmlive.shop.core.order_models import HoldPlace
from farmlive.shop.core.problems import LotSpent
from farmlive.shop.stock.lot_sales import LotSales


@pytest.fixture
def selling(stall: Any) -> Any:
    """412 kg; 10 boxes of 2.5 kg are released, 4 ordered and 2 held: 397 kg are left."""
    stall.origin.sold_by(LotSales(stall.log, settle=stall.shop.allocation.settle))
    return stall


async def take(stall: Any) -> None:
    await stall.place(4)
    held = {"lines": [{"offer": stall.card.id, "quantity": 2, "price": 2990}], "key": "k" * 16}
    await stall.shop.holds.place(caller("another"), stall.broadcast, HoldPlace(**held))


async def test_a_lot_tells_what_is_sold_held_and_left_of_it(selling: Any) -> None:
    await take(selling)
    (lot,) = await selling.origin.lots()
    assert (lot.sold_g, lot.held_g, lot.left_g) == (10_000, 5_000, 397_000)


async def test_waste_stops_at_what_is_sold_and_held_and_is_told_to_who_watches(
    selling: Any,
) -> None:
    await take(selling)
    lot = selling.lot.id
    with pytest.raises(NotLeft) as refused:
        await selling.origin.waste(HOST, lot, NewWaste(weight_g=397_001, reason="冻伤"))
    assert refused.value.members == {"left_g": 397_000}
    elsewhere = await selling.another_broadcast()
    count = len(await selling.events("stock.changed"))
    await selling.origin.waste(HOST, lot, NewWaste(weight_g=394_500, reason="冻伤"))
    *_, told = await selling.events("stock.changed")
    assert told.data == {
        "offer": selling.card.id,
        "released": 10,
        "sold": 4,
        "held": 2,
        "kept": 0,
        "left": 4,
        "lot": lot,
        "lot_sold_g": 10_000,
        "lot_left_g": 2_500,
    }
    (changed,) = await selling.events("lot.changed")
    assert changed.data == {"lot": lot, "harvested_g": 412_000, "wasted_g": 394_500}
    assert len(await selling.events("stock.changed")) == count + 1
    assert await selling.store.read(lambda c: selling.log.events(c, elsewhere)) != []
    # Four boxes are released yet, and the lot holds one.
    assert await selling.left() == 1
    with pytest.raises(LotSpent):
        await selling.place(2)
    await selling.place(1)
    with pytest.raises(NotLeft):
        await selling.origin.waste(HOST, lot, NewWaste(weight_g=1, reason="冻伤"))


async def test_a_harvest_stays_above_what_is_sold_and_held(selling: Any) -> None:
    await take(selling)
    with pytest.raises(BelowTaken) as refused:
        await selling.origin.correct(
            HOST, selling.lot.id, LotChange(quantity_g=14_999, reason="写错")
        )
    assert refused.value.members == {"least_g": 15_000}
    found = await selling.origin.correct(
        HOST, selling.lot.id, LotChange(quantity_g=15_000, reason="写错")
    )
    assert found.left_g == 0
    with pytest.raises(LotSpent):
        await selling.place(1)


async def test_what_comes_back_goes_first_to_who_waits(selling: Any) -> None:
    lot = selling.lot.id
    wasted = await selling.origin.waste(HOST, lot, NewWaste(weight_g=412_000, reason="冻伤"))
    waiting = WaitJoin(offer=selling.card.id, quantity=3)
    await selling.shop.waits.join(caller("who waits"), selling.broadcast, waiting)
    await selling.origin.unwaste(HOST, lot, wasted.id, Undo(reason="写错了"))
    (held,) = await selling.events("order.held")
    assert held.data["lines"][0]["quantity"] == 3
    (found,) = await selling.origin.lots()
    assert (found.held_g, found.left_g) == (7_500, 404_500)


async def test_a_broadcast_that_has_ended_is_left_as_it_was(selling: Any) -> None:
    await selling.broadcasts.end(selling.broadcast)
    count = len(await selling.events())
    await selling.origin.waste(HOST, selling.lot.id, NewWaste(weight_g=1_000, reason="冻伤"))
    assert len(await selling.events()) == count
