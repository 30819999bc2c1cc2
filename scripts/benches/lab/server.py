"""A farmlive server for a bench, in a folder of its own, and a broadcast to measure on."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from farmlive.bus import LocalBus
from farmlive.client import Api, Money
from farmlive.composition.lookups import make_people
from farmlive.settings import Settings
from farmlive.store import Store

_LIFTED = {
    "FARMLIVE_JOINS_PER_MINUTE": "1000000",
    "FARMLIVE_CHATS_PER_MINUTE": "1000000",
    "FARMLIVE_ADDRESS_CHATS_PER_MINUTE": "1000000",
    "FARMLIVE_CHANNEL_MESSAGES_PER_SECOND": "1000000",
    "FARMLIVE_ADDRESS_CHANNEL_MESSAGES_PER_MINUTE": "100000000",
    "FARMLIVE_MAX_CHANNELS_PER_ADDRESS": "1000000",
    "FARMLIVE_ORDERS_PER_MINUTE": "1000000",
    "FARMLIVE_DEVICE_BOXES": "0",  # no limit
    "FARMLIVE_ADDRESS_BOXES": "0",
}
_COMMAND = (sys.executable, "-m", "farmlive")


def yuan(amount: int) -> Money:
    """Return an amount as the API has it; the servers of benches have no other currency."""
    return {"amount": amount, "currency": "CNY"}


@dataclass
class Server:
    """A running server: its URL, a coordinator's API client, its process, and the engine that it
    uses.
    """

    url: str
    key: str
    process: asyncio.subprocess.Process
    api: Api
    engine: str

    def cpu_s(self) -> float:
        """Return the CPU seconds of the process and its threads, user and system."""
        return cpu_s(self.process.pid)

    def memory_mib(self) -> float:
        """Return the resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0


@dataclass
class Stage:
    """A live broadcast with a bag of offers and a stream key."""

    broadcast: str
    stream_key: str
    offers: list[str] = field(default_factory=list)


def cpu_s(process: int) -> float:
    """Return the CPU seconds of a process and its threads, user and system."""
    # The CPU clock of another process (clock_getcpuclockid(3), Linux). /proc counts hundredths of
    # a second, and an idle server takes less than one of them in a second.
    return time.clock_gettime(~process << 3 | 2)


@contextlib.asynccontextmanager
async def running(
    within: Sequence[str] = (),
    url: str = "",
    command: Sequence[str] = _COMMAND,
    *,
    is_limited: bool = False,
    **settings: str,
) -> AsyncIterator[Server]:
    """Start a server on free ports; it ends with the block, and its folder is deleted.

    `is_limited`: every limit is as it comes, where else those of a minute and of boxes are lifted
    for clients that do what people would not. `within`: the words before its command, which bring
    it into another network, say; `settings` without their prefix, and `url`, where it is reached
    from here when that is not what it says.
    """
    folder = Path(tempfile.mkdtemp(prefix="farmlive-bench-"))
    environment = {name: v for name, v in os.environ.items() if not name.startswith("FARMLIVE_")}
    environment |= {
        "FARMLIVE_DATA": str(folder / "data"),
        "FARMLIVE_HOST": "127.0.0.1",
        "FARMLIVE_PORT": "0",
        "FARMLIVE_UDP_PORT": "0",
        "FARMLIVE_UDP_ADDRESSES": "127.0.0.1",
        **({} if is_limited else _LIFTED),
        "FARMLIVE_LOG_LEVEL": "warning",
        **{f"FARMLIVE_{name.upper()}": value for name, value in settings.items()},
    }
    errors = folder / "errors"
    try:
        key = await _api_key(environment)
        with errors.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *within,
                *command,
                "serve",
                env=environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        try:
            said = await _address(process)
            if said is None:
                raise SystemExit(f"farmlive serve ended: {errors.read_text()[-2000:]}")
            url, engine = url or said[0], said[1]
            async with Api(url, key=key, timeout_s=30) as api:
                yield Server(url, key, process, api, engine)
        finally:
            await _stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def stage(server: Server, offers: int = 2, released: int = 50_000) -> Stage:
    """Create a broadcast with offers of `released` boxes each, and start it."""
    api = server.api
    broadcast = (await api.create_broadcast({"zh": "测量", "en": "Bench"}))["id"]
    farm = await api.create_farm(
        {"zh": "测量果园", "en": "Bench orchard"}, {"zh": "尤溪", "en": "Youxi"}
    )
    lot = await api.create_lot(
        farm["id"],
        f"B{broadcast[-8:]}",
        {"zh": "金桔", "en": "Kumquats"},
        "2026-11-20T08:00:00+08:00",
        400_000_000,
    )
    made = Stage(broadcast, "")
    for number in range(offers):
        offer = await api.create_offer(
            broadcast,
            lot["id"],
            yuan(2990),
            released,
            name={"zh": f"金桔 {number}", "en": f"Kumquats {number}"},
            unit={"zh": "箱", "en": "box"},
            net_weight_g=2500,
        )
        made.offers.append(offer["id"])
    await api.start(broadcast)
    made.stream_key = (await api.create_stream_key(broadcast, "encoder", "bench"))["key"]
    return made


async def _api_key(environment: dict[str, str]) -> str:
    """Create a coordinator's key here: a process of its own takes longer to start."""
    settings = Settings(
        data=Path(environment["FARMLIVE_DATA"]),
        database_url=environment.get("FARMLIVE_DATABASE_URL", ""),
    )
    store = await Store.open(settings, migrates=True)
    try:
        _, secret = await make_people(store, settings, LocalBus()).create_api_key(
            "bench", "coordinator"
        )
    finally:
        await store.close()
    return secret


async def _address(process: asyncio.subprocess.Process) -> tuple[str, str] | None:
    """Return the URL and the engine that the server prints."""
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while line := (await process.stdout.readline()).decode():
            if found := re.search(r"Serving (http\S+) with the (\w+) engine", line):
                return found[1], found[2]
    return None


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(15):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
