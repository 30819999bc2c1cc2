"""Between an aiortc peer and the server: what the peer sends by UDP goes on by UDP or TCP from a
socket that a test may change, as a phone's does that moves.
"""

import asyncio
import re
import socket
from collections import Counter
from typing import Any

from tests.support.free_ports import APART

from farmlive.media.wire import rtp
from farmlive.media.wire.framing import Deframer, frame


def kind(packet: bytes) -> str:
    """What it is (RFC 7983)."""
    if packet[0] < 4:
        return "stun"
    if packet[0] < 128:
        return "dtls"
    return "rtcp" if rtp.is_rtcp(packet) else "rtp"


class Passage:
    """One peer's way to the server. `address` stands in the answer for the server's own, `passed`
    counts what came from there by its kind; one in `loses` of RTP is lost.
    """

    loses: int | None = None

    def __init__(self, udp: tuple[str, int], tcp: tuple[str, int]) -> None:
        self._udp, self._tcp = udp, tcp
        self._loop = asyncio.get_running_loop()
        self._near = self._bound()
        self._near.bind((APART, 0))
        self.address: tuple[str, int] = self._near.getsockname()
        self._peer: Any = None
        self._far: socket.socket | None = None
        self._framed = False
        self._deframer = Deframer()
        self.passed: Counter[str] = Counter()
        self._loop.add_reader(self._near, self._from_peer)

    @staticmethod
    def _bound(kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
        sock = socket.socket(socket.AF_INET, kind)
        sock.setblocking(False)
        return sock

    def by_udp(self) -> None:
        """Go on by UDP, from another port than before."""
        self.cut()
        self._far, self._framed = self._bound(), False
        self._far.connect(self._udp)
        self._loop.add_reader(self._far, self._from_server)

    async def by_tcp(self) -> None:
        """Go on by a new TCP connection."""
        self.cut()
        sock = self._bound(socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        await self._loop.sock_connect(sock, self._tcp)
        self._far, self._framed, self._deframer = sock, True, Deframer()
        self._loop.add_reader(sock, self._from_server)

    async def by(self, protocol: str) -> None:
        """Go on by `udp` or `tcp`."""
        if protocol == "udp":
            self.by_udp()
        else:
            await self.by_tcp()

    def cut(self) -> None:
        """Lose the way."""
        if self._far is not None:
            self._loop.remove_reader(self._far)
            self._far.close()
            self._far = None

    def pause(self) -> None:
        """Take nothing from the server for now."""
        assert self._far is not None
        self._loop.remove_reader(self._far)

    def go_on(self) -> None:
        """Take what waits, and what comes."""
        assert self._far is not None
        self._loop.add_reader(self._far, self._from_server)

    def close(self) -> None:
        """End."""
        self.cut()
        self._loop.remove_reader(self._near)
        self._near.close()

    def lead_here(self, answer: str) -> str:
        """The answer with this passage as the one candidate."""
        without = re.sub(r"a=candidate.*\r\n", "", answer)
        host, port = self.address
        line = f"a=candidate:1 1 udp 2130706431 {host} {port} typ host\r\n"
        return without.replace("a=end-of-candidates", line + "a=end-of-candidates")

    def _from_peer(self) -> None:
        try:
            data, self._peer = self._near.recvfrom(2048)
            if self._far is not None:
                self._far.send(frame(data) if self._framed else data)
        except OSError:
            return

    def _from_server(self) -> None:
        if self._far is None:
            return
        try:
            data = self._far.recv(1 << 16)
        except OSError:
            return
        if self._framed and not data:
            self.cut()
            return
        for packet in self._deframer.feed(data) if self._framed else [data]:
            what = kind(packet)
            self.passed[what] += 1
            if what != "rtp" or not self.loses or self.passed[what] % self.loses:
                self._near.sendto(packet, self._peer)
