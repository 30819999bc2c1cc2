"""A broadcast that is over leaves a server's memory with the last who looks at it."""

import asyncio
from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.broadcast.live_channel import channel, get
from tests.support.parts import local_log
from tests.support.waiting import until
from websockets.exceptions import ConnectionClosed

from farmlive.broadcast import hubs
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.events import OrderPlaced
from farmlive.broadcast.hub import Hub
from farmlive.broadcast.hubs import Hubs
from farmlive.broadcast.models import NewBroadcast
from farmlive.bus import LocalBus
from farmlive.server import Server
from farmlive.store import NotRead, Store


async def begun(house: Any) -> str:
    made = await house.broadcasts.create(NewBroadcast(title={"zh": "直播", "en": "Live"}))
    await house.broadcasts.begin(made.id)
    return str(made.id)


def is_another(hubs: Hubs, broadcast: str, hub: Hub) -> bool:
    """Whether the broadcast has gone from memory since, or has come back."""
    return hubs.open.get(broadcast) is not hub


@pytest.fixture
async def ended(server: Server) -> list[str]:
    """Some broadcasts that are over."""
    names = [await begun(server.house) for _ in range(5)]
    for name in names:
        await server.house.broadcasts.end(name)
    return names


def none_is_kept(server: Server) -> Any:
    return until(lambda: len(server.house.broadcasts.hubs) == 0, "no broadcast is kept in memory")


async def refused(server: Server, broadcast: str, query: str = "") -> int | None:
    async with channel(server, broadcast, query) as socket:
        assert (await get(socket))["type"] == "problem"
        with pytest.raises(ConnectionClosed):
            await get(socket)
        return socket.close_code


async def test_of_a_refused_handshake_nothing_is_kept(server: Server, ended: list[str]) -> None:
    for name in ended:
        for query in ("?after=x", "?after=-1", "?after=", f"?after={10**20}"):
            assert await refused(server, name, query) == 4400
    assert await refused(server, "01J00000000000000000000000") == 4404
    await none_is_kept(server)


async def test_one_goes_with_its_last_viewer(server: Server, ended: list[str]) -> None:
    async with channel(server, ended[0]) as one:
        assert (await get(one))["snapshot"]["broadcast"]["state"] == "ended"
        async with channel(server, ended[0], "?after=0") as other:
            await get(other)
        assert len(server.house.broadcasts.hubs) == 1
    await none_is_kept(server)


async def test_a_live_one_goes_when_it_ends_and_nobody_looks(server: Server) -> None:
    name = await begun(server.house)
    async with channel(server, name) as one:
        await get(one)
    await until(lambda: not server.house.broadcasts.connected(), "it has left")
    assert len(server.house.broadcasts.hubs) == 1  # the next one finds it there
    await server.house.broadcasts.end(name)
    await none_is_kept(server)


async def test_one_whose_end_only_the_log_tells_of_goes_too(server: Server) -> None:
    """As where another server ended it, and the bus lost that."""
    house = server.house
    name = await begun(house)
    async with channel(server, name) as one:
        await get(one)
    await until(lambda: not house.broadcasts.connected(), "it has left")
    elsewhere = Broadcasts(house.store, local_log(), LocalBus())
    await elsewhere.end(name)
    assert len(house.broadcasts.hubs) == 1
    await house.broadcasts.hubs.read_missed()
    await none_is_kept(server)


async def test_a_viewer_who_can_not_be_welcomed_keeps_none(
    server: Server, ended: list[str]
) -> None:
    def away(*_: Any) -> list[str]:
        raise NotRead("Try again in a moment.")

    server.house.channel._orders_of = away
    assert await refused(server, ended[0]) == 1013
    await none_is_kept(server)


async def test_one_that_is_let_go_while_another_comes_in_is_read_anew(
    server: Server, ended: list[str]
) -> None:
    found = server.house.broadcasts

    async def look() -> str:
        async with found.hub(ended[0]) as hub:
            await asyncio.sleep(0)
            assert found.hubs.open[ended[0]] is hub
            return str(hub.scene.state)

    assert await asyncio.gather(*(look() for _ in range(20))) == ["ended"] * 20
    assert len(found.hubs) == 0
    assert await look() == "ended"
    assert len(found.hubs) == 0


async def test_a_log_that_can_not_be_followed_is_back_once_it_was_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with a turn in which nothing was due."""
    monkeypatch.setattr(hubs, "DEAF_S", 0.001)
    monkeypatch.setattr(hubs, "FOLLOW_S", 0.005)
    found = Broadcasts(store, local_log(), LocalBus())
    made = await found.create(NewBroadcast(title={"zh": "直播", "en": "Live"}))
    read, tried = store.read, 0

    async def away(_: Any) -> Any:
        nonlocal tried
        tried += 1
        raise NotRead("Try again in a moment.")

    async with found.hub(made.id):
        with capture_logs() as logs:
            monkeypatch.setattr(store, "read", away)
            await found.start()
            await until(lambda: tried > 10, "it was tried often")
            said = [line["event"] for line in logs]
            assert said == ["the log was not followed"]
            monkeypatch.setattr(store, "read", read)
            await until(lambda: len(logs) > 1, "it was read")
            await found.stop()
        assert logs[-1]["event"] == "the log is followed again"


async def test_a_live_one_goes_once_nobody_has_looked_for_a_while(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = server.house.broadcasts.hubs
    name = await begun(server.house)
    async with channel(server, name) as one:
        await get(one)
        hub = found.open[name]
        monkeypatch.setattr(hubs, "IDLE_S", 0.0)
        await found._poll()
        assert found.open[name] is hub  # someone looks
    await none_is_kept(server)
    async with channel(server, name) as other:
        assert (await get(other))["snapshot"]["broadcast"]["state"] == "live"
        assert found.open[name] is not hub


async def test_one_stays_while_it_may_be_needed_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = server.house.broadcasts.hubs
    name = await begun(server.house)
    async with channel(server, name) as one:
        await get(one)
    await until(lambda: not server.house.broadcasts.connected(), "it has left")
    await found._poll()
    assert len(found) == 1  # its minute is not over
    # What viewers sent is counted first, though the database takes nothing for a while.
    found.open[name].reactions = 3
    monkeypatch.setattr(hubs, "IDLE_S", 0.0)
    await found._poll()
    assert len(found) == 1
    await server.house.broadcasts.count()
    await none_is_kept(server)
    (counted,) = await server.house.store.read(
        lambda connection: server.house.log.events(connection, name, kinds=["audience.counted"])
    )
    assert counted.data["reactions"] == 3


async def test_one_that_goes_and_comes_back_misses_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host's page goes and comes back again and again while others write: each event arrives
    once, in its order, by what is missed alone.
    """
    house, found = server.house, server.house.broadcasts.hubs
    name = await begun(house)
    _, key = await house.people.create_api_key("host", "host")
    monkeypatch.setattr(hubs, "IDLE_S", 0.0)
    written, gone = 0, 0
    arrived: list[int] = []

    def write(connection: Any) -> None:
        placed = OrderPlaced(order=f"{written}", state="placed", payment="due", farms=["1"])
        house.log.append(connection, name, placed)

    async def sell() -> None:
        nonlocal written
        while True:
            await house.store.write(write)
            written += 1
            await asyncio.sleep(0.002)

    selling = asyncio.create_task(sell())
    to = 1
    try:
        while gone < 12 or len(arrived) < 200:
            async with channel(server, name, f"?after={to}", key) as socket:
                for _ in range(3):
                    frame = await get(socket)
                    assert frame["type"] == "events"
                    arrived += [event["seq"] for event in frame["events"]]
                    to = frame["to"]
                kept = found.open[name]
            await until(partial(is_another, found, name, kept), "it went")
            gone += 1
    finally:
        selling.cancel()
    async with channel(server, name, f"?after={to}", key) as socket:
        arrived += [event["seq"] for event in (await get(socket))["events"]]
    told = await house.store.read(lambda connection: house.log.events(connection, name, after=1))
    assert arrived[: len(told)] == [event.seq for event in told]
    assert written <= len(told)
