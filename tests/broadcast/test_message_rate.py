"""How many messages a channel takes, and that others get their turn between them."""

import asyncio
import contextlib
import json
from typing import Any, Literal

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.server import ServerProtocol

from farmlive.broadcast import models
from farmlive.broadcast.message_rate import BURST_S, MessageRate
from farmlive.broadcast.models import NewBroadcast
from farmlive.broadcast.wire import PART
from farmlive.server import Server

from .live_channel import ask, channel, get

PER_SECOND = 20
AT_ONCE = BURST_S * PER_SECOND


class Nothing(models.Message):
    """A message of the test's own."""

    type: Literal["nothing.do"]


@pytest.fixture
async def live(server: Server) -> str:
    broadcasts = server.house.broadcasts
    made = await broadcasts.create(NewBroadcast(title={"zh": "直播", "en": "Live"}))
    await broadcasts.begin(made.id)
    return made.id


def test_so_many_at_once_and_then_some_a_second() -> None:
    now = 0.0
    rate = MessageRate(PER_SECOND, lambda: now)
    assert [rate.allow() for _ in range(AT_ONCE + 2)] == [True] * AT_ONCE + [False] * 2
    now += 1
    assert [rate.allow() for _ in range(PER_SECOND + 1)] == [True] * PER_SECOND + [False]
    for _ in range(1_000):
        now += 1 / PER_SECOND
        assert rate.allow()


async def test_a_channel_that_floods_is_told_why_and_ended(server: Server, live: str) -> None:
    async with channel(server, live) as stays, channel(server, live) as floods:
        await get(stays)
        await get(floods)
        for turn in range(AT_ONCE + 100):
            await floods.send(("{}", b"binary")[turn % 2])
            if turn < 50:  # what is answered before it is too much
                await get(floods)
        frames = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                frames.append(await get(floods))
        assert floods.close_code == 4429
        told = frames.pop()
        assert told["problem"]["type"] == "/problems/too-many-requests"
        assert "Connect again" in told["problem"]["detail"]
        assert len(frames) <= AT_ONCE
        assert (await ask(stays, "chat.say", text="我还在"))["ok"]


async def test_many_messages_in_one_packet_keep_nobody_waiting(server: Server, live: str) -> None:
    turns = 0
    at: list[int] = []

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def handle(*_: Any) -> dict[str, Any]:
        at.append(turns)
        return {}

    server.house.channel.handle("nothing.do", Nothing, handle)
    async with channel(server, live) as socket:
        await get(socket)
        other = asyncio.create_task(others())
        try:
            for number in range(50):
                await socket.send(json.dumps({"type": "nothing.do", "id": number}))
            while (await get(socket)).get("id") != 49:
                pass
        finally:
            other.cancel()
            await asyncio.gather(other, return_exceptions=True)
    assert len(set(at)) == len(at) == 50


@pytest.mark.parametrize("opcode", [0x0, 0x9, 0xA])
async def test_frames_that_ask_for_nothing_are_too_many_as_well(
    server: Server, live: str, opcode: int
) -> None:
    """Parts of a message, pings and pongs, thousands in one packet."""
    async with channel(server, live) as socket:
        await get(socket)
        first = b"\x01\x80" + bytes(4) if opcode == 0 else b""
        frames = first + (bytes((0x80 * (opcode > 0) | opcode, 0x80)) + bytes(4)) * 5_000
        socket.transport.write(frames)
        told = await get(socket)
        assert told["problem"]["type"] == "/problems/too-many-requests"
        with pytest.raises(ConnectionClosed):
            await get(socket)
        assert socket.close_code == 4429


async def test_of_a_flood_no_more_is_read_than_shows_it(
    server: Server, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = 0
    receive = ServerProtocol.receive_data

    def counted(self: ServerProtocol, data: bytes) -> None:
        nonlocal read
        read += len(data)
        receive(self, data)

    async with channel(server, live) as socket:
        await get(socket)
        monkeypatch.setattr(ServerProtocol, "receive_data", counted)
        frame = b"\x81\x82" + bytes(4) + b"{}"
        socket.transport.write(frame * 20_000)
        with contextlib.suppress(ConnectionClosed):
            while True:
                await get(socket)
    assert len(frame) * AT_ONCE < read <= len(frame) * AT_ONCE + PART
