"""The engine in C on loopback, with sockets that talk to it."""

import asyncio
import socket
from contextlib import ExitStack
from typing import Any

from tests.media.engine.native.support.stepped_engines import Told
from tests.support.free_ports import APART
from tests.support.waiting import LONG_S, until

from farmlive.media.engine.native.engine import NativeEngine


class Room:
    """An engine on loopback, what it tells, and who comes to it."""

    def __init__(self, engine: NativeEngine, sockets: ExitStack) -> None:
        self.engine, self.told = engine, Told()
        self._sockets = sockets

    def way(self, protocol: str) -> tuple[str, int]:
        candidate = next(each for each in self.engine.candidates if each.protocol == protocol)
        return candidate.address, candidate.port

    async def udp(self) -> socket.socket:
        return await self._connected(socket.SOCK_DGRAM, "udp", APART)

    def own(self, kind: int, host: str = APART) -> socket.socket:
        """A socket that is not connected yet."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = self._sockets.enter_context(socket.socket(family, kind))
        sock.setblocking(False)
        sock.bind((host, 0))
        return sock

    async def tcp(self, host: str = APART) -> socket.socket:
        return await self._connected(socket.SOCK_STREAM, "tcp", host)

    async def _connected(self, kind: int, protocol: str, host: str) -> socket.socket:
        sock = self.own(kind, host)
        await asyncio.get_running_loop().sock_connect(sock, self.way(protocol))
        return sock

    async def tells(self, *event: Any) -> None:
        await until(lambda: event in self.told.events, f"it tells {event}")
        self.told.events.remove(event)


async def heard(sock: socket.socket) -> bytes:
    return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 4096), LONG_S)
