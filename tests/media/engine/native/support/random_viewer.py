"""A viewer by chance: it tells what it lost, asks again, and moves."""

import random
import struct
from typing import TYPE_CHECKING

from tests.media.engine.native.support.random_link import TYPES, Link

from farmlive.media.engine.interface import Outgoing, Output, Peer, Ssrcs, Viewing
from farmlive.media.engine.python.link.quality_ladder import RUNGS
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import HEADER, ntp

if TYPE_CHECKING:
    from tests.media.engine.native.support.random_broadcast import Scenario


class Viewer:
    """Watches, tells what it lost, and asks again."""

    def __init__(self, scenario: "Scenario", number: int, output: Output, ssrcs: Ssrcs) -> None:
        chance = self.chance = random.Random(scenario.chance.random())
        self.scenario, self.ssrcs = scenario, ssrcs
        # None: it was removed.
        self.output: Output | None = output
        self.link = Link(chance, number, chance.choice((0, 0, 0.03, 0.25)), 0.0)
        red = chance.random() < 0.5
        rtx = chance.random() < 0.85
        self.viewing = Viewing(
            {
                codec: Outgoing(number, number + 1 if rtx else None)
                for codec, number in TYPES.items()
                if chance.random() < 0.95
            },
            {"OPUS": Outgoing(111, None, 63 if red else None)},
            exempt=chance.random() < 0.1,
        )
        self.peer: Peer = 0
        self.highest: int | None = None
        self.cycles = self.received = self.lost = 0
        self.missing: dict[int, int] = {}
        self.ssrc = chance.getrandbits(32) | 1
        self.watching_since = 0.0
        # How long its packets wait in the queue of its link.
        self.queue_s = 0.0
        self.is_secured = False

    def join(self, now: float) -> None:
        hands = self.scenario.hands
        self.peer = hands.add_peer(self.link.local, self.link.remote)
        if self.output is not None:
            hands.view(self.peer, self.output, self.viewing)
        self.scenario.enter(self.peer, self)
        self.scenario.come(self, now)
        if self.chance.random() < 0.2:
            hands.prefer(self.peer, self.chance.choice((0, 1, None)))
        if self.chance.random() < 0.2:
            hands.limit_rung(self.peer, self.chance.choice((*RUNGS, None)))

    def watch(self, output: Output, ssrcs: Ssrcs) -> None:
        """Watch another output, from the beginning."""
        self.output, self.ssrcs = output, ssrcs
        self.highest, self.cycles, self.received, self.lost = None, 0, 0, 0
        self.missing.clear()
        self.scenario.hands.view(self.peer, output, self.viewing)

    def leave(self) -> None:
        self.scenario.exit(self.peer)

    def hear(self, plain: bytes, now: float) -> None:
        """A packet came, or was lost on its way."""
        if plain[0] < 128 or 192 <= plain[1] <= 223 or len(plain) < 12:
            return
        _, _, sequence, _, ssrc = HEADER.unpack_from(plain)
        if ssrc != self.ssrcs.video or self.chance.random() < self.link.loss:
            return
        self.received += 1
        if self.highest is None:
            self.highest = sequence
            return
        distance = ((sequence - self.highest + 0x8000) & 0xFFFF) - 0x8000
        if 0 < distance < 1000:
            for step in range(1, distance):
                self.missing[(self.highest + step) & 0xFFFF] = 0
            if sequence < self.highest:
                self.cycles += 1
            self.highest = sequence
        else:
            self.missing.pop(sequence, None)

    def report(self, now: float) -> None:
        """What a browser tells: what came, now and then its estimate, its time, a NACK, a PLI."""
        if self.highest is None:
            return
        chance, extended = self.chance, self.cycles << 16 | self.highest
        self.lost += len(self.missing) // 2
        if chance.random() < 0.1:
            self.queue_s = chance.choice((0.0, 0.0, 0.1, 0.4))
        # By the last sender report, which came just now.
        sent_at = ntp(self.scenario.wall(now) - 0.05 - self.queue_s) >> 16 & 0xFFFFFFFF
        last = sent_at if chance.random() < 0.9 else 0
        block = rtcp.ReceiverReport(self.ssrcs.video, 0, self.lost, extended, 5, last, 0)
        data = rtcp.receiver_report(self.ssrc, [block])
        if chance.random() < 0.3:
            data += rtcp.reference_time(self.ssrc, ntp(self.scenario.wall(now) - 3))
        if chance.random() < 0.2:
            kbps = chance.choice((300, 700, 2500))
            data += struct.pack("!BBHII4sI", 0x8F, 206, 4, self.ssrc, 0, b"REMB", 1 << 24) + b""
            data = data[:-4] + struct.pack("!I", 1 << 24 | 10 << 18 | kbps)
        if chance.random() < 0.03:
            data += rtcp.picture_loss(self.ssrc, self.ssrcs.video)
        self.scenario.send(self, self.link.rtcp(data), now)

    def ask(self, now: float) -> None:
        """NACK what is missing."""
        due = [number for number, tries in self.missing.items() if tries < 3]
        for number in list(self.missing):
            self.missing[number] += 1
            if self.missing[number] > 6:
                del self.missing[number]
        if due:
            data = rtcp.receiver_report(self.ssrc, [])
            data += rtcp.nack(self.ssrc, self.ssrcs.video, due[:150])
            self.scenario.send(self, self.link.rtcp(data), now)

    def move(self, now: float) -> None:
        """It is at another address from now on."""
        host, port = self.link.address
        self.scenario.moved(self, (host, port + 1000))
        self.scenario.send(self, self.link.check(), now)
