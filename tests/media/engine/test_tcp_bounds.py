"""How many TCP connections one address may have: the same on each engine."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.media.support.light_peers import started
from tests.support.waiting import until

from farmlive.media.engine.interface import Credentials, Engine
from farmlive.media.wire import stun
from farmlive.media.wire.framing import frame

UNPROVED = 256


class Village:
    """Clients behind one NAT."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.at = next(each for each in engine.candidates if each.protocol == "tcp")
        self.writers: list[asyncio.StreamWriter] = []

    async def connect(self) -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection(self.at.address, self.at.port)
        self.writers.append(writer)
        return reader

    async def join(self) -> None:
        """Connect and prove to be a peer."""
        credentials = Credentials(os.urandom(4).hex(), os.urandom(12).hex())
        number = self.engine.add_peer(credentials)
        await self.connect()
        password = credentials.password.encode()
        self.writers[-1].write(frame(stun.request(f"{credentials.ufrag}:x", password, bytes(12))))
        await until(lambda: self.engine.remote_address(number), "its check is authenticated")

    @property
    def counts(self) -> tuple[int, int]:
        """The open connections, and how many were refused."""
        refused = self.engine.counters()["connections_refused"]
        return self.engine.gauges()["connections"], refused


@pytest.fixture
async def village(engine_name: Any) -> AsyncIterator[Village]:
    async with AsyncExitStack() as stack:
        engine, _ = await stack.enter_async_context(started(engine_name, tcp_port=0))
        village = Village(engine)
        yield village
        for writer in village.writers:
            writer.close()


async def test_a_village_behind_one_address_is_let_in(village: Village) -> None:
    for _ in range(UNPROVED + 1):
        await village.join()
    await village.connect()
    await until(lambda: village.counts == (UNPROVED + 2, 0), "all are in, and a newcomer")


async def test_strangers_of_one_address_are_bounded(village: Village) -> None:
    await village.join()
    for _ in range(UNPROVED):
        await village.connect()
    late = await village.connect()
    assert await late.read() == b""
    assert village.counts == (UNPROVED + 1, 1)
