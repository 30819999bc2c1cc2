"""Answers that older code kept with their keys are given in today's shape: the id of their object
is its `id`.
"""

from typing import Any

from tests.shop.conftest import HOST, PRICE
from tests.shop.support.flash_batches import end, lines, plan
from tests.shop.support.old_answers import kept, make_older
from tests.support.money import cny

from farmlive.ids import token
from farmlive.shop.core.checkout_models import HoldPlace
from farmlive.shop.core.order_models import Refund


async def test_a_flash_batch_that_is_planned_again(stall: Any) -> None:
    key = token()
    flash = await plan(stall, key=key)
    await make_older(stall.store, key, "flash")
    await end(stall, flash)
    assert await plan(stall, key=key) == flash


async def test_a_hold_that_is_asked_for_again(stall: Any) -> None:
    key = token()
    request = HoldPlace.model_validate({"lines": lines(stall, 2, PRICE), "key": key})
    held = await stall.shop.holds.place(stall.viewer, stall.broadcast, request)
    await make_older(stall.store, key, "order")
    assert await stall.shop.holds.place(stall.viewer, stall.broadcast, request) == held


async def test_an_order_that_is_placed_again_is_opened_too(stall: Any) -> None:
    key = token()
    placed = await stall.place(2, key=key)
    await make_older(stall.store, key, "order")
    assert await stall.place(2, key=key) == placed
    assert placed["url"] == f"/order/{placed['token']}"


async def test_a_refund_that_is_given_again_is_one(stall: Any) -> None:
    key, placed = token(), await stall.place(2)
    back = Refund(amount=cny(100), reason="Rain.")
    await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])
    given = await stall.shop.orders.refund(HOST, stall.broadcast, placed["id"], back, key)
    assert (await kept(stall.store, key)).keys() == {"order", "move"}  # as older code has it
    again = await stall.shop.orders.refund(HOST, stall.broadcast, placed["id"], back, key)
    assert (again.refund, again.refunded) == (given.refund, given.refunded)
