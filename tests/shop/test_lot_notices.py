"""Buyers of a stopped lot hear so, and hear when it is lifted."""

from typing import Any

import pytest
from sqlalchemy import select

from farmlive.people import Caller
from farmlive.shop.tables import notices

from .conftest import caller
from .stopping import lift, stop
from .test_moves import move, undo
from .test_orders import enter


@pytest.fixture
def selling(stall: Any) -> Any:
    stall.origin.stops_heard_by(stall.shop.lot_stops)
    return stall


async def told(stall: Any, order: Any = None) -> list[str]:
    query = select(notices.c.kind, notices.c.order).order_by(notices.c.seq, notices.c.id)
    rows = await stall.store.read(lambda connection: connection.execute(query).all())
    return [row.kind for row in rows if order is None or row.order == order["order"]]


async def test_each_buyer_is_told_once_and_again_when_it_is_lifted(selling: Any) -> None:
    placed, gone = await selling.place(1), await selling.place(1)
    await move(selling, gone, state="cancelled")
    await stop(selling)
    await stop(selling)
    assert await told(selling, placed) == ["order.placed", "order.stopped"]
    assert "order.stopped" not in await told(selling, gone)
    await lift(selling)
    assert await told(selling, placed) == ["order.placed", "order.stopped", "order.resumed"]


async def test_the_demos_people_are_told_nothing(selling: Any) -> None:
    selling.viewer = Caller(None, None, "simulator", "its device", "192.0.2.5")
    await selling.place(1)
    selling.viewer = caller()
    await stop(selling)
    assert await told(selling) == []


async def test_a_step_that_nobody_heard_of_is_taken_back_without_a_word(selling: Any) -> None:
    placed = await selling.place(1)
    packed = await move(selling, placed, state="packed")
    await stop(selling)
    await undo(selling, packed)
    assert await told(selling, placed) == ["order.placed", "order.stopped"]


async def test_a_step_that_was_told_is_put_right_after_a_stop_too(selling: Any) -> None:
    placed = await selling.place(1)
    await enter(selling, placed, "packed")
    shipped = await move(selling, placed, state="shipped")
    await stop(selling)
    await undo(selling, shipped)
    assert (await told(selling, placed))[-2:] == ["order.stopped", "corrected"]
