"""A server whose machine's clock is set, in a process of its own: nothing ends by it."""

import asyncio
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.faults.sale import prepare
from tests.support.money import cny
from tests.support.parts import people_of
from tests.support.server_process import Served
from tests.support.waiting import until

from farmlive.client import Api, Channel
from farmlive.ids import token
from farmlive.settings import Settings
from farmlive.store import Store

HOUR = 3600.0
# What is to happen does within this time on a slow machine, too; what is an hour off does not.
SOON_S = 300
COMPILER = shutil.which("cc")
pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="there is no C compiler"),
    pytest.mark.timeout(3 * SOON_S),
]


class Clock:
    """The clock of the machine of one server, which the test sets."""

    def __init__(self, folder: Path):
        self._file = folder / "ahead"
        library = folder / "set_clock.so"
        source = Path(__file__).with_name("set_clock.c")
        subprocess.run(
            [
                str(COMPILER),
                "-shared",
                "-fPIC",
                "-O1",
                "-D_GNU_SOURCE",
                "-o",
                library,
                source,
                "-lm",
            ],
            check=True,
        )
        self.set(0)
        self.environment = {"LD_PRELOAD": str(library), "SET_CLOCK": str(self._file)}

    def set(self, ahead: float) -> None:
        """Let it be so many seconds ahead."""
        if not self._file.exists():
            self._file.write_bytes(bytes(8))
        with self._file.open("r+b") as file:
            file.write(struct.pack("d", ahead))


@pytest.fixture
def machine(tmp_path: Path) -> Clock:
    folder = tmp_path / "machine"
    folder.mkdir()
    return Clock(folder)


@pytest.fixture
async def servers(settings: Settings, tables: None, machine: Clock) -> AsyncIterator[list[Served]]:
    """Servers that a test makes, the first with the clock that it sets."""
    made = [Served(settings), Served(settings)]
    made[0].environment |= machine.environment
    yield made
    for server in made:
        await server.end(signal.SIGTERM)


async def open_for_staff(settings: Settings) -> str:
    store = await Store.open(settings)
    _, secret = await people_of(store, settings).create_api_key("test", "coordinator")
    await store.close()
    return secret


async def clock_of(url: str) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        answer = (await client.get(f"{url}/readyz")).json()
    assert answer["status"] == "ready"
    found: dict[str, Any] = answer["clock"]
    return found


def lines(offer: str) -> list[dict[str, Any]]:
    return [{"offer": offer, "quantity": 1, "price": 2990}]


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("off", [HOUR, -HOUR])
async def test_one_of_two_servers_has_a_clock_that_is_an_hour_off(
    settings: Settings, servers: list[Served], machine: Clock, off: float
) -> None:
    """What is held at either, and a batch, last as long as they would: they neither end within
    seconds nor an hour later.
    """
    machine.set(off)
    lasts_s = 15
    batch_s = 12
    for server in servers:
        server.environment["FARMLIVE_HOLD_MINUTES"] = str(lasts_s / 60)
        await server.start()
    key = await open_for_staff(settings)
    async with Api(servers[0].url, key=key) as api, Api(servers[1].url, key=key) as right:
        broadcast, offer, _ = await prepare(api)
        planned = time.monotonic()
        flash = await api.commands(broadcast).flash(offer, cny(1990), 5, batch_s)
        assert abs((await clock_of(servers[0].url))["offset_ms"] - off * 1000) < 60_000
        assert "what_to_do" not in await clock_of(servers[1].url)

        async def hold(server: Served) -> float:
            """How long one lasts that is placed at that server."""
            async with await Channel.connect(server.url, broadcast) as buyer:
                began = time.monotonic()
                held = await buyer.hold(token(), lines(offer))
                await buyer.wait_for("order.expired", SOON_S, order=held["id"])
                return time.monotonic() - began

        async def run() -> float:
            await until(lambda: ended(right, broadcast, flash["id"]), "the batch ends", SOON_S)
            return time.monotonic() - planned

        *held, ran = await asyncio.gather(*map(hold, servers), run())
        assert min(held) > lasts_s - 1, held
        assert ran > batch_s - 1


async def ended(api: Api, broadcast: str, flash: str) -> bool:
    found = await api.flashes(broadcast)
    return any(each["id"] == flash and each["state"] == "ended" for each in found)


@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_the_clock_of_a_server_that_stands_alone_is_set(
    settings: Settings, servers: list[Served], machine: Clock, step: float
) -> None:
    """What is held lasts as long as it would, and the new time counts once it has kept pace."""
    server, _ = servers
    lasts_s = 45
    server.environment["FARMLIVE_HOLD_MINUTES"] = str(lasts_s / 60)
    await server.start()
    key = await open_for_staff(settings)
    async with Api(server.url, key=key) as api:
        broadcast, offer, _ = await prepare(api)
    async with await Channel.connect(server.url, broadcast) as buyer:
        began = time.monotonic()
        held = await buyer.hold(token(), lines(offer))
        machine.set(step)

        async def is_said() -> bool:
            return "what_to_do" in await clock_of(server.url)

        await until(is_said, "it says that its clock is off")
        moved = await buyer.wait_for("clock.moved", SOON_S)
        assert abs(moved.data["by"] - step * 1000) < 60_000
        assert time.monotonic() - began > 30
        assert not await is_said()
        await buyer.wait_for("order.expired", SOON_S, order=held["id"])
        assert time.monotonic() - began > lasts_s - 1
