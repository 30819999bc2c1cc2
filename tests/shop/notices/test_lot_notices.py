"""Buyers of a stopped lot hear so, and hear when it is lifted."""

from typing import Any

from sqlalchemy import select
from tests.shop.conftest import HOST, caller
from tests.shop.support.bulk_actions import move, undo
from tests.shop.support.notice_providers import AS_SHIPPED
from tests.shop.support.orders import enter
from tests.shop.support.sent_notices import lines
from tests.shop.support.stopped_lots import lift, stop, unlift
from tests.support.parts import local_log

from farmlive.clock import now_ms, pretended
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.shop.core.order_models import NewTransition
from farmlive.shop.notices.tables import notices


async def told(stall: Any, order: Any = None) -> list[str]:
    query = select(notices.c.kind, notices.c.order).order_by(notices.c.seq, notices.c.id)
    rows = await stall.store.read(lambda connection: connection.execute(query).all())
    return [row.kind for row in rows if order is None or row.order == order["id"]]


async def test_each_buyer_is_told_once_and_again_when_it_is_lifted(stall: Any) -> None:
    placed, gone = await stall.place(1), await stall.place(1)
    await move(stall, gone, state="cancelled")
    await stop(stall)
    await stop(stall)
    assert await told(stall, placed) == ["order.placed", "order.stopped"]
    assert "order.stopped" not in await told(stall, gone)
    await lift(stall)
    before = ["order.placed", "order.stopped", "order.resumed"]
    assert await told(stall, placed) == before
    await unlift(stall)
    assert await told(stall, placed) == [*before, "order.stopped"]


async def test_the_demos_people_are_told_nothing(stall: Any) -> None:
    stall.viewer = Caller(None, None, "simulator", "its device", "192.0.2.5")
    await stall.place(1)
    stall.viewer = caller()
    await stop(stall)
    assert await told(stall) == []


async def test_a_step_that_nobody_heard_of_is_taken_back_without_a_word(stall: Any) -> None:
    placed = await stall.place(1)
    packed = await move(stall, placed, state="packed")
    await stop(stall)
    await undo(stall, packed)
    assert await told(stall, placed) == ["order.placed", "order.stopped"]


async def test_a_step_that_was_told_is_put_right_after_a_stop_too(stall: Any) -> None:
    placed = await stall.place(1)
    await enter(stall, placed, "packed")
    shipped = await move(stall, placed, state="shipped")
    await stop(stall)
    await undo(stall, shipped)
    assert (await told(stall, placed))[-2:] == ["order.stopped", "corrected"]


async def test_a_stop_is_said_at_once_and_nobody_is_told_to_come_for_it(
    stall: Any, settings: Settings
) -> None:
    own = settings.model_copy(update={**AS_SHIPPED, "notice_gather_minutes": 10})
    shop, stall.origin = stall.another_server(own, log=local_log())
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
