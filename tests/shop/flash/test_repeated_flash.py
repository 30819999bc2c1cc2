"""Boxes of a batch that are wanted after it: as they are held, or an order that was called off."""

from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.flash_batches import ANOTHER, LOW, batch, end, hold, order, plan, stock
from tests.support.money import cny

from farmlive.clock import now_ms, pretended
from farmlive.shop.core.models import OfferChange, OfferRelease
from farmlive.shop.core.order_models import Refund
from farmlive.shop.core.problems import SoldOut
from farmlive.shop.flash.problems import LimitReached
from farmlive.shop.orders.change_models import NewBulkTransition, NewReversal

THIRD = caller("a third")
OTHER = {"name": "李", "phone": "13900000000"}


async def held_of_an_earlier(stall: Any, boxes: int = 2) -> tuple[dict[str, Any], dict[str, Any]]:
    """A batch that is over, and a hold of some of its boxes."""
    before = await plan(stall, 4)
    held = await hold(stall, boxes)
    await end(stall, before)
    return before, held


async def change(stall: Any, price: int) -> None:
    message = OfferChange(offer=stall.card.id, price=cny(price))
    await stall.shop.bag.change(HOST, stall.broadcast, message)


async def put_right(stall: Any, placed: dict[str, Any]) -> Any:
    wrong = NewReversal(state="placed", reason="it was a mistake")
    return await stall.shop.bulk_actions.revert(HOST, stall.broadcast, placed["id"], wrong)


async def test_what_is_held_of_an_earlier_batch_is_had_though_one_runs_at_its_price(
    stall: Any,
) -> None:
    before, held = await held_of_an_earlier(stall)
    again = await plan(stall, 1, per_buyer=1)
    placed = await order(stall, 2, order=held["id"])
    assert placed["total"]["amount"] == 2 * LOW
    assert await batch(stall, before) == ("ended", 2, 0, "host")
    assert await batch(stall, again) == ("running", 0, 0, None)
    assert await stock(stall) == (2, 0, 1, 7)
    await order(stall, 1)  # and it counts for the limit of that batch alone
    assert await batch(stall, again) == ("ended", 1, 0, "sold_out")


async def test_who_has_an_earlier_hold_takes_no_boxes_of_the_batch_that_runs(stall: Any) -> None:
    await held_of_an_earlier(stall)
    again = await plan(stall, 2)
    await order(stall, 1)
    assert await batch(stall, again) == ("running", 0, 0, None)
    assert await stock(stall) == (1, 0, 2, 7)
    await order(stall, 2, by=ANOTHER)
    assert await batch(stall, again) == ("ended", 2, 0, "sold_out")


async def test_a_hold_of_an_earlier_batch_is_renewed_until_its_own_end(stall: Any) -> None:
    with pretended(now_ms()) as clock:
        before, held = await held_of_an_earlier(stall)
        again = await plan(stall, 1)
        clock.at += 1_000
        renewed = await hold(stall, 2)
        assert renewed["until"] == held["until"]
        assert renewed["lines"][0]["flash"] == before["id"]
        assert await batch(stall, before) == ("ended", 0, 2, "host")
        assert await batch(stall, again) == ("running", 0, 0, None)


async def test_what_is_held_at_a_price_that_is_over_is_not_of_a_batch_at_that_price(
    stall: Any,
) -> None:
    await change(stall, LOW)
    held = await hold(stall, 3)
    await change(stall, PRICE)
    again = await plan(stall, 4, per_buyer=1)
    placed = await order(stall, 3, order=held["id"])
    assert placed["total"]["amount"] == 3 * LOW
    assert await batch(stall, again) == ("running", 0, 0, None)
    assert await stock(stall) == (3, 0, 4, 3)


async def test_more_than_is_held_is_all_of_the_batch_that_runs(stall: Any) -> None:
    before, held = await held_of_an_earlier(stall)
    again = await plan(stall, 4, per_buyer=3)
    with pytest.raises(LimitReached):
        await order(stall, 4, order=held["id"])
    await order(stall, 3, order=held["id"])
    assert await batch(stall, before) == ("ended", 0, 0, "host")
    assert await batch(stall, again) == ("running", 3, 0, None)
    assert await stock(stall) == (3, 0, 1, 6)


async def test_who_wants_more_is_told_of_what_is_held(stall: Any) -> None:
    _, held = await held_of_an_earlier(stall)
    await plan(stall, 1)
    with pytest.raises(SoldOut) as refusal:
        await order(stall, 3, order=held["id"])
    (told,) = refusal.value.members["offers"]
    assert told["left"] == 2
    await order(stall, told["left"], order=held["id"])


async def test_a_hold_of_the_batch_that_runs_counts_to_it(stall: Any) -> None:
    flash = await plan(stall, 3, per_buyer=2)
    with pretended(now_ms()) as clock:
        held = await hold(stall, 2)
        clock.at += 1_000
        assert (await hold(stall, 2))["until"] == held["until"] + 1_000
        with pytest.raises(LimitReached):
            await order(stall, 3, order=held["id"])
        await order(stall, 2, order=held["id"])
        with pytest.raises(LimitReached):
            await order(stall, 1)
    assert await batch(stall, flash) == ("running", 2, 0, None)


async def test_what_may_not_be_had_as_it_is_held_is_had_of_the_batch_that_runs(stall: Any) -> None:
    before = await plan(stall, 4, per_buyer=1)
    await order(stall, 1, by=ANOTHER)
    held = await hold(stall, 1)  # for the same phone, which has one
    await end(stall, before)
    with pytest.raises(LimitReached):
        await order(stall, 1, order=held["id"])
    again = await plan(stall, 1, per_buyer=1)
    await order(stall, 1, order=held["id"])
    assert await batch(stall, before) == ("ended", 1, 0, "host")
    assert await batch(stall, again) == ("ended", 1, 0, "sold_out")
    assert await stock(stall) == (2, 0, 0, 8)


@pytest.mark.parametrize("undone", [True, False])
async def test_what_was_called_off_of_a_batch_is_had_of_the_offer_once_that_is_over(
    stall: Any, undone: bool
) -> None:
    flash = await plan(stall, 3)
    first = await order(stall, 2)
    wanted = NewBulkTransition(orders=[first["id"]], state="cancelled")
    done = await stall.shop.bulk_actions.make(HOST, stall.broadcast, wanted)
    await order(stall, 3, by=ANOTHER, buyer=OTHER)
    assert await batch(stall, flash) == ("ended", 3, 0, "sold_out")
    if undone:
        back = await stall.shop.bulk_actions.undo(HOST, stall.broadcast, done.id)
        assert not back.refused
    else:
        await put_right(stall, first)
    now = await stall.shop.order(first["token"])
    assert (now.state, now.total.amount) == ("placed", 2 * LOW)
    assert await batch(stall, flash) == ("ended", 5, 0, "sold_out")
    assert await stock(stall) == (5, 0, 0, 5)
    # It is of the batch as before, and goes back to all.
    await stall.shop.orders.cancel(first["token"])
    assert await batch(stall, flash) == ("ended", 3, 0, "sold_out")
    assert await stock(stall) == (3, 0, 0, 7)


async def test_it_is_not_had_where_the_offer_lacks_boxes_too_or_keeps_them_for_another(
    stall: Any,
) -> None:
    await plan(stall, 3)
    first = await order(stall, 2)
    await stall.shop.orders.cancel(first["token"])
    await order(stall, 3, by=ANOTHER, buyer=OTHER)
    again = await plan(stall, 2)
    await order(stall, 4, PRICE, by=THIRD, buyer=OTHER)
    assert await stock(stall) == (7, 0, 2, 1)
    with pytest.raises(SoldOut):
        await put_right(stall, first)
    assert await stock(stall) == (7, 0, 2, 1)
    more = OfferRelease(offer=stall.card.id, quantity=1)
    await stall.shop.bag.release(HOST, stall.broadcast, more)
    await put_right(stall, first)
    assert await stock(stall) == (9, 0, 2, 0)
    assert await batch(stall, again) == ("running", 0, 0, None)


async def test_a_refunds_boxes_are_had_of_the_offer_too(stall: Any) -> None:
    flash = await plan(stall, 3, per_buyer=2)
    first = await order(stall, 2)
    lines = [{"offer": stall.card.id, "quantity": 1}]
    back = Refund.model_validate({"amount": cny(LOW), "reason": "not there", "lines": lines})
    given = await stall.shop.orders.refund(HOST, stall.broadcast, first["id"], back)
    await order(stall, 2, by=ANOTHER, buyer=OTHER)
    assert await batch(stall, flash) == ("ended", 3, 0, "sold_out")
    done = await stall.shop.bulk_actions.undo(HOST, stall.broadcast, given.refund)
    assert not done.refused
    assert await batch(stall, flash) == ("ended", 4, 0, "sold_out")
    assert await stock(stall) == (4, 0, 0, 6)
