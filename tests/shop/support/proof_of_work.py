"""The proof of work, found as a page finds it."""

import hashlib
import itertools


def prove(broadcast: str, key: str, bits: int) -> str:
    """A text for which SHA-256 of `broadcast:key:text` begins with so many zero bits."""
    for tried in itertools.count():
        digest = hashlib.sha256(f"{broadcast}:{key}:{tried}".encode()).digest()
        if int.from_bytes(digest) >> (256 - bits) == 0:
            return str(tried)
    raise AssertionError
