"""An erasure goes on: after a crash, by another server, whatever the clock; and is forgotten."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, select, update
from tests.shop.support import sent_notices
from tests.shop.support.departing_buyer import (
    BUYER,
    COORDINATOR,
    NAME,
    PHONE,
    WORDS,
    erase,
    erase_phone,
    everything,
    full,
    nothing_waits,
    of_phone,
    over,
    row_of,
    settings,
)
from tests.support.waiting import LONG_S, until

from farmlive.clock import DAY_MS, now_ms, pretended
from farmlive.settings import Settings
from farmlive.shop.core.order_tables import orders
from farmlive.shop.notices import outbox_file
from farmlive.shop.notices.queue import LEASE_MS
from farmlive.shop.privacy import erasing
from farmlive.shop.privacy.tables import erasures

__all__ = ["full", "settings"]


async def test_what_a_killed_server_left_is_gone_on_with(
    stall: Any, full: Any, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    others = [await over(stall) for _ in range(4)]
    monkeypatch.setattr(erasing, "ORDERS_PER_BATCH", 2)
    remove = stall.shop.claim_photos.remove
    steps = 0

    async def killed(names: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == 2:
            raise asyncio.CancelledError
        await remove(names)

    monkeypatch.setattr(stall.shop.claim_photos, "remove", killed)
    with pytest.raises(asyncio.CancelledError):
        await erase_phone(stall)
    assert PHONE in await everything(stall.store)
    next_one = stall.another_shop(settings)
    await next_one.erasure.periodic.start()
    try:

        async def is_done() -> bool:
            rows = await stall.store.read(lambda conn: conn.execute(select(erasures)).all())
            return all(row.done_at is not None for row in rows)

        await until(is_done, "the next server has erased what is left")
    finally:
        await next_one.erasure.periodic.stop()
    after = await everything(stall.store)
    assert [word for word in WORDS if word in after] == []
    assert len({(await row_of(stall, each)).buyer for each in (full, *others)}) == 1
    (row,) = await stall.store.read(lambda conn: conn.execute(select(erasures)).all())
    assert row.buyer == ""


async def test_where_the_disk_takes_nothing_it_is_finished_later(
    stall: Any, full: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(outbox_file, "overwrite_lines", full_disk)
        assert await erase_phone(stall) == 1
        assert PHONE in str(sent_notices.lines(settings))
        assert stall.shop.erasure.periodic.outage.failing
    await stall.shop.erasure.resume()
    assert PHONE not in str(sent_notices.lines(settings))


async def test_an_order_that_comes_meanwhile_keeps_its_person(
    stall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = await over(stall)
    apply = erasing.Erasure._apply

    def with_an_order(self: Any, connection: Connection, *given: Any, **named: Any) -> Any:
        # In the same moment, of the same phone: a new one, and money that is due again.
        connection.execute(
            update(orders).where(orders.c.id == again["id"]).values(payment="due", refunded=0)
        )
        return apply(self, connection, *given, **named)

    again = await over(stall)
    monkeypatch.setattr(erasing.Erasure, "_apply", with_an_order)
    assert await erase_phone(stall) == 2
    later = await stall.place(1, buyer=BUYER)
    assert (await row_of(stall, placed)).buyer_name == ""
    for each in (again, later):
        assert (await row_of(stall, each)).buyer_name == NAME


async def test_two_servers_may_erase_at_the_same_time(stall: Any, settings: Settings) -> None:
    placed = [await over(stall) for _ in range(3)]
    other = stall.another_shop(settings)
    whose = await of_phone(stall)
    done = await asyncio.gather(
        erase(stall, whose), other.persons.erase(COORDINATOR, whose, "role")
    )
    assert max(done) == 3
    assert {(await row_of(stall, each)).buyer_name for each in placed} == {""}
    assert len(await stall.events("order.erased")) == 3


async def test_two_servers_may_go_on_with_the_same(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = [await over(stall) for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(erasing.Erasure, "_work", lambda *_, **__: asyncio.sleep(0))
        assert await erase_phone(stall) == 3
    both = [stall.another_shop(settings).erasure, stall.shop.erasure]
    looked = asyncio.Barrier(2)
    read = stall.store.read

    async def together(function: Any, **named: Any) -> Any:
        answer = await read(function, **named)
        if "_look" in repr(function) and answer[0]:
            await looked.wait()  # both have found the same orders, and neither has erased any
        return answer

    monkeypatch.setattr(stall.store, "read", together)
    await asyncio.gather(*(each.resume() for each in both))
    assert {(await row_of(stall, each)).buyer_name for each in placed} == {""}
    assert len(await stall.events("order.erased")) == 3


async def test_a_late_line_of_the_outbox_is_taken_out_too(
    stall: Any, full: Any, settings: Settings
) -> None:
    """A message that a server had taken before may be written after."""
    await erase_phone(stall)
    at = now_ms()
    stall.shop.notices.providers[0].send(sent_notices.notice(at - 60_000, person=PHONE))
    stall.shop.notices.providers[0].send(
        sent_notices.notice(at + 60_000, person=PHONE, number="B0001")
    )
    assert sum(line.get("to") == PHONE for line in sent_notices.lines(settings)) == 2
    with pretended(at + 3 * LEASE_MS):
        await stall.shop.erasure.resume()
    left = [line for line in sent_notices.lines(settings) if line.get("to") == PHONE]
    assert [line["order"] for line in left] == ["B0001"]  # what came later is of a new order
    for line in sent_notices.lines(settings):
        assert line["id"]


async def test_what_is_said_to_be_erased_is_after_a_clock_was_set_back(
    stall: Any, full: Any, settings: Settings
) -> None:
    with pretended(now_ms() - 3_600_000):
        assert await erase_phone(stall) == 1
    after = await everything(stall.store)
    assert [word for word in WORDS if word in after] == []
    assert PHONE not in str(sent_notices.lines(settings))


async def test_an_outbox_is_swept_after_a_clock_was_set_back(
    stall: Any, full: Any, settings: Settings
) -> None:
    await erase_phone(stall)
    with pretended(now_ms() + 3 * LEASE_MS):
        await stall.shop.erasure.resume()  # this outbox is swept of that one for good
    with pretended(now_ms() - 3_600_000):
        placed = await over(stall)
        await nothing_waits(stall)
        assert placed["number"] in str(sent_notices.lines(settings))
        assert await erase_phone(stall) == 1
    assert PHONE not in str(sent_notices.lines(settings))


async def test_a_buyer_waits_for_no_vacuum(stall: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor for SQLite's WAL, which another is emptying."""
    await over(stall)
    with monkeypatch.context() as patch:
        patch.setattr(erasing.Erasure, "_work", lambda *_, **__: asyncio.sleep(0))
        assert await erase_phone(stall) == 1
    began, end = asyncio.Event(), asyncio.Event()
    turns = 0

    async def scrub(_tables: Any) -> bool:
        nonlocal turns
        turns += 1
        if turns == 1:
            began.set()
            await end.wait()
        return True

    monkeypatch.setattr(stall.store, "scrub", scrub)
    task = asyncio.create_task(stall.shop.erasure.resume())
    await asyncio.wait_for(began.wait(), LONG_S)
    placed = await over(stall)
    try:
        assert await asyncio.wait_for(erase_phone(stall), LONG_S) == 1
    finally:
        end.set()
        await task
    assert (await row_of(stall, placed)).buyer_name == ""
    # Of what was erased meanwhile the vacuum may have passed the rows.
    rows = await stall.store.read(
        lambda conn: conn.execute(select(erasures).order_by(erasures.c.id)).all()
    )
    scrubbed = [row.scrubbed_at is not None for row in rows]
    assert scrubbed == [True, stall.store.dialect == "sqlite"]


async def test_the_pseudonyms_that_went_are_kept_as_long_as_the_outbox_and_a_day(
    stall: Any, settings: Settings
) -> None:
    start = now_ms()
    await stall.shop.erasure.resume()
    at = start + DAY_MS // 2
    with pretended(at):
        await over(stall)
        assert await erase_phone(stall) == 1
    hour = 3_600_000
    kept_ms = settings.outbox_ms + DAY_MS
    for now, known in ((at + hour, 1), (at + kept_ms - hour, 1), (at + kept_ms + hour, 0)):
        with pretended(now):
            await stall.shop.erasure.resume()
        rows = await stall.store.read(lambda conn: conn.execute(select(erasures)).all())
        assert len(rows) == known


async def test_an_erasure_is_forgotten_when_no_outbox_can_have_its_lines(
    stall: Any, full: Any, settings: Settings
) -> None:
    await erase_phone(stall)
    with pretended(now_ms() + settings.outbox_ms + 2 * DAY_MS):
        await stall.shop.erasure.resume()
    assert await stall.store.read(lambda conn: conn.execute(select(erasures)).all()) == []
