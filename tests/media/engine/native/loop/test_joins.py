"""Viewers come and go by the thousand: memory and file handles stay as they are.

More of them: FARMLIVE_TEST_JOINS=10000.
"""

import gc
import os
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pylibsrtp import Policy
from tests.media.engine.native.support.process_handles import handles
from tests.media.engine.native.support.stepped_engine import check
from tests.media.engine.native.support.stepped_engines import Told
from tests.media.support import packets
from tests.support.free_ports import APART
from tests.support.waiting import until

from farmlive.media.engine.interface import (
    Credentials,
    Incoming,
    Keys,
    Outgoing,
    Publishing,
    Viewing,
)
from farmlive.media.engine.native.engine import NativeEngine
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.wire.rtp import Packet

JOINS = int(os.environ.get("FARMLIVE_TEST_JOINS", "2000"))
AT_ONCE = 50
# A quarter of the joins fill what is kept ready; then 512 bytes a join would be noticed.
GROWN_MOST = max(1 << 20, 512 * JOINS * 3 // 4)
VIDEO = Publishing([Incoming("video", 90_000, {96: "VP8"}, {97: 96}, nack=True, pli=True)])
VIEWING = Viewing({"VP8": Outgoing(96, 97)}, {"OPUS": Outgoing(111)})
KEYFRAME = b"\x10\x00\x9d\x01\x2a" + bytes(800)
GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM


def memory() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Room:
    """An engine with a publisher on air, and sockets that viewers take in turn."""

    def __init__(self, engine: NativeEngine, told: Told, sockets: ExitStack) -> None:
        self.engine, self.told = engine, told
        udp = next(each for each in engine.candidates if each.protocol == "udp")
        self.ways = [
            sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for _ in range(AT_ONCE + 1)
        ]
        for way in self.ways:
            way.setblocking(False)
            way.connect((udp.address, udp.port))
        self.output = engine.add_output()
        self.frames = 0

    async def comes(self, way: socket.socket) -> tuple[int, Protection]:
        """A peer with keys that checks from here, and its end of them."""
        local = Credentials(os.urandom(4).hex(), "a password of its own")
        peer = self.engine.add_peer(local)
        ours, theirs = os.urandom(28), os.urandom(28)
        way.send(check(local))
        await until(lambda: self.engine.remote_address(peer), "it is reached")
        self.engine.secure(peer, Keys(GCM, 16, ours, theirs))
        return peer, Protection(Keys(GCM, 16, theirs, ours))

    async def publishes(self) -> None:
        self.publisher, self.camera = await self.comes(self.ways[-1])
        self.engine.publish(self.publisher, VIDEO)
        self.engine.put_on_air(self.output, self.publisher)

    def frame(self) -> None:
        self.frames += 1
        packet = Packet(self.frames & 0xFFFF, self.frames * 3_000, True, KEYFRAME)
        plain = packets.write(packet, 96, 500)
        self.ways[-1].send(self.camera._transmit.protect(plain))

    async def some_come_and_go(self) -> None:
        """Each gets a picture."""
        viewers = [await self.comes(way) for way in self.ways[:AT_ONCE]]
        for peer, _ in viewers:
            self.engine.view(peer, self.output, VIEWING)
        waiting = {way: screen for way, (_, screen) in zip(self.ways, viewers, strict=False)}

        def all_got_it() -> bool:
            self.frame()
            for way, screen in list(waiting.items()):
                if got_picture(way, screen):
                    del waiting[way]
            return not waiting

        await until(all_got_it, "everyone has got a picture")
        for peer, _ in viewers:
            self.engine.remove_peer(peer)
        await until(lambda: len(self.engine._sessions) == 1, "all sessions are free")
        for way in self.ways[:AT_ONCE]:
            got_picture(way, None)
        self.told.events.clear()


def got_picture(way: socket.socket, screen: Protection | None) -> bool:
    """Read all that is there."""
    got = False
    while True:
        try:
            data = way.recv(2048)
        except BlockingIOError:
            return got
        if screen and data[0] >= 128 and not 192 <= data[1] <= 223:
            got |= packets.parse(screen.unprotect(data)).packet.payload == KEYFRAME


@pytest.mark.timeout(0)
@pytest.mark.parametrize("send_threads", [0, 2])
async def test_who_comes_and_goes_leaves_nothing(send_threads: int) -> None:
    told: Any = Told()
    engine = NativeEngine(send_threads)
    await engine.start(told, [APART], [APART], 0, None)
    with ExitStack() as sockets:
        room = Room(engine, told, sockets)
        await room.publishes()
        for _ in range(JOINS // AT_ONCE // 4):
            await room.some_come_and_go()
        before = memory(), handles()
        for _ in range(JOINS // AT_ONCE * 3 // 4):
            await room.some_come_and_go()
        assert handles() == before[1]
        assert memory() - before[0] < GROWN_MOST
        assert engine._peers == {room.publisher}
    await engine.stop()
