"""An engine in C by hand with one clock, and what a test of it needs."""

import os

import pytest
from pylibsrtp import Policy
from tests.media.engine.native.support.stepped_engines import Told
from tests.media.support import packets

from farmlive.media.engine.interface import (
    Credentials,
    Incoming,
    Keys,
    Outgoing,
    Publishing,
    Viewing,
)
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.wire import stun
from farmlive.media.wire.rtp import Packet

pytest.importorskip("farmlive.media.engine.native._native", reason="the engine in C was not built")

from farmlive.media.engine.native.engine import NativeEngine

LOCAL = Credentials("name", "a password of its own")
HERE = ("192.0.2.1", 4000)
VIDEO = Publishing([Incoming("video", 90_000, {96: "VP8"}, {97: 96}, nack=True, pli=True)])
VIEWING = Viewing({"VP8": Outgoing(96, 97)}, {"OPUS": Outgoing(111)})
GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
KEYFRAME = b"\x10\x00\x9d\x01\x2a"


class Hand:
    """An engine by hand, whose clock goes on by a hundredth of a second with each datagram."""

    def __init__(self) -> None:
        self.engine, self.told, self.now = NativeEngine(manual=True), Told(), 100.0
        self.engine._listener = self.told
        self.relay = self.engine.relay
        self.relay.begin(1_790_000_000.0, self.now)

    def take(self, data: bytes, address: tuple[str, int] = HERE) -> None:
        self.now += 0.01
        self.relay.take(data, -1.0, address, self.now)
        self.engine.dispatch_events()

    def secured(self, address: tuple[str, int] = HERE) -> tuple[int, Protection]:
        """A peer at this address with keys, and its end of them."""
        peer = self.engine.add_peer(LOCAL)
        self.take(check(LOCAL), address)
        ours, theirs = os.urandom(28), os.urandom(28)
        self.engine.secure(peer, Keys(GCM, 16, ours, theirs))
        return peer, Protection(Keys(GCM, 16, theirs, ours))


def check(local: Credentials = LOCAL, nominate: bool = False) -> bytes:
    key = local.password.encode()
    return stun.request(f"{local.ufrag}:theirs", key, bytes(12), use_candidate=nominate)


def picture(protection: Protection, payload: bytes, number: int = 1) -> bytes:
    """A frame of one packet, as a publisher sends it."""
    plain = packets.write(Packet(number, number * 3_000, True, payload), 96, 500)
    protected: bytes = protection._transmit.protect(plain)
    return protected
