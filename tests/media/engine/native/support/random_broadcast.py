"""A broadcast by chance: publishers, viewers and networks that lose, mix up and repeat packets.

Everything follows from a seed. What peers answer depends on what the engine sends them, so both
engines must send the same; the first difference is told.
"""

import heapq
import itertools
import random
from collections.abc import Callable
from typing import Any

from tests.media.engine.native.support.random_publisher import Publisher
from tests.media.engine.native.support.random_viewer import Viewer
from tests.media.engine.native.support.stepped_engines import WALL_AT_ZERO, Address, Hands

from farmlive.media.engine.interface import Output, Peer, Ssrcs

CHECK = b"\x00\x01"
CLIENT_HELLO = bytes((22, 254, 253, *bytes(10), 1)) + bytes(153)
FLIGHT = bytes((22, 254, 253, *bytes(10), 2)) + bytes(711)


class Scenario:
    """What happens, by a seed, and what both engines make of it."""

    def __init__(self, hands: Hands, seed: int) -> None:
        self.chance = random.Random(seed)
        self.hands = hands
        self.now = 1000.0
        self._happens: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = itertools.count(1)
        self._peers: dict[Peer, Any] = {}
        self._by_address: dict[Address, Any] = {}
        self._arriving: list[tuple[float, int, bytes, Address]] = []
        self.publishers: list[Publisher] = []
        self.viewers: list[Viewer] = []
        self.outputs: list[tuple[Output, Ssrcs]] = []
        self.compared = 0

    def wall(self, now: float) -> float:
        return WALL_AT_ZERO + now

    # What peers do.

    def enter(self, peer: Peer, who: Any) -> None:
        self._peers[peer] = who
        self._by_address[who.link.address] = who

    def exit(self, peer: Peer) -> None:
        who = self._peers.pop(peer, None)
        self.hands.remove_peer(peer)
        if who is not None:
            self._by_address.pop(who.link.address, None)

    def moved(self, who: Any, address: Address) -> None:
        who.link.address = address
        self._by_address[address] = who

    def come(self, who: Any, now: float) -> None:
        """A peer that is known checks, and its handshake goes on: its hello, our flight, which may
        be lost and sent again, and the rest.
        """
        self.send(who, who.link.check(), now)
        self.later(0.01, lambda at: self.send(who, CLIENT_HELLO, at))
        for again in range(self.chance.choice((1, 1, 2, 4))):
            self.later(0.02 + again / 100, lambda _: self.hands.send(who.peer, FLIGHT))
        self.later(0.08, lambda _: self.secure(who))

    def secure(self, who: Any) -> None:
        """Its handshake is done."""
        self.hands.secure(who.peer, who.link.keys)
        who.is_secured = True

    def send(self, who: Any, data: bytes, now: float) -> None:
        """A datagram goes into the network, which may lose it, delay it or send it twice."""
        link = who.link
        is_check = data[0] < 4
        if not is_check and link.chance.random() < link.loss:
            return
        for _ in range(2 if link.chance.random() < 0.005 else 1):
            when = now + link.chance.random() * link.jitter
            heapq.heappush(self._arriving, (when, next(self._numbers), data, link.address))

    def every(self, period: float, what: Callable[[float], None], begin: float = 0.0) -> None:
        """Do this again and again."""

        def again(now: float) -> None:
            what(now)
            self.later(period, again)

        self.later(begin, again)

    def later(self, delay: float, what: Callable[[float], None]) -> None:
        heapq.heappush(self._happens, (self.now + delay, next(self._numbers), what))

    # Time goes on.

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            when = min(
                self._happens[0][0] if self._happens else end,
                self._arriving[0][0] if self._arriving else end,
                max(self.hands.due, self.now),
            )
            if when >= end:
                break
            self.now = when
            self.hands.at(when)
            self.hands.run(when)
            self.compare()
            while self._happens and self._happens[0][0] <= when:
                heapq.heappop(self._happens)[2](when)
                self.hands.run(when)
                self.compare()
            came: list[tuple[bytes, Address, float | None]] = []
            while self._arriving and self._arriving[0][0] <= when and len(came) < 32:
                _, _, data, address = heapq.heappop(self._arriving)
                came.append((data, address, None))
            if came:
                self.hands.take(came, when)
                self.hands.run(when)
                self.compare()

    def compare(self) -> None:
        """What both engines sent since the last time is the same for each peer, in plain text."""
        asked: dict[Address, bytes] = {}
        sent: list[dict[Peer, list[bytes]]] = [{}, {}]
        for engine, hand in enumerate(self.hands.all):
            for to, data in hand.sent():
                who = self._by_address.get(to) if isinstance(to, tuple) else self._peers.get(to)
                if who is not None:
                    if data[:2] == CHECK and who.link.address == to and who.link.answers:
                        asked[to] = data
                    sent[engine].setdefault(who.peer, []).append(who.link.plain(engine, data))
        if sent[0] != sent[1]:
            raise AssertionError(self._difference(*sent))
        for address, check in asked.items():
            who = self._by_address[address]
            self.send(who, who.link.answer(check), self.now)
        for peer, packets in sent[0].items():
            self.compared += len(packets)
            for plain in packets:
                self._peers[peer].hear(plain, self.now)

    def _difference(self, *sent: dict[Peer, list[bytes]]) -> str:
        peer = next(each for each in (*sent[0], *sent[1]) if sent[0].get(each) != sent[1].get(each))
        python, native = (each.get(peer, []) for each in sent)
        lines = [
            f"at {self.now} for {type(self._peers[peer]).__name__} {peer}: "
            f"{len(python)} packets by Python, {len(native)} by C"
        ]
        for at, pair in enumerate(itertools.zip_longest(python, native, fillvalue=b"")):
            if pair[0] != pair[1]:
                lines += [f"{at}: {each[:60].hex(' ', 4)} ({len(each)} bytes)" for each in pair]
        return "\n".join(lines[:7])
