"""How many boxes one may take: in an order, and of an offer by a device, a phone, an address."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, insert, select
from tests.shop.conftest import HOST, PRICE
from tests.shop.support.holds import LATER_MS, hold, line
from tests.shop.support.orders import order

from farmlive.clock import now_ms, pretended
from farmlive.ids import ulid
from farmlive.origin.core.models import NewLot
from farmlive.people import Caller
from farmlive.shop.checkout.waitlist_models import WaitJoin
from farmlive.shop.core.checkout_models import OrderPlace
from farmlive.shop.core.models import OfferRelease
from farmlive.shop.core.order_models import NewTransition
from farmlive.shop.core.order_tables import order_lines
from farmlive.shop.core.problems import BoxLimit, OrderTooLarge
from farmlive.shop.core.tables import holds, waits
from farmlive.shop.orders import box_limits
from farmlive.shop.orders.change_models import NewBulkTransition

CLERK = Caller("an account", "a clerk", "clerk", "a clerk's device", "192.0.2.1")


def at(address: str | None, device: str = "a device") -> Caller:
    return Caller(None, None, None, device, address)


@pytest.fixture
async def big(stall: Any) -> Any:
    """A stall with an offer of 1,000 boxes."""
    stall.lot = await another_lot(stall, 10_000_000)
    stall.card = await stall.offer(1000, lot=stall.lot.id, gtin=None)
    return stall


def limit_waits(stall: Any, **limits: int) -> None:
    """Set what those in line may have, and what they are served."""
    for part in (stall.shop.waitlist, stall.shop.allocation):
        part._settings = part._settings.model_copy(update=limits)


async def another_lot(stall: Any, grams: int) -> Any:
    facts = {
        "farm": stall.farm.id,
        "code": f"L{grams}",
        "product_name": {"zh": "金桔", "en": "Kumquats"},
        "harvested_at": now_ms() - 86_400_000,
        "quantity_g": grams,
    }
    return await stall.origin.add_lot(HOST, NewLot.model_validate(facts))


def limit(stall: Any, **change: int) -> None:
    shop = stall.shop
    for part in (shop.till, shop.till._writer, shop.holds):
        part._settings = part._settings.model_copy(update=change)


async def sources(stall: Any) -> list[str | None]:
    query = select(order_lines.c.source).order_by(order_lines.c.order)
    return await stall.store.read(lambda c: list(c.execute(query).scalars()))  # type: ignore[no-any-return]


async def test_without_a_limit_one_may_have_all_there_is(big: Any) -> None:
    limit(big, device_boxes=0, address_boxes=0)
    here = at("198.51.100.7")
    for _ in range(3):
        await order(big, 20, here)
    await hold(big, line(big, 20), by=here)
    await order(big, 20, at(here.address, "another device"))
    assert set(await sources(big)) == {None}


async def test_an_order_has_twenty_boxes_over_all_its_lines(big: Any) -> None:
    other = await big.offer(100)
    lines = [line(big, 11), {"offer": other.id, "quantity": 10, "price": PRICE}]
    for deed in (order(big, 21, big.viewer), order(big, 1, big.viewer, lines=lines)):
        with pytest.raises(OrderTooLarge) as refusal:
            await deed
        assert refusal.value.members == {"limit": 20}
        assert (refusal.value.status, refusal.value.slug) == (422, "order-too-large")
    with pytest.raises(OrderTooLarge):
        await hold(big, line(big, 21))
    join = WaitJoin(offer=big.card.id, quantity=21)
    with pytest.raises(OrderTooLarge):
        await big.shop.waitlist.join(big.viewer, big.broadcast, join)
    await order(big, 20, big.viewer)


async def test_a_device_has_forty_boxes_of_an_offer_however_it_comes_by_them(big: Any) -> None:
    await order(big, 20, big.viewer, 1)
    held = await hold(big, line(big, 20))
    # What it holds is what it orders now, and in its place.
    await hold(big, line(big, 20))
    await order(big, 20, big.viewer, 2, order=held["id"])
    for deed in (order(big, 1, big.viewer, 3), hold(big, line(big, 1))):
        with pytest.raises(BoxLimit) as refusal:
            await deed
        told = {"offer": big.card.id, "of": "device", "limit": 40, "left": 0}
        assert refusal.value.members == told
        assert (refusal.value.status, refusal.value.slug) == (409, "box-limit")
    big.card = await big.offer(100)  # of another it has as many again
    await order(big, 20, big.viewer, 3)


async def test_a_phone_has_forty_boxes_of_an_offer_on_whatever_devices(big: Any) -> None:
    for number in range(2):
        await order(big, 20, at(f"192.0.2.{number}", f"device {number}"))
    with pytest.raises(BoxLimit) as refusal:
        await order(big, 1, at("192.0.2.9", "device 9"))
    # Whoever knows a number learns from it nothing of what was ordered for it.
    told = {"offer": big.card.id, "of": "phone", "limit": 40, "left": None}
    assert refusal.value.members == told
    await order(big, 1, at("192.0.2.9", "device 9"), 1)


async def test_an_address_has_four_hundred_boxes_of_an_offer(big: Any) -> None:
    for number in range(10):
        await order(big, 20, at("192.0.2.1", f"device {number}"), number)
        await hold(big, line(big, 20), by=at("192.0.2.1", f"device {10 + number}"))
    for deed in (
        order(big, 1, at("192.0.2.1", "device 30"), 30),
        hold(big, line(big, 1), by=at("192.0.2.1", "device 30")),
    ):
        with pytest.raises(BoxLimit) as refusal:
            await deed
        told = {"offer": big.card.id, "of": "address", "limit": 400, "left": None}
        assert refusal.value.members == told
    await order(big, 1, at("192.0.2.2", "device 30"), 30)
    # Who holds there orders what is held, and one who orders less leaves some to others.
    await order(big, 19, at("192.0.2.1", "device 10"), 10)
    await order(big, 1, at("192.0.2.1", "device 31"), 31)
    with pytest.raises(BoxLimit):
        await order(big, 1, at("192.0.2.1", "device 32"), 32)


async def test_where_a_proxy_hides_the_addresses_none_is_counted(big: Any) -> None:
    limit(big, address_boxes=20)
    for number in range(2):
        await order(big, 20, at(None, f"device {number}"), number)
    assert await sources(big) == [None, None]


async def test_staff_and_clerks_have_more_and_leave_the_address_to_others(big: Any) -> None:
    limit(big, address_boxes=20)
    for by in (CLERK, HOST):
        await order(big, 60, by)
        await hold(big, line(big, 60), by=by)
    await order(big, 20, big.viewer, 1)
    with pytest.raises(BoxLimit):
        await order(big, 1, at("192.0.2.1", "device 1"), 2)


async def test_what_is_packed_or_called_off_counts_no_more(big: Any) -> None:
    placed = [await order(big, 20, big.viewer) for _ in range(2)]
    assert len(set(await sources(big))) == 1
    await big.shop.orders.enter(HOST, big.broadcast, placed[0]["id"], NewTransition(state="packed"))
    assert (await sources(big)).count(None) == 1
    placed.append(await order(big, 20, big.viewer))
    with pytest.raises(BoxLimit):
        await order(big, 1, big.viewer)
    await big.shop.orders.cancel(placed[1]["token"])
    await order(big, 20, big.viewer)
    moved = NewBulkTransition(orders=[it["id"] for it in placed[1:]], state="packed")
    await big.shop.bulk_actions.make(HOST, big.broadcast, moved)
    assert (await sources(big)).count(None) == 3


async def test_nothing_tells_from_which_address_an_order_came_a_day_later(big: Any) -> None:
    await order(big, 1, big.viewer)
    other = await big.another_broadcast()
    big.broadcast, here = other, big.broadcast
    big.card, card = await big.offer(5), big.card
    await order(big, 1, big.viewer)
    big.broadcast, big.card = here, card
    mine, there = await sources(big)
    # Nor does it tell that it was the same one in another broadcast, or that of a block.
    assert mine
    assert there
    assert mine != there
    assert "192.0.2.1" not in (mine, there)
    assert await box_limits.forget_old(big.store) == 0
    with pretended(now_ms() + box_limits.KEPT_MS + 1000):
        assert await box_limits.forget_old(big.store) == 2
    assert await sources(big) == [None, None]


async def test_holds_that_are_over_count_no_more(big: Any) -> None:
    big.shop.holds._settings = big.shop.holds._settings.model_copy(update={"address_boxes": 20})
    with pretended(now_ms()) as clock:
        await hold(big, line(big, 20))
        with pytest.raises(BoxLimit):
            await hold(big, line(big, 1), by=at("192.0.2.1", "device 1"))
        clock.at += LATER_MS
        await big.shop.holds.expire()
        await hold(big, line(big, 20), by=at("192.0.2.1", "device 1"))


async def test_orders_of_one_address_that_share_a_transaction_are_counted(big: Any) -> None:
    limit(big, address_boxes=50)
    answers = await asyncio.gather(
        *(order(big, 10, at("192.0.2.1", f"device {n}"), n) for n in range(12)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, dict) for answer in answers) == 5
    assert sum(isinstance(answer, BoxLimit) for answer in answers) == 7


async def test_a_village_behind_one_address_buys_a_box_each(big: Any) -> None:
    async def buy(number: int) -> dict[str, Any]:
        by = at("192.0.2.1", f"a phone in the village {number}")
        held = await hold(big, line(big, 1), by=by)
        placed: dict[str, Any] = await order(big, 1, by, number, order=held["id"])
        return placed

    answers = await asyncio.gather(*(buy(number) for number in range(300)))
    assert len({answer["id"] for answer in answers}) == 300


async def test_a_keeper_orders_for_ten_neighbours(big: Any) -> None:
    for neighbour in range(10):
        held = await hold(big, line(big, 4))
        await order(big, 4, big.viewer, neighbour, order=held["id"])
    assert len(await big.events("order.placed")) == 10


async def test_a_wait_is_served_no_more_than_its_device_or_its_address_may_have(
    stall: Any,
) -> None:
    waits, card = stall.shop.waitlist, await stall.offer(80)
    limit_waits(stall, device_boxes=20, address_boxes=30)
    stall.card = card
    mine = at("192.0.2.1", "device 1")
    await order(stall, 12, mine, 1)
    rest = [await order(stall, 17, HOST, 2) for _ in range(4)]
    for by, quantity in ((mine, 9), (at("192.0.2.1", "device 2"), 19), (at("192.0.2.1", "3"), 2)):
        join = WaitJoin(offer=card.id, quantity=quantity)
        await waits.join(by, stall.broadcast, join)
    for each in rest:
        await stall.shop.orders.cancel(each["token"])
    query = select(holds.c.device)
    found = await stall.store.read(lambda c: list(c.execute(query).scalars()))
    assert found == ["3"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """What the database is asked of those who wait, whether they may have more."""
    answers: list[dict[str, int]] = []
    more = box_limits.remaining_boxes

    def counted(*given: Any) -> dict[str, int]:
        answers.append(more(*given))
        return answers[-1]

    monkeypatch.setattr(box_limits, "remaining_boxes", counted)
    return answers


async def test_an_address_that_may_have_no_more_is_asked_for_once_however_many_wait_there(
    stall: Any, asked: list[dict[str, int]]
) -> None:
    waits, stall.card = stall.shop.waitlist, await stall.offer(21)
    limit_waits(stall, address_boxes=20)
    await order(stall, 20, at("192.0.2.1", "device 0"), 1)
    last = await order(stall, 1, HOST, 2)
    for number in range(1, 9):
        join = WaitJoin(offer=stall.card.id, quantity=1)
        await waits.join(at("192.0.2.1", f"device {number}"), stall.broadcast, join)
    join = WaitJoin(offer=stall.card.id, quantity=1)
    await waits.join(at("192.0.2.2", "a neighbour"), stall.broadcast, join)
    await stall.shop.orders.cancel(last["token"])
    assert [each["address"] for each in asked] == [-1, 19]
    query = select(holds.c.device)
    found = await stall.store.read(lambda c: list(c.execute(query).scalars()))
    assert found == ["a neighbour"]


async def wait(stall: Any, by: Caller, quantity: int = 1) -> Any:
    join = WaitJoin(offer=stall.card.id, quantity=quantity)
    return await stall.shop.waitlist.join(by, stall.broadcast, join)


async def test_such_an_address_is_asked_for_once_though_its_devices_hold_boxes_from_elsewhere(
    stall: Any, asked: list[dict[str, int]]
) -> None:
    side = await stall.offer(20)
    limit_waits(stall, address_boxes=20)
    stall.card = await stall.offer(21)
    await order(stall, 20, at("192.0.2.1", "device 0"), 1)
    last = await order(stall, 1, HOST, 2)
    for number in range(1, 9):
        of_side = {**line(stall, 1), "offer": side.id}
        await hold(stall, of_side, by=at("192.0.2.2", f"device {number}"))
        await wait(stall, at("192.0.2.1", f"device {number}"))
    await stall.shop.orders.cancel(last["token"])
    assert [each["address"] for each in asked] == [-1]


async def test_who_holds_what_an_order_may_have_is_not_looked_at(
    stall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = await stall.offer(20)
    limit_waits(stall, order_boxes=2)
    stall.card = await stall.offer(1)
    last = await order(stall, 1, HOST, 2)
    for number in range(1, 4):
        of_side = {**line(stall, 2), "offer": side.id}
        await hold(stall, of_side, by=at("192.0.2.1", f"device {number}"))
        await wait(stall, at("192.0.2.1", f"device {number}"))
    await wait(stall, at("192.0.2.1", "the last"))
    looked, held = [], stall.shop.allocation._hold

    def counted(connection: Any, row: Any, *given: Any) -> Any:
        looked.append(row.device)
        return held(connection, row, *given)

    monkeypatch.setattr(stall.shop.allocation, "_hold", counted)
    await stall.shop.orders.cancel(last["token"])
    assert looked == ["the last"]


async def test_an_address_waits_for_no_more_boxes_than_it_may_have(stall: Any) -> None:
    limit_waits(stall, address_boxes=20, device_boxes=15)
    await order(stall, 10, HOST, 1)
    await wait(stall, at("192.0.2.1", "device 1"), 12)
    await wait(stall, at("192.0.2.1", "device 2"), 8)
    with pytest.raises(BoxLimit) as refusal:
        await wait(stall, at("192.0.2.1", "device 3"))
    told = {"offer": stall.card.id, "of": "waits", "limit": 20, "left": None}
    assert refusal.value.members == told
    assert (refusal.value.status, refusal.value.slug) == (409, "box-limit")
    # What it waits for itself it may change, as far as others leave it room.
    with pytest.raises(BoxLimit):
        await wait(stall, at("192.0.2.1", "device 1"), 13)
    await wait(stall, at("192.0.2.1", "device 1"), 10)
    await wait(stall, at("192.0.2.1", "device 3"), 2)
    await wait(stall, at("192.0.2.2", "device 4"), 15)
    for number in range(2):  # whose address is hidden, or who orders for others
        await wait(stall, at(None, f"device {5 + number}"), 15)
        await wait(stall, (CLERK, HOST)[number], 30)
    with pytest.raises(BoxLimit) as refusal:
        await wait(stall, at("192.0.2.3", "device 7"), 16)
    assert (refusal.value.members["of"], refusal.value.members["left"]) == ("device", 15)
    stall.card = await stall.offer(1)  # for another offer as many again
    await order(stall, 1, HOST, 1)
    await wait(stall, at("192.0.2.1", "device 1"), 15)


async def test_of_many_who_may_have_no_more_some_are_asked_and_those_behind_get_their_turn(
    stall: Any, asked: list[dict[str, int]]
) -> None:
    limit_waits(stall, device_boxes=1)
    await order(stall, 10, HOST, 1)
    row = {"broadcast": stall.broadcast}
    kept = {"offer": stall.card.id, "lot": stall.lot.id, "farm": stall.farm.id}
    kept |= {"quantity": 1, "price": PRICE, "total": PRICE}
    own = {**row, "lines": [kept], "total": PRICE, "currency": "CNY", "boxes": 1}
    own |= {"held_at": now_ms(), "until_at": 1 << 50}
    wanted = {**row, "offer": stall.card.id, "quantity": 1, "simulated": False}
    wanted |= {"since": 1, "is_limited": True}

    def enter(connection: Any) -> None:
        names = [f"device {number:03}" for number in range(120)]
        connection.execute(insert(holds), [{**own, "id": ulid(), "device": it} for it in names])
        names.append("the last")
        connection.execute(insert(waits), [{**wanted, "id": ulid(), "device": it} for it in names])

    await stall.store.write(enter)
    found = select(waits.c.device).where(waits.c.device.in_(["device 000", "the last"]))
    release = OfferRelease(offer=stall.card.id, quantity=1)
    for many in (50, 50, 50, 46):  # 25 at the head of the queue each time
        assert len(await stall.store.read(lambda c: c.execute(found).all())) == 2
        asked.clear()
        await stall.shop.bag.release(HOST, stall.broadcast, release)
        assert len(asked) == many
    (left,) = await stall.store.read(lambda c: c.execute(found).all())
    assert left.device == "device 000"
    # Who is first is asked first.
    over = delete(holds).where(holds.c.device == "device 000")
    await stall.store.write(lambda c: c.execute(over) and None)
    await stall.shop.bag.release(HOST, stall.broadcast, release)
    assert not await stall.store.read(lambda c: c.execute(found).all())


async def test_the_same_order_again_is_answered_at_the_limit_too(big: Any) -> None:
    request: OrderPlace = big.request(20)
    first = await big.shop.till.place(big.viewer, big.broadcast, request)
    await order(big, 20, big.viewer)
    assert await big.shop.till.place(big.viewer, big.broadcast, request) == first
