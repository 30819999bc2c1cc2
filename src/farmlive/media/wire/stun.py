"""STUN Binding requests and responses: parse and write both.

RFC 8489 (messages, MESSAGE-INTEGRITY, FINGERPRINT) and RFC 8445 section 16.1 (USE-CANDIDATE). The
engine decides which peer a request is for, and what its source address means.
"""

import hmac
import socket
import struct
import zlib
from dataclasses import dataclass

BINDING_REQUEST = 0x0001
BINDING_SUCCESS = 0x0101

_COOKIE = 0x2112A442
_COOKIE_BYTES = _COOKIE.to_bytes(4, "big")
_USERNAME = 0x0006
_INTEGRITY = 0x0008
_XOR_MAPPED_ADDRESS = 0x0020
_PRIORITY = 0x0024
_USE_CANDIDATE = 0x0025
_FINGERPRINT = 0x8028
_ICE_CONTROLLED = 0x8029
_FINGERPRINT_XOR = 0x5354554E
# PRIORITY of a peer-reflexive candidate (RFC 8445, section 7.1.1), our only one.
_REFLEXIVE = 110 << 24 | 65_535 << 8 | 255
_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")


class Malformed(ValueError):
    """The datagram is not a valid STUN message."""


@dataclass(slots=True)
class Message:
    """A received STUN message.

    `username` is empty if absent. `integrity_at` is the offset of the MESSAGE-INTEGRITY attribute,
    or None.
    """

    kind: int
    transaction: bytes
    username: str
    use_candidate: bool
    integrity_at: int | None
    raw: bytes

    def authentic(self, key: bytes) -> bool:
        """Return whether MESSAGE-INTEGRITY was made with this key (RFC 8489, section 14.5)."""
        at = self.integrity_at
        if at is None:
            return False
        # The length in the header counts up to the end of MESSAGE-INTEGRITY, not further.
        signed = self.raw[:2] + struct.pack("!H", at + 24 - 20) + self.raw[4:at]
        return hmac.compare_digest(hmac.digest(key, signed, "sha1"), self.raw[at + 4 : at + 24])


def parse(data: bytes) -> Message:
    """Parse a STUN message. Raises Malformed.

    A FINGERPRINT, if present, must be correct. Attributes after MESSAGE-INTEGRITY other than
    FINGERPRINT are ignored, as section 14.5 requires.
    """
    if len(data) < 20:
        raise Malformed("shorter than a header")
    kind, length, cookie, transaction = _HEADER.unpack_from(data)
    if kind & 0xC000 or cookie != _COOKIE or length & 3 or length + 20 != len(data):
        raise Malformed("not a STUN header")
    username, use_candidate, integrity_at = "", False, None
    at = 20
    while at < len(data):
        name, size = _ATTRIBUTE.unpack_from(data, at)
        end = at + 4 + size
        if end > len(data):
            raise Malformed("an attribute runs past the end")
        if name == _FINGERPRINT:
            if size != 4 or end != len(data):
                raise Malformed("FINGERPRINT is not the last attribute")
            crc = zlib.crc32(data[:at]) ^ _FINGERPRINT_XOR
            if crc != int.from_bytes(data[at + 4 : end], "big"):
                raise Malformed("FINGERPRINT is wrong")
        elif integrity_at is None:
            if name == _INTEGRITY:
                if size != 20:
                    raise Malformed("MESSAGE-INTEGRITY is not 20 bytes")
                integrity_at = at
            elif name == _USERNAME:
                try:
                    username = data[at + 4 : end].decode()
                except UnicodeDecodeError:
                    raise Malformed("USERNAME is not UTF-8") from None
            elif name == _USE_CANDIDATE:
                use_candidate = True
        at = end + (-size & 3)
    return Message(kind, transaction, username, use_candidate, integrity_at, data)


def _xor_address(host: str, port: int, transaction: bytes) -> bytes:
    if ":" in host:
        family, packed = 2, socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    else:
        family, packed = 1, socket.inet_aton(host)
    size = len(packed)
    mask = int.from_bytes((_COOKIE_BYTES + transaction)[:size], "big")
    mixed = (int.from_bytes(packed, "big") ^ mask).to_bytes(size, "big")
    head = struct.pack("!HHBBH", _XOR_MAPPED_ADDRESS, 4 + size, 0, family, port ^ (_COOKIE >> 16))
    return head + mixed


def _finish(kind: int, transaction: bytes, attributes: bytes, key: bytes) -> bytes:
    head = _HEADER.pack(kind, len(attributes) + 24, _COOKIE, transaction)
    digest = hmac.digest(key, head + attributes, "sha1")
    attributes += _ATTRIBUTE.pack(_INTEGRITY, 20) + digest
    head = _HEADER.pack(kind, len(attributes) + 8, _COOKIE, transaction)
    crc = zlib.crc32(head + attributes) ^ _FINGERPRINT_XOR
    return head + attributes + struct.pack("!HHI", _FINGERPRINT, 4, crc)


def success(request: Message, host: str, port: int, key: bytes) -> bytes:
    """Write the success response to a binding request that came from `host` and `port`."""
    mapped = _xor_address(host, port, request.transaction)
    return _finish(BINDING_SUCCESS, request.transaction, mapped, key)


def check(username: str, key: bytes, transaction: bytes, tie_breaker: bytes) -> bytes:
    """Write a connectivity check of ours, in the controlled role (RFC 8445, section 7.1)."""
    name = username.encode()
    attributes = _ATTRIBUTE.pack(_USERNAME, len(name)) + name + bytes(-len(name) & 3)
    attributes += _ATTRIBUTE.pack(_PRIORITY, 4) + _REFLEXIVE.to_bytes(4, "big")
    attributes += _ATTRIBUTE.pack(_ICE_CONTROLLED, 8) + tie_breaker
    return _finish(BINDING_REQUEST, transaction, attributes, key)


def request(username: str, key: bytes, transaction: bytes, *, use_candidate: bool = False) -> bytes:
    """Write a binding request, as a client of ours or a test sends it."""
    name = username.encode()
    attributes = _ATTRIBUTE.pack(_USERNAME, len(name)) + name + bytes(-len(name) & 3)
    if use_candidate:
        attributes += _ATTRIBUTE.pack(_USE_CANDIDATE, 0)
    return _finish(BINDING_REQUEST, transaction, attributes, key)
