"""How many live channels one address may hold open."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.broadcast.live_channel import ask, channel, get
from tests.support.clerks import role_key
from tests.support.waiting import until
from websockets.exceptions import ConnectionClosed

from farmlive.broadcast import channel as rooms_channel
from farmlive.broadcast.models import NewBroadcast
from farmlive.broadcast.wire.open_channels import CHANNELS_BLOCK_FACTOR, OpenChannels
from farmlive.people import Caller
from farmlive.problems import TooMany
from farmlive.server import Server, running
from farmlive.settings import Settings


def viewer(address: str | None) -> Caller:
    return Caller(None, None, None, "a device", address)


def opened(channels: OpenChannels, caller: Caller, stack: contextlib.ExitStack, tries: int) -> int:
    """How many of so many channels are taken."""
    for number in range(tries):
        try:
            stack.enter_context(channels.counting(caller))
        except TooMany:
            return number
    return tries


def test_an_address_has_so_many_and_its_block_five_times_that() -> None:
    channels = OpenChannels(10)
    with contextlib.ExitStack() as stack:
        assert opened(channels, viewer("192.0.2.1"), stack, 20) == 10
        rest = [opened(channels, viewer(f"192.0.2.{n}"), stack, 20) for n in range(2, 9)]
        assert sum(rest) == 10 * (CHANNELS_BLOCK_FACTOR - 1)
        assert opened(channels, viewer("198.51.100.1"), stack, 5) == 5
        assert opened(channels, viewer(None), stack, 50) == 50
        assert opened(channels, replace(viewer("192.0.2.1"), role="host"), stack, 5) == 5
    assert len(channels) == 0
    with contextlib.ExitStack() as stack:
        assert opened(channels, viewer("192.0.2.1"), stack, 20) == 10


@pytest.fixture
async def small(settings: Settings, tables: None) -> AsyncIterator[Server]:
    """A server that takes two channels of an address."""
    settings = settings.model_copy(update={"max_channels_per_address": 2})
    async with running(settings) as server:
        yield server


async def test_one_channel_too_many_is_told_so_and_has_room_once_another_goes(
    small: Server,
) -> None:
    made = await small.house.broadcasts.create(NewBroadcast(title={"en": "Live"}))
    await small.house.broadcasts.begin(made.id)
    key = await role_key(small.house, "moderator")
    channels = small.house.channel._channels
    async with channel(small, made.id) as first:
        await get(first)
        async with channel(small, made.id) as second, channel(small, made.id) as third:
            await get(second)
            told = await get(third)
            assert told["problem"]["type"] == "/problems/too-many-requests"
            assert "Close one" in told["problem"]["detail"]
            with pytest.raises(ConnectionClosed):
                await get(third)
            assert third.close_code == 4429
            async with channel(small, made.id, key=key) as moderator:
                assert (await get(moderator))["type"] == "welcome"
            assert (await ask(first, "react", count=1))["ok"]
        await until(lambda: set(channels._open.values()) == {1}, "the second has gone")
        async with channel(small, made.id) as fourth:
            assert (await get(fourth))["type"] == "welcome"
    await until(lambda: not len(channels), "all have gone")


async def test_who_waits_for_too_long_to_come_in_is_asked_to_try_again(
    server: Server, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms_channel, "JOIN_WITHIN_S", 0.05)
    gate = server.house.channel._joining
    for _ in range(rooms_channel.JOIN_AT_ONCE):
        await gate.acquire()
    async with channel(server, live) as socket:
        frame = await get(socket)
        assert frame["problem"]["type"] == "/problems/unavailable"
        with pytest.raises(ConnectionClosed) as closed:
            await get(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
    for _ in range(rooms_channel.JOIN_AT_ONCE):
        gate.release()
    # Whoever is refused, or leaves, takes no place for ever.
    for _ in range(2 * rooms_channel.JOIN_AT_ONCE):
        async with channel(server, "01UNKNOWN") as socket:
            assert (await get(socket))["problem"]["status"] == 404
    async with channel(server, live) as socket:
        assert (await get(socket))["type"] == "welcome"
