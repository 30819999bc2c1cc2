"""When notices are written: behind orders, but not for ever, and many in one turn."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from tests.shop.support.notice_providers import Post, order, server
from tests.shop.support.sent_notices import states
from tests.support.parts import notices_of
from tests.support.waiting import LONG_S, until

from farmlive.clock import now_ms, pretended
from farmlive.settings import Settings
from farmlive.shop.core.due_scheduler import DueScheduler
from farmlive.shop.notices import notices
from farmlive.shop.notices.notices import BEHIND_ORDERS_MS
from farmlive.store import Store, writer


class Watched:
    """A store that keeps of each write whether orders go before it."""

    def __init__(self, store: Store):
        self._store, self.keys = store, store.keys
        self.patient: list[bool] = []

    async def read(self, function: Any) -> Any:
        return await self._store.read(function)

    async def write(self, function: Any, *, last: bool, patient: bool) -> Any:
        assert last
        self.patient.append(patient)
        return await self._store.write(function, last=last, patient=patient)


class Begun(Watched):
    """The same, where nothing goes before the first write."""

    async def write(self, function: Any, *, last: bool, patient: bool) -> Any:
        return await super().write(function, last=last, patient=patient and bool(self.patient))


@contextlib.asynccontextmanager
async def orders_always_wait(store: Store) -> AsyncIterator[list[int]]:
    """Others write all the while; the list has a number of each such write."""
    written: list[int] = []

    async def write() -> None:
        while True:
            await store.write(lambda _: written.append(len(written)))

    writing = [asyncio.create_task(write()) for _ in range(8)]
    try:
        yield written
    finally:
        for each in writing:
            each.cancel()
        await asyncio.gather(*writing, return_exceptions=True)


async def test_orders_go_before_notices_that_are_not_late(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LAST", 1_000_000)  # never by time alone
    post = Post("post")
    made = notices_of(stall.store, stall.log, settings, [post])
    await stall.place(1)
    async with orders_always_wait(stall.store) as written:
        sending = asyncio.create_task(made.send())
        await until(lambda: len(written) > 500, "many others were written")
        assert not sending.done()
        assert post.brought == []
    await sending
    assert len(post.brought) == 1


async def test_late_notices_are_sent_however_many_orders_wait(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Were a turn to wait for a moment without orders, it would wait for ever.
    monkeypatch.setattr(writer, "_LAST", 1_000_000)
    store, post = Begun(stall.store), Post("post")  # takes one a turn
    made = notices_of(cast(Store, store), stall.log, settings, [post])
    for _ in range(8):
        await stall.place(1)
    with pretended(now_ms() + BEHIND_ORDERS_MS + 1):
        async with orders_always_wait(stall.store):
            await asyncio.wait_for(made.send(), LONG_S)
    assert len(post.brought) == 8


async def test_once_those_that_were_late_are_sent_orders_go_first_again(
    stall: Any, settings: Settings
) -> None:
    store, post = Watched(stall.store), Post("post")
    made = notices_of(cast(Store, store), stall.log, settings, [post])
    with pretended(now_ms()) as clock:
        for _ in range(2):
            await stall.place(1)
        clock.at += BEHIND_ORDERS_MS
        await stall.place(1)
        clock.at += 1
        await made.send()
    assert len(post.brought) == 3
    # Who takes the first two is late, as is who keeps the second; it takes the third.
    assert store.patient == [True, False, False, True]


async def test_what_comes_due_in_a_moment_is_sent_in_one_turn(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathers, is_over, sleep = asyncio.Event(), asyncio.Event(), asyncio.sleep

    async def wait(seconds: float) -> None:
        """It gathers for as long as the test says."""
        if seconds == notices.GATHER_S:
            gathers.set()
            await is_over.wait()
        else:
            await sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", wait)
    store, post = Watched(stall.store), Post("post")
    post.at_once = post.together = 50
    made = notices_of(cast(Store, store), stall.log, settings, [post])
    await stall.place(1)
    await made.start()
    try:
        await until(gathers.is_set, "it gathers")
        for _ in range(8):
            await stall.place(1)
        is_over.set()
        await until(lambda: len(post.brought) == 9, "all are brought")
    finally:
        await made.stop()
    # One takes them, one keeps that they were brought.
    assert len(store.patient) == 2


async def test_a_turn_that_found_less_than_it_may_take_is_the_last(
    stall: Any, settings: Settings
) -> None:
    store = Watched(stall.store)

    class Meanwhile(Post):
        """Others order while it brings the first."""

        def send(self, *them: Any) -> None:
            if not self.brought:
                loop = stall.store._loop
                asyncio.run_coroutine_threadsafe(stall.place(1), loop).result(30)
            super().send(*them)

    post = Meanwhile("post")
    post.at_once = post.together = 2
    made = notices_of(cast(Store, store), stall.log, settings, [post])
    await stall.place(1)
    await made.send()
    assert len(post.brought) == 1
    await made.send()
    assert len(post.brought) == 2


async def test_what_is_held_back_wakes_no_sender(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(DueScheduler, "_wake_at", lambda _, at: woken.append(at))
    shop = server(stall, settings, notices_per_hour=1)
    await order(stall, shop)
    before = len(woken)
    assert before > 0
    await order(stall, shop)
    assert await states(stall) == ["waiting", "held"]
    assert len(woken) == before
