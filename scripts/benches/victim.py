"""A server that is ended by force and started again on the same port."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping

_PORTS = range(20_000, 30_000)
_next = os.getpid() % len(_PORTS)


class Victim:
    """A farmlive server with the demands of a bench, `environment` on top."""

    def __init__(self, environment: Mapping[str, str]):
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        kept = {name: value for name, value in os.environ.items() if "FARMLIVE_" not in name}
        self._environment = {
            **kept,
            "FARMLIVE_HOST": "127.0.0.1",
            "FARMLIVE_PORT": str(self.port),
            "FARMLIVE_UDP_PORT": "0",
            "FARMLIVE_UDP_ADDRESSES": "127.0.0.1",
            "FARMLIVE_JOINS_PER_MINUTE": "1000000",
            "FARMLIVE_ORDERS_PER_MINUTE": "1000000",
            "FARMLIVE_LOG_LEVEL": "error",
            **environment,
        }

    async def start(self) -> None:
        """Start it and wait until it serves."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "farmlive.cli", "serve"),
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            while line := await self._process.stdout.readline():
                if line.startswith(b"Serving"):
                    return
        raise ChildProcessError("the server did not start")

    async def kill(self) -> None:
        """`kill -9`."""
        await self._end(signal.SIGKILL)

    async def end(self) -> None:
        """Let it end as it should."""
        await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(how)
            try:
                async with asyncio.timeout(20):
                    await self._process.communicate()
            except TimeoutError:
                self._process.kill()
                await self._process.communicate()


def free_port() -> int:
    """A port beneath those that the kernel hands out by itself, which stays free meanwhile."""
    global _next
    for _ in _PORTS:
        port = _PORTS[_next]
        _next = (_next + 1) % len(_PORTS)
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")
