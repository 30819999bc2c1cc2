"""Identifiers: ULIDs for ids that leave the server, random tokens for secrets."""

import re
import secrets
import threading

from farmlive.clock import now_ms

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Ten bits at a time.
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_SHIFTS = range(120, -1, -10)
_PATTERN = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_lock = threading.Lock()
_last = 0


def ulid() -> str:
    """Make a ULID: 26 characters of Crockford base 32, 48 bits of time and 80 random bits.

    Within this process each is greater than the one before, so that they sort in order of creation
    (github.com/ulid/spec, monotonicity).
    """
    global _last
    with _lock:
        value = (now_ms() << 80) | secrets.randbits(80)
        if value <= _last:
            value = _last + 1
        _last = value
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in _SHIFTS])


def first_ulid(ms: int) -> str:
    """Return the least ULID of a time: those made before it are smaller."""
    value = max(ms, 0) << 80
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in _SHIFTS])


def is_ulid(text: str) -> bool:
    """Return whether the text has the form of a ULID, in upper case as written here."""
    return _PATTERN.fullmatch(text) is not None


def token() -> str:
    """Make an unguessable URL-safe token of 128 random bits, 22 characters."""
    return secrets.token_urlsafe(16)
