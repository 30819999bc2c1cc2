"""SRTP sessions of one peer, over pylibsrtp's binding (RFC 3711, RFC 7714).

What leaves for many viewers is protected by `audience`, through the pointer that stands here. The
engine in C gets the sessions and libsrtp's functions by their addresses, and those of the OpenSSL
in the same library, by which it protects what leaves.
"""

import ctypes
from typing import Any

import pylibsrtp._binding
from pylibsrtp import Error, Policy, Session
from pylibsrtp._binding import ffi, lib

from farmlive.media.engine.interface import Keys

Unreadable = Error

# The largest datagram that is read, and all sessions' place to work in.
_LARGEST = 2048
# A session keeps each SSRC that has been read, and looks through all of them for each packet: from
# more than anyone needs, nothing is read.
_SSRCS_MOST = 256
_buffer = ffi.new("char[]", _LARGEST)
_bytes = memoryview(ffi.buffer(_buffer))
_length = ffi.new("int *")
_unprotect, _unpack = lib.srtp_unprotect, ffi.unpack
_CIPHERS = (
    *("CIPHER_fetch", "CIPHER_CTX_new", "CIPHER_CTX_free"),
    *("EncryptInit_ex2", "Cipher", "CIPHER_CTX_get_params"),
)


def _policy(profile: int, key: bytes, direction: int, window: int) -> Policy:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    # A window of 1,024 would shift a long bit vector on every packet that is sent. No number is
    # sent twice: two packets under one nonce would give keys away (RFC 7714, section 13.2).
    policy.window_size = window
    policy.allow_repeat_tx = False
    return policy


def sessions(keys: Keys) -> tuple[Session, Session]:
    """The session for sending, and the one for receiving."""
    return (
        Session(_policy(keys.profile, keys.transmit, Policy.SSRC_ANY_OUTBOUND, 256)),
        Session(_policy(keys.profile, keys.receive, Policy.SSRC_ANY_INBOUND, 1024)),
    )


def address_of(session: Session) -> int:
    """Where libsrtp has this session; it is there for as long as the session is kept."""
    return int(ffi.cast("uintptr_t", session._srtp[0]))


def functions() -> tuple[int, int, int, int]:
    """The addresses of libsrtp's functions that protect and unprotect RTP, and RTCP: each takes a
    session, a packet and a pointer to its size.
    """
    protect, unprotect, protect_rtcp, unprotect_rtcp = (
        int(ffi.cast("uintptr_t", ffi.addressof(lib, name)))
        for name in ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp")
    )
    return protect, unprotect, protect_rtcp, unprotect_rtcp


def ciphers() -> tuple[int, ...] | None:
    """The addresses of what native/gcm.h wants of OpenSSL, in its order; None where pylibsrtp was
    built otherwise than its wheels are, and has none.
    """
    library = ctypes.CDLL(pylibsrtp._binding.__file__)
    try:
        found = [getattr(library, f"EVP_{name}") for name in _CIPHERS]
    except AttributeError:
        return None
    return tuple(ctypes.cast(each, ctypes.c_void_p).value or 0 for each in found)


def gcm_key(keys: Keys) -> bytes:
    """Key and salt for sending where the profile is AEAD_AES_128_GCM, else nothing."""
    return keys.transmit if keys.profile == Policy.SRTP_PROFILE_AEAD_AES_128_GCM else b""


class Protection:
    """Both directions of one peer. Not thread-safe: the event loop's thread owns it.

    `tag` is what protection adds to an RTP packet, `transmit` libsrtp's session for sending.
    `segmented`: whether a run reaches the peer in one send.
    """

    __slots__ = ("_receive", "_received", "_ssrcs", "_transmit", "segmented", "tag", "transmit")

    def __init__(self, keys: Keys) -> None:
        self._transmit, self._receive = sessions(keys)
        self.transmit: Any = self._transmit._srtp[0]
        self._received: Any = self._receive._srtp[0]
        self._ssrcs: set[bytes] = set()
        self.tag = keys.tag
        self.segmented = True

    def unprotect(self, data: bytes) -> bytes:
        """The plain RTP packet; raises Unreadable."""
        size = _length[0] = len(data)
        if size > _LARGEST:
            raise Unreadable("longer than any datagram")
        ssrc = self._of_few(data[8:12])
        _bytes[:size] = data
        if _unprotect(self._received, _buffer, _length):
            raise Unreadable("not protected with the peer's key")
        self._ssrcs.add(ssrc)
        plain: bytes = _unpack(_buffer, _length[0])
        return plain

    def unprotect_rtcp(self, data: bytes) -> bytes:
        """The plain RTCP packet; raises Unreadable."""
        ssrc = self._of_few(data[4:8])
        plain = self._receive.unprotect_rtcp(data)
        self._ssrcs.add(ssrc)
        return plain

    def _of_few(self, ssrc: bytes) -> bytes:
        if len(self._ssrcs) == _SSRCS_MOST and ssrc not in self._ssrcs:
            raise Unreadable("from more SSRCs than any peer has")
        return ssrc

    def protect_rtcp(self, data: bytes) -> bytes:
        """The protected RTCP packet."""
        return self._transmit.protect_rtcp(data)
