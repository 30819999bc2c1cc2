"""A balancer without stickiness: each request goes to the next server, a channel too."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from itertools import count


class RoundRobin:
    """Passes each request on to the next of `ports` that takes connections."""

    def __init__(self, ports: Sequence[int]):
        self.ports = list(ports)
        self.port = 0
        self.statuses: list[tuple[str, str, int, int]] = []
        """Method, path, port and status of each."""
        self._turns = count()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator["RoundRobin"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._try(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _try(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, EOFError):
                await self._one(reader, writer)
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        names = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
        body = await reader.readexactly(int(names.get("content-length", "0")))
        if "upgrade" not in names:
            lines = [line for line in lines if not line.lower().startswith("connection:")]
            lines.append("Connection: close")
        lines.append("X-Forwarded-For: " + names.get("x-comes-from", "203.0.113.7"))
        port, there, back = await self._next()
        try:
            back.write("\r\n".join([first, *lines, "", ""]).encode("latin-1") + body)
            answer = await there.readuntil(b"\r\n\r\n")
            method, path, _ = first.split(" ", 2)
            self.statuses.append((method, path, port, int(answer.split(b" ", 2)[1])))
            writer.write(answer)
            await asyncio.gather(_pipe(there, writer), _pipe(reader, back))
        finally:
            back.close()

    async def _next(self) -> tuple[int, asyncio.StreamReader, asyncio.StreamWriter]:
        for _ in self.ports:
            port = self.ports[next(self._turns) % len(self.ports)]
            with contextlib.suppress(OSError):
                return port, *await asyncio.open_connection("127.0.0.1", port)
        raise ConnectionRefusedError


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
