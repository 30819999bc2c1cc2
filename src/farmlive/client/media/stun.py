"""STUN as ICE uses it (RFC 8489, RFC 8445 section 7): the checks of a controlling peer, and its
responses to the other side's. Pure: from bytes to bytes.
"""

import binascii
import hmac
import ipaddress
import os
import struct

_COOKIE = 0x2112A442
REQUEST, RESPONSE, ERROR = 0x0001, 0x0101, 0x0111


def is_stun(datagram: bytes) -> bool:
    """Return whether a datagram on a multiplexed port is STUN (RFC 7983)."""
    return len(datagram) >= 20 and datagram[0] < 4


def kind(datagram: bytes) -> int:
    """Return the message type: REQUEST, RESPONSE, ERROR or another number."""
    return int.from_bytes(datagram[:2], "big")


def transaction_id_of(datagram: bytes) -> bytes:
    """Return the transaction id, 12 bytes."""
    return datagram[8:20]


def check(remote_ufrag: str, local_ufrag: str, remote_password: str, tie_breaker: int) -> bytes:
    """Return a connectivity check of the controlling side, which nominates at once."""
    body = (
        _attribute(0x0006, f"{remote_ufrag}:{local_ufrag}".encode())
        + _attribute(0x0024, struct.pack("!I", 0x6E7F1EFF))
        + _attribute(0x802A, struct.pack("!Q", tie_breaker))
        + _attribute(0x0025, b"")
    )
    return _signed(REQUEST, os.urandom(12), body, remote_password)


def success_response(request: bytes, address: tuple[str, int], local_password: str) -> bytes | None:
    """Return the success response to a check from that IPv4 address; None for one without the right
    signature.
    """
    if not has_integrity(request, local_password):
        return None
    packed = int(ipaddress.IPv4Address(address[0])) ^ _COOKIE
    mapped = struct.pack("!BBHI", 0, 1, address[1] ^ (_COOKIE >> 16), packed)
    return _signed(RESPONSE, transaction_id_of(request), _attribute(0x0020, mapped), local_password)


def has_integrity(message: bytes, password: str) -> bool:
    """Return whether MESSAGE-INTEGRITY is present and right (RFC 8489, section 14.5)."""
    position = 20
    while position + 4 <= len(message):
        attribute, length = struct.unpack_from("!HH", message, position)
        if attribute == 0x0008 and length == 20 and position + 24 <= len(message):
            head = message[:2] + struct.pack("!H", position + 4) + message[4:position]
            digest = hmac.digest(password.encode(), head, "sha1")
            return hmac.compare_digest(digest, message[position + 4 : position + 24])
        position += 4 + length + (-length) % 4
    return False


def error_code(message: bytes) -> int | None:
    """Return the number of ERROR-CODE (RFC 8489, section 14.8), or None."""
    position = 20
    while position + 4 <= len(message):
        attribute, length = struct.unpack_from("!HH", message, position)
        if attribute == 0x0009 and length >= 4 and position + 8 <= len(message):
            return (message[position + 6] & 7) * 100 + message[position + 7]
        position += 4 + length + (-length) % 4
    return None


def _attribute(number: int, value: bytes) -> bytes:
    return struct.pack("!HH", number, len(value)) + value + bytes((-len(value)) % 4)


def _signed(number: int, transaction_id: bytes, body: bytes, password: str) -> bytes:
    head = struct.pack("!HHI", number, len(body) + 24, _COOKIE) + transaction_id
    body += _attribute(0x0008, hmac.digest(password.encode(), head + body, "sha1"))
    head = struct.pack("!HHI", number, len(body) + 8, _COOKIE) + transaction_id
    mark = binascii.crc32(head + body) ^ 0x5354554E
    return head + body + _attribute(0x8028, struct.pack("!I", mark))
