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


def _drawn() -> Credentials:
    return Credentials(os.urandom(4).hex(), os.urandom(12).hex())


class Light:
    """One end: a socket, an authenticated address and keys.

    It checks until it is checked, and answers by its own credentials, unless it has none: a path
    that only the keys validate is given up where a busy machine lets two seconds pass before they
    come.
    """

    opened: ClassVar[list["Light"]] = []

    def __init__(self, engine: Engine, *, answers: bool = True) -> None:
        self.engine = engine
        self.credentials = _drawn()
        self.remote = _drawn() if answers else None
        self.number = engine.add_peer(self.credentials, self.remote)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((APART, 0))
        self.sock.setblocking(False)
        self.sock.connect((APART, engine.candidates[0].port))
        self.was_checked = False
        self.responses: set[bytes] = set()
        self.media: list[packets.Received] = []
        self.reports: list[rtcp.Report] = []
        self.task = asyncio.create_task(self._read())
        Light.opened.append(self)

    async def come(self) -> None:
        """Be checked and get the keys."""
        one, other = os.urandom(28), os.urandom(28)
        self.protection = Protection(Keys(GCM, 16, one, other))
        await until(self._check_until_checked, "the engine has checked it", every_s=0.05)
        self.engine.secure(self.number, Keys(GCM, 16, other, one))
        # The engine reads in order: by now it has our answer, too.
        last = self._check()
        await until(lambda: last in self.responses, "the last check is answered")

    def _check_until_checked(self) -> bool:
        if self.remote is None:
            self.was_checked = self.engine.remote_address(self.number) is not None
        if not self.was_checked:
            self._check()
        return self.was_checked

    def _check(self) -> bytes:
        """Send a check; return its transaction."""
        transaction, password = os.urandom(12), self.credentials.password.encode()
        name = f"{self.credentials.ufrag}:{self.remote.ufrag if self.remote else 'x'}"
        self.sock.send(stun.request(name, password, transaction))
        return transaction

    def _take_stun(self, message: stun.Message) -> None:
        if message.kind == stun.BINDING_SUCCESS:
            self.responses.add(message.transaction)
        elif self.remote is not None:
            host, port = self.sock.getpeername()
            self.sock.send(stun.success(message, host, port, self.remote.password.encode()))
            self.was_checked = True

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            data = await loop.sock_recv(self.sock, 2048)
            if data[0] < 4:
                self._take_stun(stun.parse(data))
            elif rtp.is_rtcp(data):
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
