"""Boxes of flash batches: who gets them, at whose price, and to whom they come back."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.flash_batches import (
    ANOTHER,
    LOW,
    MINUTE_MS,
    batch,
    end,
    hold,
    order,
    plan,
    stock,
)
from tests.support.money import cny

from farmlive.clock import now_ms, pretended
from farmlive.people import Caller
from farmlive.shop.core.checkout_models import HoldDrop
from farmlive.shop.core.models import OfferChange, OfferRelease
from farmlive.shop.core.order_tables import order_lines
from farmlive.shop.core.problems import PriceChanged, SoldOut, StockTaken
from farmlive.shop.flash.problems import LimitReached
from farmlive.shop.orders.change_models import NewBulkTransition


async def test_a_line_at_its_price_takes_of_it_and_any_other_does_not(stall: Any) -> None:
    flash = await plan(stall, 4)
    placed = await order(stall, 2)
    assert placed["total"]["amount"] == 2 * LOW
    assert await stock(stall) == (2, 0, 2, 6)
    await order(stall, 6, PRICE)
    assert await stock(stall) == (8, 0, 2, 0)
    with pytest.raises(SoldOut) as refusal:
        await order(stall, 1, PRICE)
    assert refusal.value.members["offers"][0]["left"] == 0
    with pytest.raises(SoldOut) as refusal:
        await order(stall, 3)
    assert refusal.value.members["offers"][0]["left"] == 2
    assert await batch(stall, flash) == ("running", 2, 0, None)
    query = select(order_lines.c.flash).order_by(order_lines.c.order)
    kept = await stall.store.read(lambda connection: connection.execute(query).scalars().all())
    assert kept == [flash["id"], None]
    told = [event.data["lines"][0].get("flash") for event in await stall.events("order.placed")]
    assert told == [flash["id"], None]


async def test_a_cancelled_order_gives_its_boxes_back_to_the_batch_that_runs(stall: Any) -> None:
    flash = await plan(stall, 4)
    first, second = await order(stall, 2), await order(stall, 1)
    await stall.shop.orders.cancel(first["token"])
    assert await stock(stall) == (1, 0, 3, 6)
    assert await batch(stall, flash) == ("running", 1, 0, None)
    await end(stall, flash)
    await stall.shop.orders.cancel(second["token"])
    assert await stock(stall) == (0, 0, 0, 10)
    assert await batch(stall, flash) == ("ended", 0, 0, "host")


async def test_one_that_is_cancelled_after_all_not_takes_the_last_boxes_and_ends_it(
    stall: Any,
) -> None:
    flash = await plan(stall, 3)
    first, _ = await order(stall, 1), await order(stall, 1)
    wanted = NewBulkTransition(orders=[first["id"]], state="cancelled")
    done = await stall.shop.bulk_actions.make(HOST, stall.broadcast, wanted)
    await order(stall, 1)
    assert await batch(stall, flash) == ("running", 2, 0, None)
    await stall.shop.bulk_actions.undo(HOST, stall.broadcast, done.id)
    assert await batch(stall, flash) == ("ended", 3, 0, "sold_out")
    assert (await stock(stall))[:3] == (3, 0, 0)
    *_, placed, changed, over = await stall.events()
    assert [placed.kind, changed.kind, over.kind] == [
        "order.placed",
        "stock.changed",
        "flash.ended",
    ]
    assert (over.data["sold"], over.data["why"]) == (3, "sold_out")
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert card.flash is None


async def test_a_hold_of_its_boxes_keeps_its_price_until_the_hold_ends(stall: Any) -> None:
    flash = await plan(stall, 4)
    answer = await hold(stall, 3)
    assert answer["lines"][0]["flash"] == flash["id"]
    assert await stock(stall) == (0, 3, 1, 6)
    await end(stall, flash)
    assert await stock(stall) == (0, 3, 0, 7)
    with pytest.raises(PriceChanged):
        await order(stall, 4)
    with pytest.raises(PriceChanged):
        await order(stall, 1, by=ANOTHER)
    await order(stall, 2, order=answer["id"])
    assert await stock(stall) == (2, 0, 0, 8)
    assert await batch(stall, flash) == ("ended", 2, 0, "host")


async def test_a_hold_that_is_over_gives_its_boxes_back_to_the_batch(stall: Any) -> None:
    flash = await plan(stall, 4)
    answer = await hold(stall, 3)
    await stall.shop.holds.drop(stall.viewer, stall.broadcast, HoldDrop(order=answer["id"]))
    assert await stock(stall) == (0, 0, 4, 6)
    await hold(stall, 3)
    with pretended(now_ms() + 11 * MINUTE_MS):
        await stall.shop.holds.expire()
    assert await stock(stall) == (0, 0, 4, 6)
    assert await batch(stall, flash) == ("running", 0, 0, None)


async def test_a_hold_that_outlives_it_gives_its_boxes_back_to_all(stall: Any) -> None:
    flash = await plan(stall, 4)
    answer = await hold(stall, 3)
    await end(stall, flash)
    await stall.shop.holds.drop(stall.viewer, stall.broadcast, HoldDrop(order=answer["id"]))
    assert await stock(stall) == (0, 0, 0, 10)
    assert await batch(stall, flash) == ("ended", 0, 0, "host")


async def test_what_one_holds_oneself_is_not_in_ones_way(stall: Any) -> None:
    flash = await plan(stall, 4)
    await hold(stall, 4)
    await hold(stall, 3)
    assert await stock(stall) == (0, 3, 1, 6)
    await order(stall, 4)
    assert await stock(stall) == (4, 0, 0, 6)
    assert await batch(stall, flash) == ("ended", 4, 0, "sold_out")


async def test_a_hold_at_the_usual_price_is_changed_for_boxes_of_the_batch(stall: Any) -> None:
    await hold(stall, 10, PRICE)
    flash = await plan(stall, 4)
    assert await stock(stall) == (0, 10, 4, 0)  # released for it, since nothing was left
    await hold(stall, 4)
    assert await stock(stall) == (0, 4, 0, 10)
    with pytest.raises(SoldOut) as refusal:
        await order(stall, 11, PRICE)
    assert refusal.value.members["offers"][0]["left"] == 10
    await order(stall, 10, PRICE)
    assert await stock(stall) == (10, 0, 4, 0)
    assert await batch(stall, flash) == ("running", 0, 0, None)


async def test_a_refusal_says_how_many_of_the_batch_are_held_and_when_they_come_back(
    stall: Any,
) -> None:
    await plan(stall, 4)
    await hold(stall, 2, PRICE, by=caller("a third"))
    kept = await hold(stall, 3, by=ANOTHER)
    with pytest.raises(SoldOut) as refusal:
        await order(stall, 2)
    (told,) = refusal.value.members["offers"]
    assert (told["left"], told["held"], told["back_at"]) == (1, 3, kept["until"])
    assert "3 more are held" in refusal.value.detail


async def test_a_refusal_beside_it_names_no_hold_of_its_boxes_which_go_back_to_it(
    stall: Any,
) -> None:
    before = await plan(stall, 2)
    start = now_ms()
    with pretended(start) as clock:
        old = await hold(stall, 1, by=caller("holds of one that is over"))
        await end(stall, before)
        await plan(stall, 4)
        clock.at += 1_000
        kept = await hold(stall, 2, by=ANOTHER)
        clock.at += 1_000
        third = await hold(stall, 5, PRICE, by=caller("a third"))
        with pytest.raises(SoldOut) as refusal:
            await order(stall, 1, PRICE)
        (told,) = refusal.value.members["offers"]
        # What is held of a batch that is over goes back to all, and is the first.
        assert (told["left"], told["held"], told["back_at"]) == (0, 6, old["until"])
        drop = HoldDrop(order=old["id"])
        by = caller("holds of one that is over")
        await stall.shop.holds.drop(by, stall.broadcast, drop)
        with pytest.raises(SoldOut) as refusal:
            await order(stall, 2, PRICE)
        (told,) = refusal.value.members["offers"]
        assert (told["left"], told["held"], told["back_at"]) == (1, 5, third["until"])
        with pytest.raises(SoldOut) as refusal:
            await order(stall, 3)
        (told,) = refusal.value.members["offers"]
        assert (told["left"], told["held"], told["back_at"]) == (2, 2, kept["until"])


async def test_one_buyer_has_no_more_of_it_than_one_may(stall: Any) -> None:
    await plan(stall, 8, per_buyer=2)
    with pytest.raises(LimitReached) as refusal:
        await order(stall, 3)
    facts = {"offer": stall.card.id, "limit": 2}
    assert refusal.value.members == {**facts, "had": 0}
    assert (refusal.value.status, refusal.value.slug) == (409, "limit-reached")
    first = await order(stall, 1)
    with pytest.raises(LimitReached) as refusal:
        await hold(stall, 2)
    assert refusal.value.members == {**facts, "had": 1}
    await hold(stall, 1)
    with pytest.raises(LimitReached):
        await hold(stall, 2)
    await order(stall, 1)
    with pytest.raises(LimitReached):  # the phone has two, whatever the device
        await order(stall, 1, by=ANOTHER)
    await order(stall, 2, by=ANOTHER, buyer={"name": "李", "phone": "13900000000"})
    await order(stall, 2, PRICE)
    await stall.shop.orders.cancel(first["token"])
    await order(stall, 1)


async def test_one_may_have_no_more_of_it_by_holds_that_outlive_it(stall: Any) -> None:
    windows = [caller(f"device {number}") for number in range(3)]  # private windows, say
    with pretended(now_ms()) as clock:
        flash = await plan(stall, 8, per_buyer=2)
        held = [await hold(stall, 2, by=window) for window in windows]
        clock.at += 2 * MINUTE_MS
        await stall.shop.flashes.run_due()
        assert (await batch(stall, flash))[0] == "ended"
        await order(stall, 2, by=windows[0], order=held[0]["id"])
        with pytest.raises(LimitReached) as refusal:
            await order(stall, 1, by=windows[1], order=held[1]["id"])
        assert refusal.value.members == {"offer": stall.card.id, "limit": 2, "had": 2}
        other = {"name": "李", "phone": "13900000000"}
        await order(stall, 1, by=windows[1], order=held[1]["id"], buyer=other)
        # At the ordinary price there is no limit.
        await order(stall, 2, PRICE, by=windows[2], order=held[2]["id"])
    assert await batch(stall, flash) == ("ended", 3, 0, "time")
    assert await stock(stall) == (5, 0, 0, 5)


async def test_what_is_held_of_one_that_is_over_has_no_limit_where_it_had_none(
    stall: Any,
) -> None:
    flash = await plan(stall, 8)
    await order(stall, 4)
    held = await hold(stall, 4, by=ANOTHER)
    await end(stall, flash)
    await order(stall, 4, by=ANOTHER, order=held["id"])
    assert await batch(stall, flash) == ("ended", 8, 0, "host")


async def test_a_clerk_orders_of_it_for_many(stall: Any) -> None:
    await plan(stall, 8, per_buyer=1)
    clerk = Caller("an account", "a clerk", "clerk", "the centre's device", "192.0.2.7")
    for person in range(3):
        buyer = {"name": "李", "phone": f"1390000000{person}"}
        await order(stall, 1, by=clerk, buyer=buyer)
    with pytest.raises(LimitReached):
        await order(stall, 1, by=clerk, buyer={"name": "李", "phone": "13900000000"})


async def test_what_is_kept_for_it_is_not_taken_back(stall: Any) -> None:
    await plan(stall, 4)
    take = OfferRelease(offer=stall.card.id, quantity=-7)
    with pytest.raises(StockTaken) as refusal:
        await stall.shop.bag.release(HOST, stall.broadcast, take)
    assert refusal.value.members["offers"] == [{"offer": stall.card.id, "left": 6}]


async def test_the_offers_own_price_may_change_meanwhile(stall: Any) -> None:
    flash = await plan(stall, 4)
    change = OfferChange(offer=stall.card.id, price=cny(2500))
    await stall.shop.bag.change(HOST, stall.broadcast, change)
    await order(stall, 1)
    await order(stall, 1, 2500)
    assert await stock(stall) == (2, 0, 3, 5)
    assert await batch(stall, flash) == ("running", 1, 0, None)


async def test_a_hundred_at_once_get_each_box_of_it_once(stall: Any) -> None:
    flash = await plan(stall, 7)
    answers = await asyncio.gather(
        *(
            order(
                stall,
                by=caller(f"device {turn}"),
                buyer={"name": "李", "phone": f"139{turn:08}"},
            )
            for turn in range(60)
        ),
        return_exceptions=True,
    )
    placed = [answer for answer in answers if isinstance(answer, dict)]
    refused = [answer for answer in answers if isinstance(answer, (SoldOut, PriceChanged))]
    assert (len(placed), len(refused)) == (7, 53)
    assert await batch(stall, flash) == ("ended", 7, 0, "sold_out")
    assert await stock(stall) == (7, 0, 0, 3)
