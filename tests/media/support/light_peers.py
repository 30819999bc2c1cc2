"""Peers of an engine over sockets: keys are given without a handshake, and nothing is coded."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from pylibsrtp import Policy
from tests.media.support import packets
from tests.support.free_ports import APART
from tests.support.waiting import until

from farmlive.media.engine.interface import Credentials, Engine, Keys
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.engine_choice import choose
from farmlive.media.wire import rtcp, rtp, stun

GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM


class Told:
    """A listener who hears what is told."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *told: self.events.append((name.removeprefix("on_"), *told))


class Light:
    """One end: a socket, an authenticated address and keys."""

    opened: ClassVar[list["Light"]] = []

    def __init__(self, engine: Engine, *, answers: bool = False) -> None:
        self.engine = engine
        self.credentials = Credentials(os.urandom(4).hex(), os.urandom(12).hex())
        # Its own, by which it answers checks; None: it answers none.
        self.remote = Credentials(os.urandom(4).hex(), os.urandom(12).hex()) if answers else None
        self.number = engine.add_peer(self.credentials, self.remote)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((APART, 0))
        self.sock.setblocking(False)
        self.sock.connect((APART, engine.candidates[0].port))
        self.media: list[packets.Received] = []
        self.reports: list[rtcp.Report] = []
        self.task = asyncio.create_task(self._read())
        Light.opened.append(self)

    async def come(self) -> None:
        """Be checked and get the keys."""
        password = self.credentials.password.encode()
        self.sock.send(stun.request(f"{self.credentials.ufrag}:x", password, bytes(12)))
        one, other = os.urandom(28), os.urandom(28)
        self.protection = Protection(Keys(GCM, 16, one, other))
        await until(lambda: self.engine.remote_address(self.number), "the check has come")
        self.engine.secure(self.number, Keys(GCM, 16, other, one))

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            data = await loop.sock_recv(self.sock, 2048)
            if self.remote is not None and data[:2] == stun.BINDING_REQUEST.to_bytes(2, "big"):
                key = self.remote.password.encode()
                self.sock.send(stun.success(stun.parse(data), APART, 1, key))
            if data[0] >> 6 != 2:
                continue
            if rtp.is_rtcp(data):
                self.reports += rtcp.parse(self.protection.unprotect_rtcp(data))
            else:
                self.media.append(packets.parse(self.protection.unprotect(data)))

    def tell(self, data: bytes) -> None:
        """Send a report."""
        self.sock.send(self.protection.protect_rtcp(data))

    def close(self) -> None:
        self.task.cancel()
        self.sock.close()


@asynccontextmanager
async def started(
    engine_name: Any, *, link_control: bool = True, tcp_port: int | None = None
) -> AsyncIterator[tuple[Engine, Told]]:
    """An engine on loopback, and its listener; at the end its peers are closed."""
    engine, told = choose(engine_name, 0, link_control=link_control), Told()
    listener: Any = told
    await engine.start(listener, [APART], [APART], 0, tcp_port)
    try:
        yield engine, told
    finally:
        for each in Light.opened:
            each.close()
        Light.opened.clear()
        await engine.stop()
