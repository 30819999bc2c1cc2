"""When the native engine's loop reads publishers' own sockets, and those that viewers share."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from functools import partial
from secrets import token_hex

import pytest
from tests.media.engine.native.loop.loopback import Room, heard
from tests.media.engine.native.support.process_handles import rests
from tests.media.engine.native.support.stepped_engine import GCM, KEYFRAME, VIDEO, check, picture
from tests.support.free_ports import APART
from tests.support.waiting import LONG_S, until

from farmlive.media.engine.interface import Credentials, Keys, Peer, RemoteAddress, Timeouts
from farmlive.media.engine.native.engine import NativeEngine
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.wire import stun

THEIRS = Credentials("theirs", "a password of theirs")
# How far a camera's frames are apart.
EVERY_S = 0.04


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

    async def answer_to(self, way: socket.socket) -> bytes:
        """Return the answer to the engine's check, which came here."""
        while (data := await heard(way))[:2] != b"\x00\x01":
            pass
        return stun.success(stun.parse(data), APART, 1, THEIRS.password.encode())

    def send(self) -> None:
        self._sent += 1
        self.sock.send(picture(self._protection, KEYFRAME, self._sent))


def count(room: Room, name: str) -> int:
    return room.engine.counters()[name]


def at_once(condition: Callable[[], bool]) -> float:
    """Ask without a pause until the condition holds, and return how many seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + LONG_S
    return time.monotonic() - began


def came_more(room: Room, packets: int) -> bool:
    return count(room, "packets_received") > packets


def place_of(sock: socket.socket) -> RemoteAddress:
    address, port = sock.getsockname()[:2]
    return RemoteAddress(address, port, "udp")


def is_at(room: Room, camera: Camera, place: RemoteAddress) -> bool:
    return room.engine.remote_address(camera.peer) == place


class Crowd:
    """Viewers that check all at once, and are read after a camera's next frame: so many that the
    engine is busy with them for a moment.
    """

    MOST = 540  # more than one round reads

    def __init__(self, room: Room, camera: Camera, viewer: Camera, sock: socket.socket) -> None:
        self.room, self.camera, self._sock = room, camera, sock
        self._check = check(viewer.local)

    @classmethod
    async def gathered(cls, room: Room) -> "Crowd":
        camera, viewer = [Camera(room, await room.udp()) for _ in range(2)]
        for each in (camera, viewer):
            await each.begin()
        return cls(room, camera, viewer, await room.udp())

    def _is_waited_for(self) -> bool:
        """Send a frame, and tell whether what comes from elsewhere waits for the next one."""
        received = count(self.room, "packets_received")
        self.camera.send()
        at_once(partial(came_more, self.room, received))
        before = count(self.room, "datagrams_received")
        self._sock.send(b"?")
        # The first may be answered in the round that reads it.
        return {count(self.room, "datagrams_received") for _ in range(3)} == {before}

    async def begin(self) -> None:
        """Return while the engine reads them."""
        await until(self._is_waited_for, "viewers wait for the camera")
        before = count(self.room, "datagrams_received")
        for _ in range(self.MOST):
            self._sock.send(self._check)
        self.camera.send()
        at_once(lambda: count(self.room, "datagrams_received") >= before + 2)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    # Who is heard keeps its place else.
    engine = NativeEngine(timeouts=Timeouts(left_after=-1.0))
    with ExitStack() as sockets:
        room = Room(engine, sockets)
        await engine.start(room.told, ["127.0.0.1"], ["127.0.0.1"], 0, None)
        yield room
        await engine.stop()


async def test_what_a_camera_sends_out_of_turn_is_read_at_once(room: Room) -> None:
    """Where its next frame is due does not matter: each packet goes on as soon as it is here."""
    camera, took, due = Camera(room, await room.udp()), [], 0.0
    await camera.begin()
    for _ in range(20):
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        due = time.monotonic() + EVERY_S
        for _ in range(2):
            received = count(room, "packets_received")
            camera.send()
            took.append(at_once(partial(came_more, room, received)))
    # The second of each pair is out of turn, and from the tenth frame on one knows when the next is
    # due. A busy machine is late, though not each time.
    assert min(took[21::2]) < EVERY_S / 2


async def test_one_that_closes_the_next_ones_socket_in_a_round_holds_nobody_up(room: Room) -> None:
    """The second camera goes over to the first one's address, and has sent by then."""
    crowd = await Crowd.gathered(room)
    for _ in range(10):
        first, second = [Camera(room, await room.udp()) for _ in range(2)]
        for camera in (first, second):
            await camera.begin()
        await until(lambda: room.engine.gauges()["sockets"] == 4, "each has its own")
        first.sock.send(check(second.local, nominate=True))
        answer, place = await second.answer_to(first.sock), place_of(first.sock)
        await crowd.begin()
        first.sock.send(answer)
        second.send()
        await until(partial(is_at, room, second, place), "it went")
        for camera in (first, second):
            room.engine.remove_peer(camera.peer)
        await until(lambda: room.engine.gauges()["sockets"] == 2, "their sockets are closed")


async def test_who_joins_while_a_crowd_is_read_leaves_the_engine_at_rest(room: Room) -> None:
    crowd = await Crowd.gathered(room)
    for _ in range(20):
        await crowd.begin()
        joining = room.engine.add_peer(Credentials(token_hex(4), token_hex(12)))
        await until(lambda: rests("farmlive-media"), "the thread waits")
        room.engine.remove_peer(joining)
