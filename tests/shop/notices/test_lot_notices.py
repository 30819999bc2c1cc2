"""Buyers of a stopped lot hear so, and hear when it is lifted."""

from typing import Any

from sqlalchemy import select
from tests.shop.conftest import HOST, caller
from tests.shop.support.bulk_actions import move, undo
from tests.shop.support.notice_providers import server
from tests.shop.support.orders import enter
from tests.shop.support.sent_notices import lines
from tests.shop.support.stopped_lots import lift, stop, unlift

from farmlive.clock import now_ms, pretended
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.shop.core.order_models import NewTransition
from farmlive.shop.notices.tables import notices


async def told(stall: Any, order: Any = None) -> list[str]:
    query = select(notices.c.kind, notices.c.order).order_by(notices.c.seq, notices.c.id)
    rows = await stall.store.read(lambda connection: connection.execute(query).all())
    return [row.kind for row in rows if order is None or row.order == order["id"]]


async def test_each_buyer_is_told_once_and_again_when_it_is_lifted(selling: Any) -> None:
    placed, gone = await selling.place(1), await selling.place(1)
    await move(selling, gone, state="cancelled")
    await stop(selling)
    await stop(selling)
    assert await told(selling, placed) == ["order.placed", "order.stopped"]
    assert "order.stopped" not in await told(selling, gone)
    await lift(selling)
    before = ["order.placed", "order.stopped", "order.resumed"]
    assert await told(selling, placed) == before
    await unlift(selling)
    assert await told(selling, placed) == [*before, "order.stopped"]


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


async def test_a_stop_is_said_at_once_and_nobody_is_told_to_come_for_it(
    stall: Any, settings: Settings
) -> None:
    shop = server(stall, settings, notice_gather_minutes=10)
    stall.origin.stops_heard_by(shop.lot_stops)
    place = {"delivery": {"way": "pickup", "centre": stall.centre.id}, "payment": "pay_at_pickup"}
    with pretended(now_ms()) as clock:
        ready, other = [
            await shop.till.place(caller(), stall.broadcast, stall.request(1, **place))
            for _ in range(2)
        ]
        await shop.notices.send()
        for state in ("packed", "at_centre"):
            change = NewTransition.model_validate({"state": state})
            await shop.orders.enter(HOST, stall.broadcast, ready["id"], change)
        await stop(stall)
        clock.at += 2_000
        await shop.notices.send()
        (said,) = lines(settings)[2:]
        assert said["kind"] == "order.stopped"
        assert said["order"] == f"{ready['number']}, {other['number']}"
        assert "请先不要来取" in said["text"]
        assert ready["code"] not in said["text"]
        await lift(stall)
        clock.at += 600_000
        await shop.notices.send()
    (lifted,) = lines(settings)[3:]
    assert lifted["kind"] == "order.resumed"
    assert lifted["text"].count("取货码") == 1
    assert ready["code"] in lifted["text"]
