"""A server for the selftest in a folder of its own: a child process and its first sign-in.
selftest.py tests it.
"""

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from farmlive.demo.children import stop_child
from farmlive.people.accounts.first_sign_in import read

# Short enough to wait for.
HOLD_S, GRACE_S = 3.0, 2.0

_SERVING = re.compile(r"Serving (\S+) with the (\S+) engine")
# Which engine is tried is for its caller to say.
_KEPT = ("FARMLIVE_ENGINE", "FARMLIVE_SEND_THREADS")


class ServerFailed(Exception):
    """The server did not start; the text is its output."""


@dataclass(frozen=True)
class TrialServer:
    """The server's URL, its engine, and the coordinator that its first start created, with
    the first password.
    """

    url: str
    engine: str
    name: str
    password: str


@dataclass(frozen=True)
class Address:
    """The ports to listen on; 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 0
    udp_port: int = 0


ANYWHERE = Address()


@contextlib.asynccontextmanager
async def trial_server(data: Path, at: Address = ANYWHERE) -> AsyncIterator[TrialServer]:
    """Run `farmlive serve` while the block runs. Raises ServerFailed."""
    log = data.parent / "server.log"
    with log.open("wb") as errors:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "farmlive", "serve"),
            *("--host", at.host, "--port", str(at.port), "--udp-port", str(at.udp_port)),
            env=_environment(data),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        async with asyncio.timeout(40):
            server = await _first_lines(child, log, data)
        yield server
    finally:
        await stop_child(child)


def _environment(data: Path) -> dict[str, str]:
    """Return the environment without the settings of another server."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FARMLIVE_") or name in _KEPT
    }
    return kept | {
        "FARMLIVE_DATA": str(data),
        "FARMLIVE_LOG_LEVEL": "warning",
        "FARMLIVE_HOLD_MINUTES": str(HOLD_S / 60),
        "FARMLIVE_PRICE_GRACE_S": str(GRACE_S),
    }


async def _first_lines(child: asyncio.subprocess.Process, log: Path, data: Path) -> TrialServer:
    assert child.stdout is not None
    while line := (await child.stdout.readline()).decode():
        if found := _SERVING.search(line):
            return TrialServer(found[1], found[2], *await asyncio.to_thread(read, data))
    said = await asyncio.to_thread(log.read_text, "utf-8", "replace")
    raise ServerFailed(said.strip()[-500:] or "it said nothing")
