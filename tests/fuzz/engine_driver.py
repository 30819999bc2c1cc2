"""Engines whose datagrams and time are given by a test, and the ends that talk to them."""

import asyncio
import ctypes
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from unittest.mock import patch

import pytest
from pylibsrtp import Policy, Session
from tests.support.free_ports import APART
from tests.support.waiting import until

from farmlive.media.engine.interface import Credentials, Keys, Timeouts
from farmlive.media.engine.python import engine as python_engine
from farmlive.media.engine.python import srtp
from farmlive.media.engine.python.engine import PythonEngine
from farmlive.media.engine.python.srtp import Protection, Unreadable
from farmlive.media.wire import stun

GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
# Nobody counts as silent or lost, however slowly a busy machine gets from one datagram to the next.
PATIENT = Timeouts(consent=3_600, silent=3_600)


class Open(Protection):
    """Takes plain packets for protected ones, so that the parsers see any bytes; like SRTP, each
    number of a stream once.
    """

    __slots__ = ("_seen",)

    def __init__(self, keys: Keys) -> None:
        super().__init__(keys)
        self._seen: set[bytes] = set()

    def unprotect(self, data: bytes) -> bytes:
        number = data[2:4] + data[8:12]
        if number in self._seen:
            raise Unreadable("it came before")
        self._seen.add(number)
        return data

    def unprotect_rtcp(self, data: bytes) -> bytes:
        return data


@dataclass
class Heard:
    """What the engine told."""

    told: list[tuple[Any, ...]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.told.append((name, *arguments))


class End:
    """A client: its address, its socket where it has one, and its keys."""

    def __init__(self, name: str, port: int) -> None:
        self.socket: socket.socket | None = None
        self.address = (APART, port)
        self.credentials = Credentials(name, f"the password of {name}")
        self.keys = Keys(GCM, 16, os.urandom(28), os.urandom(28))
        self.sending = self._session(self.keys.receive, Policy.SSRC_ANY_OUTBOUND)
        self.receiving = self._session(self.keys.transmit, Policy.SSRC_ANY_INBOUND)

    @staticmethod
    def _session(key: bytes, direction: int) -> Session:
        policy = Policy(key=key, ssrc_type=direction, srtp_profile=GCM)
        policy.window_size = 1024
        policy.allow_repeat_tx = True
        return Session(policy)

    def check(self, nominate: bool = True) -> bytes:
        key = self.credentials.password.encode()
        name = f"{self.credentials.ufrag}:x"
        return stun.request(name, key, bytes(12), use_candidate=nominate)


class Works(Protocol):
    """An engine whose datagrams and time are given by a test."""

    engine: Any

    async def start(self, heard: Heard, ends: tuple[End, ...], now: float) -> None:
        """Begin."""

    def take(self, data: bytes, address: Any, now: float) -> None:
        """A datagram comes."""

    def run(self, now: float, later: float) -> None:
        """The reading ends, and it is later."""

    async def settle(self, now: float) -> None:
        """Let all be asked and sent that is to be soon."""

    def received(self, end: End, peer: int) -> Iterator[bytes]:
        """What was sent to this end."""

    def check(self, publisher: int) -> None:
        """What it keeps is bounded."""

    async def stop(self) -> None:
        """End."""


class PythonWorks:
    """The engine in Python: over sockets that are never read while it runs."""

    def __init__(self) -> None:
        self.engine = PythonEngine(PATIENT)
        self.faults: list[Any] = []

    async def start(self, heard: Heard, ends: tuple[End, ...], now: float) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: self.faults.append(what))
        await self.engine.start(heard, [APART], [APART], 0, None)
        self.port = self.engine._ports.all[0]
        self._ends = ends
        for end in ends:
            end.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            end.socket.bind((APART, 0))
            end.socket.setblocking(False)
            end.address = end.socket.getsockname()

    def take(self, data: bytes, address: Any, now: float) -> None:
        self.engine._demux.handle_datagram(self.port, data, None, address, now)

    def run(self, now: float, later: float) -> None:
        self.engine._timers.run_due(now)

    async def settle(self, now: float) -> None:
        upkeep = self.engine._timers
        upkeep.run_due(now)

        def is_done() -> bool:
            return not (upkeep._request_timers or upkeep._flush_timers or upkeep._burst_timer)

        await until(is_done, "what is under way ends by itself")

    def received(self, end: End, peer: int) -> Iterator[bytes]:
        assert end.socket is not None
        while True:
            try:
                yield end.socket.recv(2048)
            except BlockingIOError:
                return

    def check(self, publisher: int) -> None:
        assert self.faults == []
        found = self.engine._peers[publisher].publisher
        assert found is not None
        for track in found.tracks:
            assert len(track.missing) <= 400
        assert len(found._known) <= 64
        assert len(found._repairing) <= 64
        assert len(found._arrivals._times) <= 2_000

    async def stop(self) -> None:
        await self.engine.stop()
        for end in self._ends:
            assert end.socket is not None
            end.socket.close()

    @staticmethod
    @contextmanager
    def plain() -> Iterator[None]:
        """Plain packets are taken for protected ones."""
        with patch.object(python_engine, "Protection", Open):
            yield


class NativeWorks:
    """The engine in C, by hand. What it keeps lies in arrays, which sanitizers watch."""

    def __init__(self) -> None:
        from farmlive.media.engine.native.engine import NativeEngine

        self.engine = NativeEngine(timeouts=PATIENT, manual=True)
        self._sent: list[tuple[Any, bytes]] = []

    async def start(self, heard: Heard, ends: tuple[End, ...], now: float) -> None:
        self.engine._listener = heard
        self.engine.relay.begin(1_790_000_000.0, now)

    def take(self, data: bytes, address: Any, now: float) -> None:
        self.engine.relay.take(data, -1, address, now)
        self.engine.dispatch_events()

    def run(self, now: float, later: float) -> None:
        self.engine.relay.run(later)
        self.engine.dispatch_events()

    async def settle(self, now: float) -> None:
        self.run(now, now + 0.012)

    def received(self, end: End, peer: int) -> Iterator[bytes]:
        self._sent += self.engine.relay.sent()
        mine = [data for to, data in self._sent if to in (peer, end.address)]
        self._sent = [each for each in self._sent if each[0] not in (peer, end.address)]
        yield from mine

    def check(self, publisher: int) -> None:
        assert self.engine.gauges()["peers"] == 2

    async def stop(self) -> None:
        self.engine.dispatch_events()
        assert not self.engine._sessions, "nobody uses the keys of those who are gone"
        await self.engine.stop()

    @staticmethod
    @contextmanager
    def plain() -> Iterator[None]:
        """Plain packets are taken for protected ones, each number of a stream once."""
        # The engine gives C the functions of libsrtp when it is imported.
        from farmlive.media.engine.native import _native, engine

        assert engine.NativeEngine.name == "native"
        seen: set[tuple[int, bytes]] = set()

        def take(session: int, data: int, size: Any) -> int:
            head = ctypes.string_at(data, min(size[0], 12))
            number = (session, head[2:4] + head[8:12])
            if number in seen:
                return 9
            seen.add(number)
            return 0

        kind = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)
        )
        media, report = kind(take), kind(lambda session, data, size: 0)
        protect, unprotect, protect_rtcp, unprotect_rtcp = srtp.functions()
        addresses = [ctypes.cast(each, ctypes.c_void_p).value or 0 for each in (media, report)]
        _native.use_srtp(protect, addresses[0], protect_rtcp, addresses[1])
        try:
            yield
        finally:
            _native.use_srtp(protect, unprotect, protect_rtcp, unprotect_rtcp)


Kind = type[PythonWorks] | type[NativeWorks]
on_each = pytest.mark.parametrize(
    "kind",
    [pytest.param(NativeWorks, marks=pytest.mark.native), PythonWorks],
    ids=["native", "python"],
)
