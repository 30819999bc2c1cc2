"""A peer's end of a network by chance: its address, its credentials, and its keys."""

import random

from pylibsrtp import Error, Policy, Session
from tests.media.engine.native.support.stepped_engines import Address

from farmlive.media.engine.interface import Credentials, Keys
from farmlive.media.wire import stun

_PROFILE, _TAG = Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16
_WINDOW = 1024
# The payload types of codecs, in all offers.
TYPES = {"H264:baseline": 102, "H264:high": 104, "VP8": 96, "VP9:0": 98, "AV1": 45}


def _session(key: bytes, direction: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=_PROFILE)
    policy.window_size = _WINDOW
    policy.allow_repeat_tx = True
    return Session(policy)


class Link:
    """A peer's end: its address, its keys, and its network in both directions."""

    def __init__(self, chance: random.Random, number: int, loss: float, jitter: float) -> None:
        self.chance, self.loss, self.jitter = chance, loss, jitter
        self.address: Address = (f"10.0.{number >> 8}.{number & 255}", 5000 + number)
        self.local = Credentials(f"ours{number}", f"password-of-ours-{number}")
        self.remote = Credentials(f"theirs{number}", f"their-password-{number}")
        # Some answer none of our checks, as encoders do that take them for nothing.
        self.answers = chance.random() < 0.8
        ours, theirs = chance.randbytes(28), chance.randbytes(28)
        self.keys = Keys(_PROFILE, _TAG, transmit=ours, receive=theirs)
        self._outbound = _session(theirs, Policy.SSRC_ANY_OUTBOUND)
        # What each engine sends is read by a session of its own.
        self.inbound = [_session(ours, Policy.SSRC_ANY_INBOUND) for _ in range(2)]

    def rtp(self, packet: bytes) -> bytes:
        return self._outbound.protect(packet)

    def rtcp(self, packet: bytes) -> bytes:
        return self._outbound.protect_rtcp(packet)

    def check(self, *, use_candidate: bool = True) -> bytes:
        return stun.request(
            f"{self.local.ufrag}:{self.remote.ufrag}",
            self.local.password.encode(),
            self.chance.randbytes(12),
            use_candidate=use_candidate,
        )

    def answer(self, check: bytes) -> bytes:
        """The answer to a check of ours."""
        asked, key = stun.parse(check), self.remote.password.encode()
        assert asked.authentic(key)
        return stun.success(asked, "198.51.100.1", 8189, key)

    def plain(self, engine: int, data: bytes) -> bytes:
        """What the engine sent, without its protection."""
        if data[0] < 64:
            return data
        session = self.inbound[engine]
        try:
            if 192 <= data[1] <= 223:
                return session.unprotect_rtcp(data)
            return session.unprotect(data)
        except Error:
            return b"unreadable: " + data
