"""Holds of devices without a past order: at most half of what there is."""

from typing import Any

import pytest
from sqlalchemy import select
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.holds import LATER_MS, hold, line, stock
from tests.support.money import cny

from farmlive.clock import now_ms, pretended
from farmlive.origin.core.models import NewLot
from farmlive.people import Caller
from farmlive.shop.checkout.waitlist_models import WaitJoin
from farmlive.shop.core.checkout_models import HoldDrop, HoldPlace
from farmlive.shop.core.models import OfferRelease
from farmlive.shop.core.problems import HoldShare, SoldOut
from farmlive.shop.core.tables import holds, lot_stock, offers
from farmlive.shop.flash.models import FlashEnd, FlashPlan

CHEAP = 1990


def new(number: int = 0) -> Caller:
    return caller(f"a new device {number}")


async def held_new(stall: Any) -> tuple[int, int]:
    """Boxes of the offer, and grams of its lot, that new devices hold."""

    def read(connection: Any) -> tuple[int, int]:
        mine = select(offers.c.held_new).where(offers.c.id == stall.card.id)
        lot = select(lot_stock.c.held_new_g).where(lot_stock.c.lot == stall.lot.id)
        return tuple(connection.execute(query).scalar_one() for query in (mine, lot))

    return await stall.store.read(read)  # type: ignore[no-any-return]


async def test_they_hold_half_of_what_is_left_and_order_the_rest_without_a_hold(stall: Any) -> None:
    await hold(stall, line(stall, 3), by=new(1))
    await hold(stall, line(stall, 2), by=new(2))
    with pytest.raises(HoldShare) as refusal:
        await hold(stall, by=new(3))
    assert (refusal.value.status, refusal.value.slug) == (409, "hold-share")
    assert refusal.value.members == {"offers": [{"offer": stall.card.id, "left": 5}]}
    assert await held_new(stall) == (5, 5 * 2500)
    stall.viewer = new(3)
    await stall.place(5)
    with pytest.raises(SoldOut):  # now nothing is left, and so it is told
        await hold(stall, by=new(4))


async def test_who_has_a_past_order_holds_what_is_left(stall: Any) -> None:
    await hold(stall, line(stall, 5), by=new(1))
    await hold(stall, line(stall, 5))
    assert await held_new(stall) == (5, 5 * 2500)
    assert await stock(stall) == (10, 0, 10, 0)


async def test_an_order_that_was_not_packed_is_no_past_order(stall: Any) -> None:
    stall.viewer = new()
    await stall.place(2)
    with pytest.raises(HoldShare):
        await hold(stall, line(stall, 5), by=new())
    await hold(stall, line(stall, 4), by=new())


async def test_who_holds_keeps_it_and_may_hold_less(stall: Any) -> None:
    first = await hold(stall, line(stall, 5), by=new())
    await stall.place(3)  # of what is left it is more than half now
    again = await hold(stall, line(stall, 5), by=new())
    assert again["id"] == first["id"]
    with pytest.raises(HoldShare):
        await hold(stall, line(stall, 6), by=new())
    await hold(stall, line(stall, 2), by=new())
    assert await held_new(stall) == (2, 2 * 2500)


@pytest.mark.parametrize("way", ["ordered", "dropped", "expired"])
async def test_what_is_over_is_held_no_more(stall: Any, way: str) -> None:
    with pretended(now_ms()) as clock:
        held = await hold(stall, line(stall, 5), by=new())
        if way == "ordered":
            request = stall.request(5, order=held["id"])
            await stall.shop.till.place(new(), stall.broadcast, request)
        elif way == "dropped":
            drop = HoldDrop(order=held["id"])
            await stall.shop.holds.drop(new(), stall.broadcast, drop)
        else:
            clock.at += LATER_MS
            await stall.shop.holds.expire()
        assert await held_new(stall) == (0, 0)


async def test_a_flash_batch_has_a_half_of_its_own(stall: Any) -> None:
    plan = FlashPlan.model_validate(
        {"offer": stall.card.id, "price": cny(CHEAP), "boxes": 4, "seconds": 60}
    )
    flash = await stall.shop.flashes.plan(HOST, stall.broadcast, plan)
    cheap = {"price": CHEAP}
    await hold(stall, line(stall, 2, **cheap), by=new(1))
    with pytest.raises(HoldShare) as refusal:
        await hold(stall, line(stall, 1, **cheap), by=new(2))
    assert refusal.value.members["offers"][0]["left"] == 2
    # Beside it there are six, of which three may be held.
    await hold(stall, line(stall, 3), by=new(2))
    with pytest.raises(HoldShare):
        await hold(stall, line(stall, 1), by=new(3))
    assert (await held_new(stall))[0] == 5
    # Once it is over, what is held of it is held beside it.
    end = {"flash": flash["id"]}
    await stall.shop.flashes.end(HOST, stall.broadcast, FlashEnd.model_validate(end))
    with pytest.raises(HoldShare):
        await hold(stall, line(stall, 1), by=new(3))
    await hold(stall, line(stall, 5))


async def test_offers_of_one_lot_share_its_half(stall: Any) -> None:
    facts = {
        "farm": stall.farm.id,
        "code": "2",
        "product_name": {"zh": "金桔", "en": "Kumquats"},
        "harvested_at": now_ms() - 86_400_000,
        "quantity_g": 25_000,
    }
    stall.lot = await stall.origin.add_lot(HOST, NewLot.model_validate(facts))
    cards = [await stall.offer(10, lot=stall.lot.id, gtin=None) for _ in range(3)]
    for number, card in enumerate(cards[:2]):
        stall.card = card
        await hold(stall, line(stall, 2), by=new(number))
    stall.card = cards[2]
    with pytest.raises(HoldShare) as refusal:
        await hold(stall, line(stall, 2), by=new(2))
    assert refusal.value.members["offers"] == [{"offer": cards[2].id, "left": 6}]
    await hold(stall, line(stall, 1), by=new(2))
    both = [line(stall, 1), {**line(stall, 3), "offer": cards[0].id}]
    with pytest.raises(HoldShare):
        await hold(stall, *both, by=new(0))
    # One for another, of what it holds itself.
    await hold(stall, line(stall, 2), by=new(0))
    assert (await held_new(stall))[1] == 5 * 2500


async def test_what_is_released_for_those_who_wait_is_half_held_for_new_devices(stall: Any) -> None:
    stall.card = await stall.offer(0)
    for number in range(8):
        join = WaitJoin(offer=stall.card.id, quantity=20)
        by = Caller(None, None, None, f"who waits {number}", f"192.0.2.{number}")
        await stall.shop.waitlist.join(by, stall.broadcast, join)
    release = OfferRelease(offer=stall.card.id, quantity=110)
    await stall.shop.bag.release(HOST, stall.broadcast, release)
    assert (await held_new(stall))[0] == 40
    query = select(holds.c.device).order_by(holds.c.id)
    found = await stall.store.read(lambda c: list(c.execute(query).scalars()))
    assert found == ["who waits 0", "who waits 1"]
    # They order what there is as all do.
    stall.viewer = Caller(None, None, None, "who waits 2", "192.0.2.2")
    await stall.place(20)


async def test_what_comes_back_by_ones_is_held_for_new_devices_in_their_turn(stall: Any) -> None:
    placed = [
        await stall.place(1, buyer={"name": "李", "phone": f"1390000000{n}"}) for n in range(4)
    ]
    await stall.place(6)
    for number in range(2):
        join = WaitJoin(offer=stall.card.id, quantity=1)
        await stall.shop.waitlist.join(new(number), stall.broadcast, join)
    for each in placed[:2]:
        await stall.shop.orders.cancel(each["token"])
    assert (await held_new(stall))[0] == 2


async def test_staff_are_no_new_devices(stall: Any) -> None:
    for role in ("host", "clerk", "seller", "moderator"):
        by = Caller("an account", role, role, f"device of a {role}", "192.0.2.1")
        held = await hold(stall, line(stall, 10), by=by)
        assert await stall.left() == 0
        drop = HoldDrop(order=held["id"])
        await stall.shop.holds.drop(by, stall.broadcast, drop)


async def test_a_refused_hold_leaves_the_earlier_one(stall: Any) -> None:
    other = await stall.offer(10)
    held = await hold(stall, line(stall, 2), by=new())
    wanted = [{"offer": other.id, "quantity": 6, "price": PRICE}]
    request = HoldPlace.model_validate({"lines": wanted, "key": "0123456789abcdef"})
    with pytest.raises(HoldShare):
        await stall.shop.holds.place(new(), stall.broadcast, request)
    query = select(holds.c.id, holds.c.boxes)
    found = await stall.store.read(lambda c: c.execute(query).one())
    assert tuple(found) == (held["id"], 2)
