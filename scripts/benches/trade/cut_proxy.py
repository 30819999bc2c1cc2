"""Proxies that cut connections between an action and its acknowledgement: in front of a server, and
between a server and its PostgreSQL.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Self

Cuts = Callable[[bytes], bool]


def cut_nothing(_chunk: bytes) -> bool:
    """Let everything pass."""
    return False


class Cutter:
    """A TCP proxy on a port of its own.

    `asked` looks at what goes there, `told` at what comes back; where one of them says so, that
    piece is kept back and the connection cut on both sides.
    """

    def __init__(self, to_port: int):
        self.to_port = to_port
        self.port = 0
        self.cuts = 0
        self.cut = asyncio.Event()
        self.asked: Cuts = cut_nothing
        self.told: Cuts = cut_nothing
        self._server: asyncio.Server
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @classmethod
    async def open(cls, to_port: int) -> Self:
        """Listen on a free port."""
        cutter = cls(to_port)
        cutter._server = await asyncio.start_server(cutter._serve, "127.0.0.1", 0)
        cutter.port = cutter._server.sockets[0].getsockname()[1]
        return cutter

    async def close(self) -> None:
        """Close it with all connections."""
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        ways = (
            asyncio.create_task(self._pass(reader, far_writer, lambda chunk: self.asked(chunk))),
            asyncio.create_task(self._pass(far_reader, writer, lambda chunk: self.told(chunk))),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.transport.abort()
            far_writer.transport.abort()
            self._writers -= {writer, far_writer}

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: Cuts
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(1 << 16):
                if cut(chunk):
                    self.cuts += 1
                    self.cut.set()
                    return
                writer.write(chunk)
                await writer.drain()


def cut_responses(draw: random.Random, share: float) -> Cuts:
    """Cut some of the responses that acknowledge something."""
    answers = (b'"order"', b'"reply"', b"HTTP/1.1 20")
    return lambda chunk: any(each in chunk for each in answers) and draw.random() < share


def cut_commits(draw: random.Random, share: float) -> tuple[Cuts, Cuts]:
    """Cut some commits on their way to PostgreSQL, and as many of its responses."""
    return (
        lambda chunk: b"COMMIT" in chunk and draw.random() < share / 2,
        lambda chunk: b"COMMIT\0" in chunk and draw.random() < share / 2,
    )
