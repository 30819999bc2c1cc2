"""Both engines by hand: a test sets the clock, gives datagrams and gets what would be sent.

What both send to a peer is compared in plain text, so both are given the same keys and draws.
"""

import heapq
import itertools
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, Protocol

import pytest

from farmlive.media.engine import interface
from farmlive.media.engine.interface import (
    Credentials,
    Keys,
    Output,
    Peer,
    Publishing,
    Rung,
    Ssrcs,
    Viewing,
)
from farmlive.media.engine.python import engine as python_engine
from farmlive.media.engine.python import send_group, timers
from farmlive.media.engine.python.engine import PythonEngine
from farmlive.media.engine.python.ingest.rtp_rewrite import Rewriter
from farmlive.media.engine.python.net.sockets import Port
from farmlive.media.engine.python.output import viewer
from farmlive.media.engine.python.output.sound import CLOCK_RATE

Address = tuple[str, int]
# What our clock says at 0 of the steady one, in seconds since 1970.
WALL_AT_ZERO = 1_790_000_000.0
RTX_SEQUENCE = 1234
CHECKS_SECRET = bytes(range(16))


class Draws(Protocol):
    """Numbers that engines draw at random; both get the same."""

    def getrandbits(self, count: int, /) -> int:
        """A number of so many bits."""


class Told:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.events.append((name.removeprefix("on_"), *arguments))


class _Sock:
    """In the place of a UDP socket: keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[Address, bytes]] = []

    def sendto(self, data: Any, address: Address) -> None:
        self.sent.append((address, bytes(data)))

    def setsockopt(self, *_: Any) -> None:
        return


class _Timer:
    def __init__(self, call: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self._call: Callable[..., None] | None = call
        self._arguments = arguments

    def cancel(self) -> None:
        self._call = None

    def run(self) -> None:
        if self._call is not None:
            self._call(*self._arguments)


class _Loop:
    """In the place of the event loop: what is to be called, and when."""

    def __init__(self, hand: "PythonHand") -> None:
        self._hand = hand
        self._timers: list[tuple[float, int, _Timer]] = []
        self._numbers = itertools.count()

    def call_later(self, delay: float, call: Callable[..., None], *arguments: Any) -> _Timer:
        timer = _Timer(call, arguments)
        heapq.heappush(self._timers, (self._hand.now + delay, next(self._numbers), timer))
        return timer

    def call_soon(self, call: Callable[..., None], *arguments: Any) -> _Timer:
        return self.call_later(0, call, *arguments)

    @property
    def due(self) -> float:
        return self._timers[0][0] if self._timers else float("inf")

    def run(self, now: float) -> None:
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2].run()


class PythonHand:
    """The engine in Python without a socket and a loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, draws: Draws) -> None:
        self.now = 0.0
        self.told = Told()
        self._draws = draws
        clock = SimpleNamespace(monotonic=lambda: self.now, time=lambda: self.now)
        for module in (python_engine, timers, send_group):
            monkeypatch.setattr(module, "time", clock)
        monkeypatch.setattr(send_group, "_sendmmsg", None)
        # What is not a socket would be taken for a port of streams.
        monkeypatch.setattr(send_group, "socket", SimpleNamespace(socket=_Sock))
        monkeypatch.setattr(send_group, "_name", lambda address: bytes(16))
        monkeypatch.setattr(viewer, "socket", SimpleNamespace(socket=_Sock))
        monkeypatch.setattr(viewer, "randbelow", lambda _: RTX_SEQUENCE)
        monkeypatch.setattr(interface, "randbits", draws.getrandbits)
        monkeypatch.setattr(python_engine, "randbits", draws.getrandbits)
        monkeypatch.setattr(python_engine, "token_bytes", lambda _: CHECKS_SECRET)
        monkeypatch.setattr(timers, "now_ms", lambda: (WALL_AT_ZERO + self.now) * 1000)
        self._sock = _Sock()
        self._port = Port(self._sock)  # type: ignore[arg-type]
        self._loop = _Loop(self)
        monkeypatch.setattr(timers, "asyncio", SimpleNamespace(get_running_loop=lambda: self._loop))
        self.engine = PythonEngine()

    def start(self, now: float) -> None:
        self.now = now
        self.engine._listener = self.told
        self.engine._timers.start(self.told)

    @property
    def due(self) -> float:
        return self._loop.due

    def run(self, now: float) -> None:
        self.now = now
        self._loop.run(now)

    def take(self, data: bytes, address: Address, stamp: float | None, now: float) -> None:
        self.now = now
        self.engine._demux.handle_datagram(self._port, data, stamp, address, now)
        self.engine._timers.run_due(now)

    def sent(self) -> list[tuple[Address, bytes]]:
        sent, self._sock.sent = self._sock.sent, []
        return sent

    def add_output(self, sound: tuple[int, int]) -> tuple[Output, Ssrcs]:
        output = self.engine.add_output()
        fanout = self.engine._outputs[output]
        fanout.sound._rewriter = Rewriter(CLOCK_RATE, *sound)
        return output, fanout.ssrcs


class Hands:
    """Both engines; each call is made at both, and numbers of peers and outputs are the same."""

    def __init__(self, python: PythonHand, native: Any) -> None:
        self.python, self.native = python, native

    @property
    def all(self) -> Sequence[Any]:
        return self.python, self.native

    @property
    def due(self) -> float:
        # A hair later: each adds the same numbers up in an order of its own.
        return min(self.python.due, float(self.native.due)) + 1e-9

    def start(self, now: float) -> None:
        for hand in self.all:
            hand.start(now)

    def run(self, now: float) -> None:
        for hand in self.all:
            hand.run(now)

    def take(self, datagrams: Sequence[tuple[bytes, Address, float | None]], now: float) -> None:
        for hand in self.all:
            for data, address, stamp in datagrams:
                hand.take(data, address, stamp, now)

    def at(self, now: float) -> None:
        self.python.now = now
        self.native.set_now(now)

    def add_peer(self, local: Credentials, remote: Credentials | None = None) -> Peer:
        peer = self.python.engine.add_peer(local, remote)
        assert self.native.add_peer(local, remote) == peer
        return peer

    def restart_ice(
        self, peer: Peer, local: Credentials, remote: Credentials | None = None
    ) -> None:
        for hand in self.all:
            hand.engine.restart_ice(peer, local, remote)

    def send(self, peer: Peer, record: bytes) -> None:
        for hand in self.all:
            hand.engine.send(peer, record)

    def secure(self, peer: Peer, keys: Keys) -> None:
        for hand in self.all:
            hand.engine.secure(peer, keys)

    def remove_peer(self, peer: Peer) -> None:
        for hand in self.all:
            hand.engine.remove_peer(peer)

    def add_output(self, sound: tuple[int, int]) -> tuple[Output, Ssrcs]:
        output, ssrcs = self.python.add_output(sound)
        assert self.native.add_output(ssrcs, sound) == output
        return output, ssrcs

    def remove_output(self, output: Output) -> None:
        for hand in self.all:
            hand.engine.remove_output(output)

    def publish(self, peer: Peer, publishing: Publishing) -> None:
        self.python.engine.publish(peer, publishing)
        own_ssrc = self.python.engine._peers[peer].publisher.own_ssrc  # type: ignore[union-attr]
        self.native.publish(peer, publishing, own_ssrc)

    def view(self, peer: Peer, output: Output, viewing: Viewing) -> None:
        self.python.engine.view(peer, output, viewing)
        self.native.view(peer, output, viewing, RTX_SEQUENCE)

    def put_on_air(self, output: Output, peer: Peer | None) -> None:
        for hand in self.all:
            hand.engine.put_on_air(output, peer)

    def prefer(self, peer: Peer, most: int | None) -> None:
        for hand in self.all:
            hand.engine.limit_layer(peer, most)

    def limit_rung(self, peer: Peer, most: Rung | None) -> None:
        for hand in self.all:
            hand.engine.limit_rung(peer, most)
