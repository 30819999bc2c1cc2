"""SRTP sessions of one peer, over pylibsrtp's binding (RFC 3711, RFC 7714).

What leaves for many viewers is protected by `audience`, through the pointer that stands here.
"""

from typing import Any

from pylibsrtp import Error, Policy, Session
from pylibsrtp._binding import ffi, lib

from farmlive.media.engine import Keys

Unreadable = Error

# The largest datagram that is read, and all sessions' place to work in.
_LARGEST = 2048
_buffer = ffi.new("char[]", _LARGEST)
_bytes = memoryview(ffi.buffer(_buffer))
_length = ffi.new("int *")
_unprotect, _unpack = lib.srtp_unprotect, ffi.unpack


def _policy(profile: int, key: bytes, direction: int, window: int) -> Policy:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    # A window of 1,024 would shift a long bit vector on every packet that is sent.
    policy.window_size = window
    policy.allow_repeat_tx = True
    return policy


class Protection:
    """Both directions of one peer. Not thread-safe: the event loop's thread owns it.

    `tag` is what protection adds to an RTP packet, `transmit` libsrtp's session for sending.
    `segmented`: whether a run reaches the peer in one send.
    """

    __slots__ = ("_receive", "_received", "_transmit", "segmented", "tag", "transmit")

    def __init__(self, keys: Keys) -> None:
        self._transmit = Session(_policy(keys.profile, keys.transmit, Policy.SSRC_ANY_OUTBOUND, 64))
        self._receive = Session(_policy(keys.profile, keys.receive, Policy.SSRC_ANY_INBOUND, 1024))
        self.transmit: Any = self._transmit._srtp[0]
        self._received: Any = self._receive._srtp[0]
        self.tag = keys.tag
        self.segmented = True

    def unprotect(self, data: bytes) -> bytes:
        """The plain RTP packet; raises Unreadable."""
        size = _length[0] = len(data)
        if size > _LARGEST:
            raise Unreadable("longer than any datagram")
        _bytes[:size] = data
        if _unprotect(self._received, _buffer, _length):
            raise Unreadable("not protected with the peer's key")
        plain: bytes = _unpack(_buffer, _length[0])
        return plain

    def unprotect_rtcp(self, data: bytes) -> bytes:
        """The plain RTCP packet; raises Unreadable."""
        return self._receive.unprotect_rtcp(data)

    def protect_rtcp(self, data: bytes) -> bytes:
        """The protected RTCP packet."""
        return self._transmit.protect_rtcp(data)
