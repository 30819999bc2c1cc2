"""The bus between servers by Redis, and two servers that share one log."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from farmlive.app import Server, running
from farmlive.broadcast.models import NewBroadcast
from farmlive.bus import RedisBus
from farmlive.client import Channel
from farmlive.settings import Settings

REDIS = os.environ.get("FARMLIVE_TEST_REDIS", "")

pytestmark = pytest.mark.redis


async def connected(bus: RedisBus) -> None:
    async with asyncio.timeout(10):
        await bus.joined.wait()


async def test_a_message_reaches_each_server_once() -> None:
    one, two = RedisBus(REDIS, "one"), RedisBus(REDIS, "two")
    heard: list[tuple[str, str, bytes]] = []
    done = asyncio.Event()

    def listener(name: str) -> None:
        def hear(topic: str, message: bytes) -> None:
            heard.append((name, topic, message))
            if message == b"last" and name == "two":
                done.set()

        (one if name == "one" else two).listen(hear)

    listener("one")
    listener("two")
    await one.start()
    await two.start()
    await connected(one)
    await connected(two)
    one.publish("log", b"first")
    one.publish("log", b"last")
    await asyncio.wait_for(done.wait(), 10)
    await one.stop()
    await two.stop()
    assert sorted(heard) == [
        ("one", "log", b"first"),
        ("one", "log", b"last"),
        ("two", "log", b"first"),
        ("two", "log", b"last"),
    ]


async def test_without_redis_a_servers_own_listeners_hear_at_once() -> None:
    bus = RedisBus("redis://127.0.0.1:1/0", "alone")
    heard: list[bytes] = []
    bus.listen(lambda _topic, message: heard.append(message))
    await bus.start()
    bus.publish("log", b"here")
    assert heard == [b"here"]
    await bus.stop()


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    """Two servers on one database, joined by Redis."""
    shared = {
        "data": tmp_path,
        "redis_url": REDIS,
        "port": 0,
        "udp_port": 0,
        "udp_addresses": ("127.0.0.1",),
    }
    async with (
        running(Settings.model_validate(shared)) as one,
        running(Settings.model_validate(shared)) as other,
    ):
        yield one, other


async def test_viewers_of_either_server_see_both(two: tuple[Server, Server]) -> None:
    one, other = two
    for server in two:
        assert isinstance(server.house.bus, RedisBus)
        await connected(server.house.bus)
    made = await one.house.broadcasts.create(NewBroadcast.model_validate({"title": {"en": "Both"}}))
    await one.house.broadcasts.begin(made.id)
    async with (
        await Channel.connect(one.url, made.id) as here,
        await Channel.connect(other.url, made.id) as there,
    ):
        await here.call("chat.say", text="from here")
        event = await there.wait_for("chat.said", text="from here")
        await there.call("chat.say", text="from there")
        answer = await here.wait_for("chat.said", text="from there")
        assert answer.seq == event.seq + 1
        for channel in (here, there):
            await channel.call("react", count=5)
        for _ in range(2):  # what was counted is not counted again
            await one.house.broadcasts.count()
            await other.house.broadcasts.count()
        await here.wait_for("audience.counted", reactions=10)
        assert (await one.house.broadcasts.hub(made.id)).scene.audience["reactions"] == 10
    assert here.duplicates == there.duplicates == 0
