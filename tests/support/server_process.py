"""A server in a process of its own, that a test can kill, stop and start again."""

import asyncio
import os
import signal
import sys

from tests.support.free_ports import free_port
from tests.support.waiting import LONG_S

from farmlive.settings import Settings


class Served:
    """A server in a process of its own, that can be killed and started again."""

    def __init__(self, settings: Settings):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "FARMLIVE_DATA": str(settings.data),
            "FARMLIVE_DATABASE_URL": settings.database_url,
            "FARMLIVE_REDIS_URL": settings.redis_url,
            "FARMLIVE_PORT": str(self.port),
            "FARMLIVE_NODE_URL": self.url,
            "FARMLIVE_UDP_PORT": "0",
            "FARMLIVE_ENGINE": settings.engine,
            "FARMLIVE_UDP_ADDRESSES": "127.0.0.1",
            "FARMLIVE_CHATS_PER_MINUTE": "100000",
            "FARMLIVE_ORDERS_PER_MINUTE": "100000",
            "FARMLIVE_DEVICE_BOXES": "100000",
            "FARMLIVE_ADDRESS_BOXES": "100000",
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "farmlive",
            "serve",
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(LONG_S):
            while line := await self._process.stdout.readline():
                if line.startswith(b"Serving"):
                    return
        raise AssertionError("the server did not start")

    def send(self, what: signal.Signals) -> None:
        """Stop it, or let it go on."""
        assert self._process is not None
        self._process.send_signal(what)

    async def end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(how)
            await self._process.communicate()
