"""A hub starts from the last checkpoint of its log, which holds nothing that the log does not."""

import asyncio
import zlib
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update
from structlog.testing import capture_logs
from tests.broadcast.long_log import add, folded, log_of, state_of, written
from tests.support.parts import people_of
from tests.support.waiting import until

from farmlive.broadcast import hubs
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.chat import Chat
from farmlive.broadcast.checkpoints import (
    EVERY,
    Checkpoints,
    capture,
    load,
)
from farmlive.broadcast.events import CardUnpinned
from farmlive.broadcast.hub import RESUMABLE
from farmlive.broadcast.log import Event, Log
from farmlive.broadcast.tables import events, log_checkpoints
from farmlive.bus import LocalBus
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.store import Store

HOST = Caller(None, "a host", "host", "the host's device", "192.0.2.2")


def spoil(values: dict[str, Any], connection: Connection) -> None:
    connection.execute(update(log_checkpoints).values(**values))


@pytest.fixture
def chat(store: Store, log: Log, settings: Settings) -> Chat:
    return Chat(store, log, people_of(store, settings))


@pytest.fixture
def found(store: Store, log: Log) -> Broadcasts:
    return Broadcasts(store, log, LocalBus())


async def rows(store: Store) -> list[Any]:
    query = select(log_checkpoints).order_by(log_checkpoints.c.seq)
    return await store.read(lambda connection: list(connection.execute(query).all()))


async def seqs(store: Store) -> list[int]:
    return [row.seq for row in await rows(store)]


async def looked_at(of: Broadcasts, broadcast: str) -> dict[str, Any]:
    """The state after a first look, with whatever is kept of it written."""
    async with of.hub(broadcast) as hub:
        found = state_of(hub.scene)
    await until(lambda: not of.hubs._keeping, "what is kept is written")
    return found


async def forget(of: Broadcasts, broadcast: str) -> None:
    """As after another start, or on another server."""
    of.hubs.open.pop(broadcast).stop()
    of.hubs._rests.clear()


def reads(log: Log, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seqs that are read from the log from now on."""
    read: list[int] = []
    every = log.events

    def events_of(connection: Connection, broadcast: str, **asked: Any) -> list[Event]:
        found = every(connection, broadcast, **asked)
        assert len(found) <= hubs.PAGE
        read.extend(event.seq for event in found)
        return found

    monkeypatch.setattr(log, "events", events_of)
    return read


async def test_a_long_log_is_read_in_pages_once_and_later_only_its_end(
    store: Store, log: Log, found: Broadcasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 2 * EVERY + 300
    broadcast = await written(store, found, count)
    whole = state_of(folded(log_of(count)))
    read = reads(log, monkeypatch)
    assert await looked_at(found, broadcast) == whole
    assert read == [*range(1, count + 1)]
    await forget(found, broadcast)
    await looked_at(found, broadcast)
    assert (await seqs(store))[-1] > count - EVERY
    last = (await seqs(store))[-1]
    await forget(found, broadcast)
    read.clear()
    assert await looked_at(found, broadcast) == whole
    # What clients may ask for again is in memory as ever.
    assert min(read) >= min(last, count - RESUMABLE) + 1
    async with found.hub(broadcast) as hub:
        assert [event.seq for event in hub._tail(0)] == [*range(count - 999, count + 1)]
        assert hub.missed(count - 1_000)


async def test_a_short_log_has_none(store: Store, found: Broadcasts) -> None:
    broadcast = await written(store, found, EVERY - 1)
    assert await looked_at(found, broadcast) == state_of(folded(log_of(EVERY - 1)))
    assert await rows(store) == []


async def test_a_hub_that_goes_on_keeps_its_state_every_so_often(
    store: Store, log: Log, found: Broadcasts
) -> None:
    broadcast = await written(store, found, 10)
    grown = log_of(3 * EVERY, broadcast)
    async with found.hub(broadcast) as hub:
        for upto in (EVERY + 5, EVERY + 500, 2 * EVERY + 10, 3 * EVERY):
            await add(store, broadcast, grown[hub.scene.seq : upto])
            await found.hubs.read_missed()
            await found.hubs._poll()
            await until(lambda: not found.hubs._keeping, "it is written")
            found.hubs._rests.clear()
        # Of those that were kept the last two stay.
        assert await seqs(store) == [EVERY + 5, 2 * EVERY + 10]
        assert hub.kept == 2 * EVERY + 10
    await forget(found, broadcast)
    assert await looked_at(found, broadcast) == state_of(folded(grown))


async def test_it_rests_between_two(store: Store, found: Broadcasts) -> None:
    broadcast = await written(store, found, 10)
    grown = log_of(2 * EVERY + 20, broadcast)
    async with found.hub(broadcast) as hub:
        await add(store, broadcast, grown[10 : EVERY + 10])
        await hub.catch_up_to(EVERY + 10)
        found.hubs._start_checkpoint(hub)
        await until(lambda: not found.hubs._keeping, "it is written")
        await add(store, broadcast, grown[EVERY + 10 :])
        await hub.catch_up_to(2 * EVERY + 20)
        found.hubs._rests[broadcast] += 3_600
        found.hubs._start_checkpoint(hub)
        assert not found.hubs._keeping
        found.hubs._rests.clear()
        found.hubs._start_checkpoint(hub)
        await until(lambda: not found.hubs._keeping, "it is written")
    assert await seqs(store) == [EVERY + 10, 2 * EVERY + 20]


async def test_of_other_code_or_broken_it_counts_as_none_and_is_written_anew(
    store: Store, log: Log, found: Broadcasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = EVERY + 100
    broadcast = await written(store, found, count)
    whole = folded(log_of(count))
    await found.hubs._checkpoints.store(capture(broadcast, whole, count))
    (kept,) = await rows(store)
    for spoilt in ({"version": "another"}, {"data": kept.data[:-9]}, {"data": b"x"}):
        await store.write(partial(spoil, spoilt))
        read = reads(log, monkeypatch)
        with capture_logs() as logs:
            assert await looked_at(found, broadcast) == state_of(whole)
        assert read[0] == 1
        assert [line["event"] for line in logs] == (
            [] if "version" in spoilt else ["a checkpoint can't be read; the log is read instead"]
        )
        monkeypatch.undo()
        scene, _ = await store.read(lambda c: load(c, broadcast, EVERY))
        assert scene.seq == EVERY  # it was written half way
        # What can't be read is said once; another version's server may still need its own.
        assert await seqs(store) == ([EVERY, count] if "version" in spoilt else [EVERY])
        await forget(found, broadcast)
        await store.write(lambda c: c.execute(delete(log_checkpoints)) and None)
        await found.hubs._checkpoints.store(capture(broadcast, whole, count))


async def test_one_that_is_ahead_of_the_log_counts_as_none(store: Store, found: Broadcasts) -> None:
    """As where a table was brought back from an older backup."""
    broadcast = await written(store, found, 700)
    ahead = folded(log_of(900))
    await found.hubs._checkpoints.store(capture(broadcast, ahead, 900))
    assert await looked_at(found, broadcast) == state_of(folded(log_of(700)))


async def test_two_servers_write_the_same_and_it_is_there_once(
    store: Store, found: Broadcasts
) -> None:
    broadcast = await written(store, found, EVERY)
    captured = capture(broadcast, folded(log_of(EVERY)), EVERY)
    for server in (Checkpoints(store), Checkpoints(store)):
        assert await server.store(captured)
    assert await seqs(store) == [EVERY]
    # The second of two that were due at about the same time writes none.
    async with found.hub(broadcast) as hub:
        await add(store, broadcast, log_of(EVERY + 9, broadcast)[EVERY:])
        await hub.catch_up_to(EVERY + 9)
        hub.kept = 0
        found.hubs._start_checkpoint(hub)
        await until(lambda: not found.hubs._keeping, "it is decided")
        assert hub.kept == EVERY
    assert await seqs(store) == [EVERY]


# What the log does not hold any more.


def words(row: Any) -> bytes:
    return zlib.decompress(row.data)


async def test_a_hidden_message_is_in_no_checkpoint(
    store: Store, found: Broadcasts, chat: Chat
) -> None:
    count = EVERY + 40
    broadcast = await written(store, found, count)
    all_of_it = log_of(count, broadcast)
    message = next(event for event in reversed(all_of_it[:EVERY]) if event.kind == "chat.said")
    for seq in (100, EVERY, count):
        state = folded(all_of_it[:seq])
        await found.hubs._checkpoints.store(capture(broadcast, state, count))
    said = message.data["text"].encode()
    assert [said in words(row) for row in await rows(store)] == [True, True]
    late = capture(broadcast, folded(all_of_it), count)
    async with found.hub(broadcast) as hub:
        await chat.hide(HOST, broadcast, message.seq)
        assert await rows(store) == []
        # What was taken up before and is written after.
        assert not await found.hubs._checkpoints.store(late)
        assert await rows(store) == []
        await hub.catch_up_to(count + 1)
        assert hub.kept == 0
        await found.hubs._poll()
        await until(lambda: not found.hubs._keeping, "it is written anew")
        (kept,) = await rows(store)
        assert kept.seq == count + 1
        assert said not in words(kept)
    # One that is read after the redaction may be written, as it goes.
    assert await found.hubs._checkpoints.store(
        replace(capture(broadcast, folded(all_of_it[:99]), count), redacted=count + 1)
    )


async def test_what_was_before_a_redaction_stays(
    store: Store, found: Broadcasts, chat: Chat
) -> None:
    broadcast = await written(store, found, 300)
    all_of_it = log_of(300, broadcast)
    for seq in (100, 200):
        state = folded(all_of_it[:seq])
        await found.hubs._checkpoints.store(capture(broadcast, state, 300))
    message = next(event for event in all_of_it[150:] if event.kind == "chat.said")
    await chat.hide(HOST, broadcast, message.seq)
    assert await seqs(store) == [100]


async def test_only_what_tells_of_it_changes_an_event(store: Store, log: Log) -> None:
    """Whoever folds the log, and what is kept of that, knows by these kinds."""
    found = Broadcasts(store, log, LocalBus())
    broadcast = await written(store, found, 50)

    def change(connection: Connection) -> None:
        by = log.append(connection, broadcast, CardUnpinned(offer="O1"))
        log.redact(connection, broadcast, 30, by=by)

    with pytest.raises(ValueError, match=r"card\.unpinned does not tell"):
        await store.write(change)
    query = select(events.c.data).where(events.c.broadcast == broadcast, events.c.seq == 30)
    assert await store.read(lambda connection: connection.execute(query).scalar_one()) != {}


async def test_a_database_that_takes_none_is_said_and_read_all_the_same(
    store: Store, found: Broadcasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_captured: Any, _unreadable: Any) -> bool:
        raise OSError("No space left on device")

    monkeypatch.setattr(found.hubs._checkpoints, "store", full)
    broadcast = await written(store, found, EVERY + 10)
    with capture_logs() as logs:
        assert await looked_at(found, broadcast) == state_of(folded(log_of(EVERY + 10)))
    assert [line["event"] for line in logs] == [
        "the state of a broadcast was not kept; its log is read instead"
    ]
    async with found.hub(broadcast) as hub:
        assert hub.kept == 0  # it is tried again


# While it comes in, and once it is over.


async def test_what_is_written_while_it_comes_in_is_there_at_once(
    store: Store, found: Broadcasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another server, and the bus carries nothing of it."""
    broadcast = await written(store, found, 300)
    all_of_it = log_of(310, broadcast)
    read_on = found.hubs._read_next

    def reads_all_but_the_last(connection: Connection, hub: Any) -> bool:
        more = read_on(connection, hub)
        if not more:
            asyncio.run_coroutine_threadsafe(add(store, broadcast, all_of_it[300:]), loop).result(9)
        return more

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(found.hubs, "_read_next", reads_all_but_the_last)
    async with found.hub(broadcast) as hub:
        assert state_of(hub.scene) == state_of(folded(all_of_it))


async def test_one_that_nobody_has_come_to_use_yet_is_waited_for(
    store: Store, found: Broadcasts
) -> None:
    broadcast = await written(store, found, 50)
    await found.end(broadcast)
    hub = await found.hubs._load(broadcast)
    await found.hubs._poll()
    assert found.hubs.open == {broadcast: hub}
    async with found.hub(broadcast) as used:
        assert used is hub
    assert found.hubs.open == {}


async def test_a_long_log_of_one_that_is_over_is_not_read_for_each_who_comes_and_goes(
    store: Store, log: Log, found: Broadcasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast = await written(store, found, EVERY + 10)
    await found.end(broadcast)
    await looked_at(found, broadcast)
    hub = found.hubs.open[broadcast]
    assert 0 < hub.stays_s <= hubs.IDLE_S
    hub.stays_s = 3_600.0
    read = reads(log, monkeypatch)
    for _ in range(3):
        await looked_at(found, broadcast)
        await found.hubs._poll()
    assert read == []
    hub.stays_s = 0.0
    await found.hubs._poll()
    assert len(found.hubs) == 0
