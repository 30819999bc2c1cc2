"""A server that is killed and started again on the same port."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.benches.lab.ports import ReservedPort


class Victim:
    """A farmlive server with the settings of a bench, and `environment` over them; it logs to a
    file.
    """

    def __init__(self, environment: Mapping[str, str], log: Path):
        self._log = log
        self._held = ReservedPort()
        self.port = self._held.port
        self._process: asyncio.subprocess.Process | None = None
        kept = {name: value for name, value in os.environ.items() if "FARMLIVE_" not in name}
        self._environment = {
            **kept,
            "FARMLIVE_HOST": "127.0.0.1",
            "FARMLIVE_PORT": str(self.port),
            "FARMLIVE_UDP_PORT": "0",
            "FARMLIVE_UDP_ADDRESSES": "127.0.0.1",
            "FARMLIVE_JOINS_PER_MINUTE": "1000000",
            "FARMLIVE_ADDRESS_CHANNEL_MESSAGES_PER_MINUTE": "100000000",
            "FARMLIVE_ORDERS_PER_MINUTE": "1000000",
            # Eight buyers at one address do what hundreds would.
            "FARMLIVE_DEVICE_BOXES": "1000000",
            "FARMLIVE_ADDRESS_BOXES": "1000000",
            "FARMLIVE_RUSH_SHARE": "0",
            "FARMLIVE_LOG_LEVEL": "error",
            **environment,
        }

    async def start(self) -> None:
        """Start it and wait until it serves."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "farmlive", "serve"),
                env=self._environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            while line := await self._process.stdout.readline():
                if line.startswith(b"Serving"):
                    return
        raise ChildProcessError(f"the server did not start: {self._log.read_text()[-2000:]}")

    async def kill(self) -> None:
        """`kill -9`."""
        await self._end(signal.SIGKILL)

    async def end(self) -> None:
        """Stop it regularly, for good."""
        await self._end(signal.SIGTERM)
        self._held.close()

    async def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(how)
            try:
                async with asyncio.timeout(20):
                    await self._process.communicate()
            except TimeoutError:
                self._process.kill()
                await self._process.communicate()
