"""The port's sockets: what comes is taken whichever socket it comes to, and when it is read."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.free_ports import APART
from tests.support.waiting import until

from farmlive.media.engine.python.net.sockets import Port, Ports


class Room:
    """The port on one address, what was taken from it, and who sends to it."""

    def __init__(self) -> None:
        self.ports = Ports()
        self.taken: list[tuple[bytes, Any]] = []
        self.readings = 0
        self.rest = 0.0
        number = self.ports.open([APART], 0, self._take, self._done)
        self.address = (APART, number)
        (self.port,) = self.ports.all
        self.source, self.viewer = self._sender(), self._sender()

    def _sender(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((APART, 0))
        sock.connect(self.address)
        return sock

    def _take(self, port: Port, data: bytes, extra: object, address: Any, now: float) -> None:
        assert port is self.port
        self.taken.append((data, address))

    def _done(self, now: float) -> None:
        self.readings += 1

    async def comes(self, *expected: tuple[bytes, socket.socket]) -> None:
        wanted = [(data, sender.getsockname()) for data, sender in expected]
        await until(lambda: len(self.taken) >= len(wanted), "the datagrams are taken")
        assert sorted(self.taken) == sorted(wanted)
        self.taken.clear()

    def own(self, sender: socket.socket) -> None:
        self.ports.open_own(self.port, sender.getsockname(), lambda now: self.rest)

    def close(self) -> None:
        self.ports.close()
        self.source.close()
        self.viewer.close()


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    room = Room()
    yield room
    room.close()


async def test_a_publisher_with_a_socket_of_its_own_is_at_the_same_port(room: Room) -> None:
    room.own(room.source)
    assert len(room.port.own) == 1
    room.source.send(b"media")
    room.viewer.send(b"report")
    await room.comes((b"media", room.source), (b"report", room.viewer))
    room.ports.close_own(room.port, room.source.getsockname())
    room.source.send(b"goodbye")
    await room.comes((b"goodbye", room.source))


async def test_viewers_are_read_when_a_publisher_wakes_us(room: Room) -> None:
    room.own(room.source)
    room.source.send(b"media")
    await room.comes((b"media", room.source))
    room.ports.read_with_publishers()
    before = room.readings
    room.viewer.send(b"report")
    room.source.send(b"media")
    await room.comes((b"media", room.source), (b"report", room.viewer))
    assert room.readings == before + 1
    room.viewer.send(b"check")
    room.ports.read_when_readable()
    await room.comes((b"check", room.viewer))


async def test_a_publisher_that_rests_is_read_once_for_all_that_comes(room: Room) -> None:
    room.own(room.source)
    room.rest = 0.02
    room.source.send(b"first")
    await room.comes((b"first", room.source))
    before = room.readings
    for _ in range(5):
        room.source.send(b"media")
        await asyncio.sleep(0)
    await room.comes(*[(b"media", room.source)] * 5)
    assert room.readings == before + 1
    room.ports.close_own(room.port, room.source.getsockname())
    room.source.send(b"goodbye")
    await room.comes((b"goodbye", room.source))


async def test_without_publishers_nobody_waits(room: Room) -> None:
    room.ports.read_with_publishers()
    room.viewer.send(b"check")
    await room.comes((b"check", room.viewer))


async def test_nobody_waits_for_publishers_that_have_left(room: Room) -> None:
    room.own(room.source)
    room.source.send(b"media")
    await room.comes((b"media", room.source))
    room.ports.read_with_publishers()
    room.ports.close_own(room.port, room.source.getsockname())
    # Others wake us, such as connections.
    room.ports.read_with_publishers()
    room.viewer.send(b"check")
    await room.comes((b"check", room.viewer))


async def test_many_that_wait_are_all_taken(room: Room) -> None:
    room.own(room.source)
    room.source.send(b"media")
    await room.comes((b"media", room.source))
    room.ports.read_with_publishers()
    for _ in range(150):
        room.viewer.send(b"report")
    room.source.send(b"media")
    await room.comes(*[(b"report", room.viewer)] * 150, (b"media", room.source))


async def test_nobody_else_can_open_the_port(room: Room) -> None:
    room.own(room.source)
    room.own(room.viewer)
    assert len(room.port.own) == 2
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.setsockopt(socket.SOL_SOCKET, option, 1)
            with pytest.raises(OSError, match="in use"):
                other.bind(room.address)


async def test_a_publisher_whose_socket_cannot_be_opened_shares(room: Room) -> None:
    # The kernel connects no socket to the broadcast address unasked.
    room.ports.open_own(room.port, ("255.255.255.255", 9), lambda now: 0.0)
    assert not room.port.own
    room.source.send(b"media")
    await room.comes((b"media", room.source))
