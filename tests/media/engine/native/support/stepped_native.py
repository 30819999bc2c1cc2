"""The engine in C by hand; its twin is `PythonHand` of `stepped_engines`."""

from unittest.mock import patch

from tests.media.engine.native.support.stepped_engines import (
    CHECKS_SECRET,
    WALL_AT_ZERO,
    Address,
    Told,
)

from farmlive.media.engine.interface import Credentials, Output, Peer, Publishing, Ssrcs, Viewing
from farmlive.media.engine.native import engine as native_engine
from farmlive.media.engine.native.engine import NativeEngine


class NativeHand:
    """The engine in C without a socket and a thread."""

    def __init__(self) -> None:
        self.told = Told()
        self.engine = NativeEngine(manual=True)
        self.relay = self.engine.relay
        self.engine._listener = self.told

    def start(self, now: float) -> None:
        wall = ((WALL_AT_ZERO + now) * 1000) / 1000
        self.relay.begin(wall, now)

    @property
    def due(self) -> float:
        return self.relay.due()

    def run(self, now: float) -> None:
        self.relay.run(now)
        self.engine.dispatch_events()

    def set_now(self, now: float) -> None:
        self.relay.set_now(now)

    def take(self, data: bytes, address: Address, stamp: float | None, now: float) -> None:
        self.relay.take(data, -1.0 if stamp is None else stamp, address, now)
        self.engine.dispatch_events()

    def sent(self) -> list[tuple[Peer | Address, bytes]]:
        return self.relay.sent()

    def add_peer(self, local: Credentials, remote: Credentials | None) -> Peer:
        with patch.object(native_engine, "token_bytes", lambda _: CHECKS_SECRET):
            return self.engine.add_peer(local, remote)

    def add_output(self, ssrcs: Ssrcs, sound: tuple[int, int]) -> Output:
        draws = iter(sound)
        with (
            patch.object(Ssrcs, "generate", lambda: ssrcs),
            patch.object(native_engine, "randbelow", lambda _: next(draws)),
        ):
            return self.engine.add_output()

    def publish(self, peer: Peer, publishing: Publishing, own_ssrc: int) -> None:
        with patch.object(native_engine, "randbits", lambda _: own_ssrc):
            self.engine.publish(peer, publishing)

    def view(self, peer: Peer, output: Output, viewing: Viewing, rtx_sequence: int) -> None:
        with patch.object(native_engine, "randbelow", lambda _: rtx_sequence):
            self.engine.view(peer, output, viewing)
