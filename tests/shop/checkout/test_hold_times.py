"""Holds in time: until when something is kept, and at which price."""

import asyncio
from typing import Any

import pytest
from tests.shop.conftest import PRICE
from tests.shop.support.holds import ANOTHER, LATER_MS, change_price, hold, line, stock
from tests.support.waiting import LONG_S

from farmlive.clock import now_ms, pretended
from farmlive.ids import token, ulid
from farmlive.problems import BroadcastEnded
from farmlive.settings import Settings
from farmlive.shop.checkout import limits
from farmlive.shop.core.checkout_models import HoldPlace
from farmlive.shop.core.problems import HoldOver, PriceChanged, SoldOut
from farmlive.store import after_commit


async def test_a_hold_runs_out_and_its_stock_comes_back_once(stall: Any) -> None:
    held = await hold(stall, line(stall, 9))
    assert await stall.shop.holds.expire() == 0
    with pretended(now_ms() + LATER_MS):
        assert await stall.shop.holds.expire() == 1
        assert await stall.shop.holds.expire() == 0
    assert await stock(stall) == (10, 0, 0, 10)
    (event,) = await stall.events("order.expired")
    assert event.data == {"order": held["id"], "state": "expired"}
    kinds = [event.kind for event in await stall.events()]
    assert kinds[-2:] == ["order.expired", "stock.changed"]


async def test_an_order_goes_on_after_its_hold_ran_out_while_there_is_stock(stall: Any) -> None:
    held = await hold(stall, line(stall, 9))
    with pretended(now_ms() + LATER_MS):
        await stall.shop.holds.expire()
    placed = await stall.place(9, order=held["id"])
    assert placed["id"] != held["id"]
    assert await stock(stall) == (10, 9, 0, 1)
    with pytest.raises(SoldOut):
        await stall.place(2, order=held["id"])


async def test_the_price_of_a_hold_is_its_buyers_until_its_end(stall: Any, settings: Any) -> None:
    held = await hold(stall, line(stall, 2))
    await change_price(stall, 3990)
    with pretended(now_ms() + settings.price_grace_ms + 1000):
        with pytest.raises(PriceChanged) as refusal:
            await stall.place(3, order=held["id"])  # more than is held is not at its price
        assert refusal.value.members["offers"] == [
            {"offer": stall.card.id, "price": 3990, "seen": PRICE}
        ]
        placed = await stall.place(2, order=held["id"])
    assert placed["total"]["amount"] == 2 * PRICE


async def test_a_hold_renewed_at_its_old_price_ends_when_it_would_have(
    stall: Any, settings: Any
) -> None:
    held = await hold(stall, line(stall, 2))
    await change_price(stall, 3990)
    with pretended(now_ms() + settings.price_grace_ms + 1000):
        assert (await hold(stall, line(stall, 1)))["until"] == held["until"]
        fresh = await hold(stall, line(stall, 1, price=3990))
    assert fresh["until"] > held["until"]


async def test_the_price_of_a_hold_that_ran_out_is_asked_again(stall: Any) -> None:
    held = await hold(stall, line(stall, 2))
    await change_price(stall, 3990)
    with pretended(now_ms() + LATER_MS), pytest.raises(PriceChanged):
        await stall.place(2, order=held["id"])


async def test_the_price_seen_just_before_a_change_is_the_buyers(stall: Any, settings: Any) -> None:
    await change_price(stall, 3990)
    assert (await stall.place(1))["total"]["amount"] == PRICE
    await hold(stall, line(stall, 1), by=ANOTHER)
    never = [line(stall, 1, price=3000)]
    with pytest.raises(PriceChanged):
        await stall.place(lines=never)
    with pretended(now_ms() + settings.price_grace_ms + 1000), pytest.raises(PriceChanged):
        await stall.place(1)


async def test_of_many_prices_only_those_of_the_last_seconds_count(
    stall: Any, settings: Any
) -> None:
    start = now_ms()
    with pretended(start):
        await change_price(stall, 3990)
    with pretended(start + settings.price_grace_ms - 1):
        await change_price(stall, 4990)
        for price in (PRICE, 3990, 4990):
            await stall.place(lines=[line(stall, 1, price=price)])
    with pretended(start + settings.price_grace_ms):
        with pytest.raises(PriceChanged):
            await stall.place(1)
        await stall.place(lines=[line(stall, 1, price=3990)])


async def test_what_is_held_can_still_be_ordered_after_the_end(stall: Any) -> None:
    held = await hold(stall, line(stall, 3))
    await stall.broadcasts.end(stall.broadcast)
    for refused in (
        stall.place(4, order=held["id"]),
        hold(stall, line(stall, 1)),
        stall.place(lines=[line(stall, 1, offer=ulid())], order=held["id"]),
    ):
        with pytest.raises(BroadcastEnded):
            await refused
    placed = await stall.place(2, order=held["id"])
    assert placed["id"] == held["id"]
    assert await stock(stall) == (10, 2, 0, 8)
    with pytest.raises(BroadcastEnded):
        await stall.place(1)


async def test_a_hold_that_ran_out_is_not_ordered_after_the_end(stall: Any) -> None:
    held = await hold(stall, line(stall, 3))
    await stall.broadcasts.end(stall.broadcast)
    with pretended(now_ms() + LATER_MS), pytest.raises(BroadcastEnded):
        await stall.place(3, order=held["id"])


async def test_the_task_lets_holds_run_out_on_time(stall: Any, settings: Settings) -> None:
    soon = settings.model_copy(update={"hold_minutes": 0.3 / 60})
    shop = stall.another_shop(soon)
    over = asyncio.Event()
    stall.log.add_handler("order.expired", lambda connection, _: after_commit(connection, over.set))
    await shop.start()
    request = HoldPlace.model_validate({"lines": [line(stall, 4)], "key": token()})
    answer = await shop.holds.place(stall.viewer, stall.broadcast, request)
    async with asyncio.timeout(LONG_S):
        await over.wait()
    await shop.stop()
    (event,) = await stall.events("order.expired")
    assert 0 <= event.at - answer["until"] < LONG_S * 1000
    assert await stock(stall) == (10, 0, 0, 10)


async def test_holds_of_an_earlier_run_run_out_at_the_start(stall: Any, settings: Any) -> None:
    with pretended(now_ms() - LATER_MS):
        await hold(stall, line(stall, 4))
    over = asyncio.Event()
    stall.log.add_handler("order.expired", lambda connection, _: after_commit(connection, over.set))
    await stall.shop.start()
    async with asyncio.timeout(LONG_S):
        await over.wait()
    await stall.shop.stop()
    assert await stock(stall) == (10, 0, 0, 10)


async def test_a_hold_is_renewed_three_times_its_length_and_no_longer(
    stall: Any, settings: Settings
) -> None:
    began = now_ms()
    length = round(settings.hold_minutes * 60_000)
    latest = began + limits.HOLD_AT_MOST * length
    with pretended(began):
        assert (await hold(stall, line(stall, 2)))["final"] is False
    with pretended(began + length - 1):
        renewed = await hold(stall, line(stall, 3))
        assert (renewed["until"], renewed["final"]) == (began + 2 * length - 1, False)
    for at in (began + 2 * length - 2, began + 2 * length, latest - 3):
        with pretended(at):
            renewed = await hold(stall, line(stall, 4))
            end = min(at + length, latest)
            assert (renewed["until"], renewed["final"]) == (end, end == latest)
    with pretended(latest):
        with pytest.raises(HoldOver):
            await hold(stall, line(stall, 5))
        assert await stock(stall) == (10, 0, 4, 6)
        assert await stall.shop.holds.expire() == 1
        fresh = await hold(stall, line(stall, 5))  # what is left is anyone's
    assert (fresh["until"], fresh["final"]) == (latest + length, False)
    assert fresh["id"] != renewed["id"]
