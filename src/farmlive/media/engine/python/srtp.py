"""SRTP sessions of one peer, over pylibsrtp's binding (RFC 3711, RFC 7714).

send_group.py protects packets to many viewers through the session pointer kept here. The engine in
C gets the addresses of the sessions, of libsrtp's functions, and of those of the OpenSSL inside the
same library, with which it encrypts.
"""

import ctypes
from typing import Any

import pylibsrtp._binding
from pylibsrtp import Error, Policy, Session
from pylibsrtp._binding import ffi, lib

from farmlive.media.engine.interface import Keys

Unreadable = Error

# The largest datagram that is read, and the size of the buffer that all sessions share.
_LARGEST = 2048
# A session keeps each SSRC that it has unprotected and searches them linearly for each packet:
# packets of SSRCs beyond any legitimate number are not read.
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
    # A window of 1,024 would shift a long bit vector on every packet sent. No sequence number is
    # sent twice: two packets under one nonce would reveal keys (RFC 7714, section 13.2).
    policy.window_size = window
    policy.allow_repeat_tx = False
    return policy


def sessions(keys: Keys) -> tuple[Session, Session]:
    """Return the session for sending and the one for receiving."""
    return (
        Session(_policy(keys.profile, keys.transmit, Policy.SSRC_ANY_OUTBOUND, 256)),
        Session(_policy(keys.profile, keys.receive, Policy.SSRC_ANY_INBOUND, 1024)),
    )


def address_of(session: Session) -> int:
    """Return the address of libsrtp's session; valid for as long as the session object exists."""
    return int(ffi.cast("uintptr_t", session._srtp[0]))


def functions() -> tuple[int, int, int, int]:
    """Return the addresses of libsrtp's functions that protect and unprotect RTP, and RTCP.

    Each takes a session, a packet and a pointer to its size.
    """
    protect, unprotect, protect_rtcp, unprotect_rtcp = (
        int(ffi.cast("uintptr_t", ffi.addressof(lib, name)))
        for name in ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp")
    )
    return protect, unprotect, protect_rtcp, unprotect_rtcp


def ciphers() -> tuple[int, ...] | None:
    """Return the addresses of the OpenSSL functions that engine/native/send/gcm.h needs, in its
    order.

    None if pylibsrtp is built unlike its wheels and exports none.
    """
    library = ctypes.CDLL(pylibsrtp._binding.__file__)
    try:
        found = [getattr(library, f"EVP_{name}") for name in _CIPHERS]
    except AttributeError:
        return None
    return tuple(ctypes.cast(each, ctypes.c_void_p).value or 0 for each in found)


def gcm_key(keys: Keys) -> bytes:
    """Return key and salt for sending if the profile is AEAD_AES_128_GCM, else nothing."""
    return keys.transmit if keys.profile == Policy.SRTP_PROFILE_AEAD_AES_128_GCM else b""


class Protection:
    """Both directions of one peer. Not thread-safe: only the event loop's thread uses it.

    `tag` is the number of bytes that protection adds to an RTP packet, `transmit` libsrtp's session
    for sending. `segmented`: a GSO batch reaches the peer in one send.
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
        """Return the plain RTP packet. Raises Unreadable."""
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
        """Return the plain RTCP packet. Raises Unreadable."""
        ssrc = self._of_few(data[4:8])
        plain = self._receive.unprotect_rtcp(data)
        self._ssrcs.add(ssrc)
        return plain

    def _of_few(self, ssrc: bytes) -> bytes:
        if len(self._ssrcs) == _SSRCS_MOST and ssrc not in self._ssrcs:
            raise Unreadable("from more SSRCs than any peer has")
        return ssrc

    def protect_rtcp(self, data: bytes) -> bytes:
        """Return the protected RTCP packet."""
        return self._transmit.protect_rtcp(data)
