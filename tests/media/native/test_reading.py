"""Publishers' own sockets in the native engine's loop, where what one sends closes another's."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack
from secrets import token_hex

import pytest
from tests.media.native.loopback import Room, heard
from tests.media.native.one_hand import GCM, KEYFRAME, VIDEO, check, picture
from tests.ports import APART
from tests.waiting import until

from farmlive.media import stun
from farmlive.media.engine import Credentials, Keys, Peer, Times
from farmlive.media.native.engine import NativeEngine
from farmlive.media.srtp import Protection

THEIRS = Credentials("theirs", "a password of theirs")


class Camera:
    """A publisher with a socket of its own, which sends a frame now and then."""

    def __init__(self, room: Room, sock: socket.socket) -> None:
        self.room, self.sock = room, sock
        self.local = Credentials(token_hex(4), token_hex(12))
        self.peer: Peer = room.engine.add_peer(self.local, THEIRS)
        room.engine.publish(self.peer, VIDEO)
        self._sent = 0

    async def begin(self) -> None:
        self.sock.send(check(self.local, nominate=True))
        # The answer, and a check of the engine's own.
        await heard(self.sock)
        await heard(self.sock)
        ours, theirs = os.urandom(28), os.urandom(28)
        self.room.engine.secure(self.peer, Keys(GCM, 16, ours, theirs))
        self._protection = Protection(Keys(GCM, 16, theirs, ours))

    async def answer(self, way: socket.socket) -> None:
        """Answer the engine's check, which came here."""
        while (data := await heard(way))[:2] != b"\x00\x01":
            pass
        way.send(stun.success(stun.parse(data), APART, 1, THEIRS.password.encode()))

    def send(self) -> None:
        self._sent += 1
        self.sock.send(picture(self._protection, KEYFRAME, self._sent))


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    # Who is heard keeps its place else.
    engine = NativeEngine(times=Times(left_after=-1.0))
    with ExitStack() as sockets:
        room = Room(engine, sockets)
        await engine.start(room.told, ["127.0.0.1"], ["127.0.0.1"], 0, None)  # type: ignore[arg-type]
        yield room
        await engine.stop()


async def test_one_that_closes_the_next_ones_socket_holds_nobody_up(room: Room) -> None:
    """The second camera goes over to the first one's address, between frames of both."""
    first, second = [Camera(room, await room.udp()) for _ in range(2)]
    for camera in (first, second):
        await camera.begin()
    await until(lambda: room.engine.census()["sockets"] == 2, "each has its own")
    for _ in range(20):
        first.send()
        second.send()
    await until(lambda: room.engine.counters()["packets_received"] == 40, "all came")
    first.send()
    second.send()
    first.sock.send(check(second.local, nominate=True))
    await second.answer(first.sock)
    await until(lambda: room.engine.place(second.peer) == room.engine.place(first.peer), "it went")
