"""Notices while the database is away for a moment: none is sent twice, and none beside another."""

import asyncio
import threading
from typing import Any, Literal, cast

import pytest
from tests.shop.support.notice_providers import Full, Post
from tests.shop.support.sent_notices import states
from tests.support.parts import notices_of
from tests.support.waiting import until

from farmlive.clock import now_ms, pretended
from farmlive.problems import Unavailable
from farmlive.settings import Settings
from farmlive.shop.notices import notices
from farmlive.shop.notices.notices import FIRST_PAUSE_MS, Notices
from farmlive.shop.notices.providers import Notice
from farmlive.store import Store


class Away:
    """A store whose database goes away before a write is kept, or before it is known that it was.

    `fails` says so of the next writes, the first of them last.
    """

    def __init__(self, store: Store):
        self._store, self.keys = store, store.keys
        self.fails: list[Literal["before", "after"] | None] = []

    async def read(self, function: Any) -> Any:
        return await self._store.read(function)

    async def write(self, function: Any, **how: Any) -> Any:
        fails = self.fails.pop() if self.fails else None
        if fails == "before":
            raise Unavailable("The database is away.")
        answer = await self._store.write(function, **how)
        if fails == "after":
            raise Unavailable("The database went away.")
        return answer


class Slow(Post):
    """Brings one once it is let; `most` is how many it was asked to bring at a time."""

    def __init__(self, name: str):
        super().__init__(name)
        self.let = threading.Event()
        self.begun = threading.Event()
        self._now = self.most = 0

    def send(self, *notices: Notice) -> None:
        self._now += 1
        self.most = max(self.most, self._now)
        self.begun.set()
        assert self.let.wait(30)
        super().send(*notices)
        self._now -= 1


@pytest.mark.parametrize("fails", ["before", "after"])
async def test_what_was_sent_is_kept_as_soon_as_the_database_is_back(
    stall: Any, settings: Settings, fails: Any
) -> None:
    store, post = Away(stall.store), Post("post")
    made = notices_of(cast(Store, store), stall.log, settings, [post])
    await stall.place(1)
    store.fails = [fails, None]  # it takes the notice, and can't keep that it was sent
    with pytest.raises(Unavailable):
        await made.send()
    await made.start()
    try:

        async def is_kept() -> bool:
            return (await states(stall)).count("sent") == 1

        await until(is_kept, "that it was sent")
    finally:
        await made.stop()
    assert len(post.brought) == 1


async def test_what_another_server_did_since_is_not_put_back(
    stall: Any, settings: Settings
) -> None:
    store, full = Away(stall.store), Full("post")
    here = notices_of(cast(Store, store), stall.log, settings, [full])
    await stall.place(1)
    with pretended(now_ms()) as clock:
        store.fails = ["after", None]  # that it waits is kept, which is not known here
        with pytest.raises(Unavailable):
            await here.send()
        clock.at += FIRST_PAUSE_MS
        await notices_of(stall.store, stall.log, settings, [full]).send()
        assert sorted(await states(stall)) == ["sent", "waiting"]  # the other is for the file
        clock.at += FIRST_PAUSE_MS
        await here.send()
    assert sorted(await states(stall)) == ["sent", "waiting"]
    assert len(full.brought) == 2


async def test_no_provider_is_asked_anew_while_it_brings_one(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, other = Slow("slow"), Post("other")
    made = notices_of(stall.store, stall.log, settings, [slow, other])
    failed, turn = threading.Event(), Notices._send_turn

    def broken(
        self: Notices, connection: Any, provider: Any, done: Any, *, takes: bool
    ) -> notices.TakenMessages:
        if provider is other:
            failed.set()
            raise Unavailable("The database is away.")
        return turn(self, connection, provider, done, takes=takes)

    monkeypatch.setattr(Notices, "_send_turn", broken)
    for _ in range(2):
        await stall.place(1)
    sending = asyncio.create_task(made.send())
    try:
        await until(lambda: failed.is_set() and slow.begun.is_set(), "one fails, one brings")
        for _ in range(20):
            await asyncio.sleep(0)
        assert not sending.done()
    finally:
        slow.let.set()
    with pytest.raises(Unavailable):
        await sending
    assert (slow.most, len(slow.brought)) == (1, 2)
