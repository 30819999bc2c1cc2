"""Waiting lists: who is served of what comes back, in their order."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, insert
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.waitlist import (
    LATER_MS,
    ONE,
    THREE,
    TWO,
    held,
    hold,
    join,
    queue,
    release,
    waiting,
)
from tests.support.money import cny

from farmlive.clock import now_ms, pretended
from farmlive.ids import ulid
from farmlive.settings import Settings
from farmlive.shop.core.checkout_models import HoldDrop
from farmlive.shop.core.models import OfferChange
from farmlive.shop.core.problems import SoldOut
from farmlive.shop.core.tables import holds, waits

# Who may hold more than one order has.
CLERK = caller("the desk", role="clerk")


async def test_what_is_released_goes_to_those_who_wait_before_anyone_sees_it(
    stall: Any, sold_out: Any
) -> None:
    await join(stall, ONE, 2)
    await join(stall, TWO, 3)
    before = (await stall.events())[-1].seq
    answer = await release(stall, 6)
    assert (answer["left"], answer["held"]) == (1, 5)
    assert (await held(stall, ONE), await held(stall, TWO)) == (
        {stall.card.id: 2},
        {stall.card.id: 3},
    )
    told = [event for event in await stall.events() if event.seq > before]
    assert [event.kind for event in told] == [
        "offer.released",
        "order.held",
        "order.held",
        "stock.changed",
        "wait.changed",
    ]
    assert told[3].data["left"] == 1
    assert told[4].data["waiting"] == await waiting(stall) == 0
    assert await queue(stall) == []


async def test_the_device_is_told_what_is_held_for_it(stall: Any, sold_out: Any) -> None:
    heard: list[str | None] = []
    stall.log.add_handler("order.held", lambda _connection, event: heard.append(event.device))
    await join(stall, ONE, 2)
    before = now_ms()
    await release(stall, 2)
    (event,) = await stall.events("order.held")
    order = event.data["order"]
    assert heard == [ONE.device]
    assert set(event.audience) == {"staff", f"farm:{stall.farm.id}", f"order:{order}"}
    assert before + 600_000 <= event.data.pop("until") <= now_ms() + 600_000
    line = {"offer": stall.card.id, "lot": stall.lot.id, "farm": stall.farm.id}
    assert event.data == {
        "order": order,
        "lines": [{**line, "quantity": 2, "price": PRICE, "total": 2 * PRICE}],
        "total": {"amount": 2 * PRICE, "currency": "CNY"},
        "state": "held",
        "payment": "due",
        "waited": True,
    }
    stall.viewer = ONE
    assert (await stall.place(2, order=order))["id"] == order


async def test_who_wants_more_than_comes_lets_the_next_one_by(stall: Any, sold_out: Any) -> None:
    await join(stall, ONE, 5)
    await join(stall, TWO, 2)
    await join(stall, THREE, 2)
    await release(stall, 3)
    assert await queue(stall) == ["one", "three"]
    assert await held(stall, TWO) == {stall.card.id: 2}
    await release(stall, 4)
    assert await queue(stall) == ["three"]
    assert await held(stall, ONE) == {stall.card.id: 5}
    assert await stall.left() == 0


async def test_of_many_the_first_are_served(stall: Any, sold_out: Any) -> None:
    """200 want more than comes, 60 have a hold that can't grow, and then there are 40 more."""
    rows = [
        {
            "id": ulid(),
            "broadcast": stall.broadcast,
            "offer": stall.card.id,
            "device": f"waiter {number:03}",
            "quantity": 5 if number < 200 else 1,
            "since": 1,
            "simulated": False,
        }
        for number in range(300)
    ]
    dear = {"offer": stall.card.id, "lot": stall.lot.id, "farm": stall.farm.id}
    dear |= {"quantity": 1, "price": 1, "total": 1}
    row = {"broadcast": stall.broadcast, "lines": [dear], "total": 1, "currency": "CNY"}
    own = [
        {**row, "id": ulid(), "device": f"waiter {number:03}", "held_at": 1, "until_at": 1 << 50}
        for number in range(200, 260)
    ]

    def enter(connection: Connection) -> None:
        connection.execute(insert(waits), rows)
        connection.execute(insert(holds), own)

    await stall.store.write(enter)
    assert (await release(stall, 4))["left"] == 0
    told = await stall.events("order.held")
    assert len(told) == 4
    for number in range(260, 264):
        assert await held(stall, caller(f"waiter {number:03}")) == {stall.card.id: 1}
    assert len(await queue(stall)) == 296


async def test_a_cancelled_order_goes_to_those_who_wait(stall: Any, sold_out: Any) -> None:
    await join(stall, ONE, 4)
    await stall.shop.orders.cancel(sold_out["token"])
    assert await held(stall, ONE) == {stall.card.id: 4}
    assert await stall.left() == 6
    assert [event.data["left"] for event in await stall.events("stock.changed")][1:] == [6]


async def test_a_hold_that_is_dropped_goes_to_those_who_wait(stall: Any) -> None:
    mine = await hold(stall, THREE, 10)
    await join(stall, ONE, 4)
    drop = HoldDrop(order=mine["id"])
    await stall.shop.holds.drop(THREE, stall.broadcast, drop)
    assert await held(stall, ONE) == {stall.card.id: 4}
    assert await stall.left() == 6


async def test_who_gives_a_hold_up_is_not_held_it_anew(stall: Any) -> None:
    """But what it waits for of something else, it goes on to wait for; and others are served."""
    other = await stall.offer(released=1)
    mine = await hold(stall, THREE, 10)
    await hold(stall, TWO, 1, other)
    await join(stall, THREE, 3)
    await join(stall, THREE, 1, other.id)
    await join(stall, ONE, 4)
    before = (await stall.events())[-1].seq
    await stall.shop.holds.drop(THREE, stall.broadcast, HoldDrop(order=mine["id"]))
    assert await held(stall, THREE) == {}
    assert await held(stall, ONE) == {stall.card.id: 4}
    assert await stall.left() == 6
    assert await waiting(stall) == 0
    assert await queue(stall) == ["three"]
    told = [event for event in await stall.events() if event.seq > before]
    assert [event.kind for event in told] == [
        "order.cancelled",
        "order.held",
        "stock.changed",
        "wait.changed",
    ]
    assert told[-1].data == {"offer": stall.card.id, "waiting": 0}


async def test_where_nobody_else_waits_it_is_told_that_nobody_does(stall: Any) -> None:
    mine = await hold(stall, ONE, 10)
    await join(stall, ONE, 3)
    await stall.shop.holds.drop(ONE, stall.broadcast, HoldDrop(order=mine["id"]))
    assert (await held(stall, ONE), await stall.left()) == ({}, 10)
    told = (await stall.events("wait.changed"))[-1]
    assert told.data == {"offer": stall.card.id, "waiting": 0}


async def test_whose_hold_runs_out_is_held_what_it_waited_for(stall: Any) -> None:
    await hold(stall, ONE, 10)
    await join(stall, ONE, 3)
    with pretended(now_ms() + LATER_MS):
        assert await stall.shop.holds.expire() == 1
        assert await held(stall, ONE) == {stall.card.id: 3}


async def test_a_hold_that_runs_out_goes_to_those_who_wait(stall: Any) -> None:
    await hold(stall, THREE, 10)
    with pretended(now_ms() + LATER_MS):
        await join(stall, ONE, 4)
        assert await stall.shop.holds.expire() == 1
        assert await held(stall, ONE) == {stall.card.id: 4}
        assert await stall.shop.holds.expire() == 0
    assert await stall.left() == 6


async def test_what_a_smaller_hold_gives_back_goes_to_those_who_wait(stall: Any) -> None:
    await hold(stall, THREE, 10)
    await join(stall, ONE, 4)
    await join(stall, TWO, 2)
    await hold(stall, THREE, 6)
    assert await held(stall, ONE) == {stall.card.id: 4}
    stall.viewer = THREE
    await stall.place(3)
    assert await held(stall, TWO) == {stall.card.id: 2}
    assert await stall.left() == 1


async def test_what_is_there_already_is_held_at_once(stall: Any) -> None:
    answer = await join(stall, ONE, 4)
    assert (answer["place"], answer["waiting"]) == (0, 0)
    assert await held(stall, ONE) == {stall.card.id: 4}
    assert await stall.left() == 6


async def test_a_hold_of_something_else_grows_by_it(stall: Any, sold_out: Any) -> None:
    other = await stall.offer(released=5, price=100)
    mine = await hold(stall, ONE, 3, other)
    with pretended(now_ms() + 60_000):
        await join(stall, ONE, 2)
        await release(stall, 2)
    assert await held(stall, ONE) == {other.id: 3, stall.card.id: 2}
    event = (await stall.events("order.held"))[-1]
    assert event.data["order"] == mine["id"]
    assert event.data["until"] >= mine["until"] + 60_000
    assert event.data["total"]["amount"] == 300 + 2 * PRICE


async def test_a_hold_of_the_same_grows_at_the_same_price_alone(stall: Any) -> None:
    await hold(stall, ONE, 3)
    await stall.place(7)
    await join(stall, ONE, 2)
    await release(stall, 2)
    assert await held(stall, ONE) == {stall.card.id: 5}
    await join(stall, ONE, 2)
    message = OfferChange(offer=stall.card.id, price=cny(3990))
    await stall.shop.bag.change(HOST, stall.broadcast, message)
    await release(stall, 2)
    assert await queue(stall) == ["one"]
    assert await stall.left() == 2
    with pretended(now_ms() + LATER_MS):
        await stall.shop.holds.expire()
    assert await held(stall, ONE) == {stall.card.id: 2}
    (event,) = [e for e in await stall.events("order.held") if e.data["total"]["amount"] == 7980]
    assert event.data["lines"][0]["price"] == 3990


async def test_what_a_lot_has_again_serves_all_its_offers(stall: Any) -> None:
    """412 kg: 82 boxes of 5 kg leave 2 kg, with which no box of either size can be filled."""
    large = await stall.offer(released=81, net_weight_g=5000)
    there = await stall.another_broadcast()
    here, stall.broadcast = stall.broadcast, there
    other = await stall.offer(released=0)
    stall.broadcast = here
    mine = await hold(stall, CLERK, 81, large)
    await hold(stall, TWO, 2)
    with pytest.raises(Exception, match="left"):
        await hold(stall, caller("four"), 1)
    await join(stall, ONE, 1)
    stall.broadcast = there
    await join(stall, ONE, 1, other.id)
    stall.broadcast = here
    assert await held(stall, ONE) == {}
    await stall.shop.holds.drop(CLERK, here, HoldDrop(order=mine["id"]))
    assert await held(stall, ONE) == {stall.card.id: 1}
    stall.broadcast = there
    assert await held(stall, ONE) == {}  # nothing of it is released there
    await release(stall, 1, other.id)
    assert await held(stall, ONE) == {other.id: 1}
    assert [event.kind for event in await stall.events()][-4:] == [
        "offer.released",
        "order.held",
        "stock.changed",
        "wait.changed",
    ]


async def test_it_is_served_in_another_broadcast_of_the_same_lot(stall: Any) -> None:
    large = await stall.offer(released=82, net_weight_g=5000)
    here = stall.broadcast
    there = stall.broadcast = await stall.another_broadcast()
    other = await stall.offer(released=1)
    stall.broadcast = here
    mine = await hold(stall, CLERK, 82, large)
    stall.broadcast = there
    await join(stall, ONE, 1, other.id)
    assert await held(stall, ONE) == {}
    await stall.shop.holds.drop(CLERK, here, HoldDrop(order=mine["id"]))
    assert await held(stall, ONE) == {other.id: 1}
    assert [event.kind for event in await stall.events()][-3:] == [
        "order.held",
        "stock.changed",
        "wait.changed",
    ]


async def test_each_box_that_comes_back_is_held_once(stall: Any) -> None:
    held_by = [caller(f"holder {turn}") for turn in range(10)]
    first = [await hold(stall, by, 1) for by in held_by]
    waiters = [caller(f"waiter {turn}") for turn in range(15)]
    for by in waiters:
        await join(stall, by)
    drops = [HoldDrop(order=each["id"]) for each in first]
    answers = await asyncio.gather(
        *(
            stall.shop.holds.drop(by, stall.broadcast, drop)
            for by, drop in zip(held_by, drops, strict=True)
        ),
        *(hold(stall, caller(f"late {turn}"), 1) for turn in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, SoldOut) for answer in answers) == 5
    assert [await held(stall, by) for by in waiters] == [{stall.card.id: 1}] * 10 + [{}] * 5
    assert await stall.left() == 0


async def test_what_comes_back_keeps_no_hold_past_its_latest_end(
    stall: Any, settings: Settings
) -> None:
    began = now_ms()
    length = round(settings.hold_minutes * 60_000)
    other = await stall.offer(released=0)
    with pretended(began):
        await hold(stall, ONE, 1)
    with pretended(began + length - 1):
        await hold(stall, ONE, 1)
    with pretended(began + 2 * length - 2):
        await hold(stall, ONE, 1)
        await join(stall, ONE, 1, other.id)
        await join(stall, TWO, 1, other.id)
    with pretended(began + 2 * length + 5):
        await release(stall, 1, other.id)
        assert await held(stall, ONE) == {stall.card.id: 1, other.id: 1}
        (*_, told) = await stall.events("order.held")
        assert told.data["until"] == began + 3 * length
        await join(stall, ONE, 1, other.id)
    with pretended(began + 3 * length):  # the hold is over: the next in the line is served
        await release(stall, 1, other.id)
        assert await held(stall, TWO) == {other.id: 1}
        assert await held(stall, ONE) == {stall.card.id: 1, other.id: 1}
        assert await queue(stall) == ["one"]
