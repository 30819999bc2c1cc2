"""How many messages a channel takes, and that others get their turn between them."""

import asyncio
import contextlib
import json
from typing import Any, Literal

import pytest
from websockets.exceptions import ConnectionClosed

from farmlive.app import Server
from farmlive.broadcast import models
from farmlive.broadcast.message_rate import AT_ONCE, PER_SECOND, MessageRate
from farmlive.broadcast.models import NewBroadcast

from .test_channel import ask, channel, get


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
    rate = MessageRate(lambda: now)
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
        for _ in range(AT_ONCE + 100):
            await floods.send("{}")
        frames = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                frames.append(await get(floods))
        assert floods.close_code == 4429
        told = frames.pop()
        assert told["problem"]["type"] == "/problems/too-many-requests"
        assert "connect again" in told["problem"]["detail"]
        assert AT_ONCE <= len(frames) <= AT_ONCE + 50  # more came while it was answered
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
