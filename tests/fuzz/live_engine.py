"""A house: an engine with a publisher on air, a viewer and a stranger."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from tests.fuzz.corpus import SESSIONS, Session
from tests.fuzz.engine_driver import End, Heard, Kind, Works
from tests.media.support import packets

from farmlive.media.engine.interface import Candidate, Credentials, Viewing
from farmlive.media.signalling import negotiation
from farmlive.media.wire import rtcp, rtp, stun

PUBLISHERS = [each for each in SESSIONS if each.way == "publish"]
PLAYERS = [each for each in SESSIONS if each.way == "play"]
LOCAL = negotiation.Local(
    Credentials("ours", "our-password-of-22-letters"),
    ":".join(["AB"] * 32),
    [Candidate("192.0.2.7", 8189), Candidate("2001:db8::7", 8189)],
)


class House:
    """An engine with a publisher on air, a viewer and a stranger. `now` is its time."""

    def __init__(self, session: Session, kind: Kind) -> None:
        self.works: Works = kind()
        self.engine = self.works.engine
        self.heard = Heard()
        self.fed = 0
        self.now = time.monotonic()
        self.publisher, self.viewer = End("publisher", 4000), End("viewer", 4001)
        self.stranger = ("127.0.0.1", 9)
        self.session = session

    async def start(self) -> None:
        await self.works.start(self.heard, (self.publisher, self.viewer), self.now)
        _, publishing, _ = negotiation.publish(self.session.offer, LOCAL)
        self.output = self.engine.add_output()
        self.ssrcs = self.engine.ssrcs(self.output)
        _, self.viewing, _ = negotiation.view(PLAYERS[0].offer, LOCAL, self.ssrcs, [])
        self.peers = []
        for end in (self.publisher, self.viewer):
            peer = self.engine.add_peer(end.credentials)
            self.peers.append(peer)
            if end is self.publisher:
                self.engine.publish(peer, publishing)
            else:
                self.engine.view(peer, self.output, self.viewing)
            self.feed(end.check(), end.address)
            self.engine.secure(peer, end.keys)
        self.engine.put_on_air(self.output, self.peers[0])

    def feed(self, data: bytes, address: Any) -> None:
        self.works.take(data, address, self.now)
        self.fed += 1

    def after(self, pause: float) -> None:
        """The reading ends, and some time passes."""
        self.works.run(self.now, self.now + pause)
        self.now += pause

    async def check(self) -> None:
        """Nothing was raised anywhere, every datagram counts, and little is held."""
        await self.works.settle(self.now)
        counts = self.engine.counters()
        assert counts["datagrams_received"] == self.fed
        assert all(count >= 0 for count in counts.values())
        assert counts["datagrams_ignored"] + counts["packets_received"] <= self.fed
        assert self.engine.gauges()["addresses"] <= 16
        self.works.check(self.peers[0])

    def check_received(self) -> None:
        """The viewer got something, all of it whole and of the stream that it was promised."""
        media = 0
        types = payload_types(self.viewing)
        for data in self.works.received(self.viewer, self.peers[1]):
            assert len(data) <= 1_504
            if data[0] < 4:
                assert stun.parse(data).kind == stun.BINDING_SUCCESS
            elif rtp.is_rtcp(data):
                assert list(rtcp.parse(self.viewer.receiving.unprotect_rtcp(data))) is not None
            else:
                media += 1
                got = packets.parse(self.viewer.receiving.unprotect(data))
                assert got.payload_type in types
                assert got.ssrc in (self.ssrcs.video, self.ssrcs.retransmission, self.ssrcs.audio)
                assert got.extension is None
        assert media
        for data in self.heard_by_publisher():
            assert len(data) <= 1_504
            if data[0] >= 128:
                assert list(rtcp.parse(self.publisher.receiving.unprotect_rtcp(data))) is not None

    def heard_by_publisher(self) -> Iterator[bytes]:
        return self.works.received(self.publisher, self.peers[0])

    async def stop(self) -> None:
        for peer in self.peers:
            self.engine.remove_peer(peer)
        self.engine.remove_output(self.output)
        held = {name: count for name, count in self.engine.gauges().items() if count}
        await self.works.stop()
        assert held == {}


def payload_types(viewing: Viewing) -> set[int]:
    each = (*viewing.video.values(), *viewing.audio.values())
    found = {(way.payload_type, way.retransmission, way.red) for way in each}
    return {number for numbers in found for number in numbers if number is not None}


@asynccontextmanager
async def at_home(session: Session, kind: Kind) -> AsyncIterator[House]:
    house = House(session, kind)
    await house.start()
    try:
        yield house
    finally:
        await house.stop()
