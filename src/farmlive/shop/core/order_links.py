"""What opens an order: the token of its page and the code of its pick-up, derived from its id.

The key stands beside the database (store/keys.py), which knows keyed hashes alone: by them an order
is found. Whose order may be opened by what is up to the callers.
"""

import hmac
from base64 import urlsafe_b64encode
from typing import Any

from sqlalchemy import Row

CODES = 1_000_000


class OrderLinks:
    """Derives tokens and codes, and the hashes by which orders are found.

    Each use of the key has a word of its own before what is hashed.
    """

    def __init__(self, key: bytes):
        self._key = key

    def token(self, order: str, mask: str | None = None) -> str:
        """The token of an order's page: 22 URL-safe characters of 128 bits.

        One that was drawn before there was a key (migration 0037) has a `mask`: what it was, XOR a
        pad that is derived from the id.
        """
        if mask is None:
            return _text(self._digest("order token", order))
        pad = self._digest("pad of token", order)
        return bytes(a ^ b for a, b in zip(bytes.fromhex(mask), pad, strict=False)).decode()

    def token_hash(self, token: str) -> str:
        """By which the order with this token is found: 22 characters."""
        return _text(self._digest("hash of token", token))

    def code(self, order: str, shift: int = 0) -> str:
        """The code of an order's pick-up: six digits.

        `shift` is added where another order has that code, or where it was drawn before there was
        a key.
        """
        drawn = int.from_bytes(self._digest("order code", order)[:8], "big")
        return f"{(drawn + shift) % CODES:06d}"

    def code_hash(self, centre: str, code: str) -> str:
        """By which the orders of a pick-up point with this code are found: 22 characters."""
        return _text(self._digest("hash of code", f"{centre} {code}"))

    def phone_code(self, mark: str, seed: int) -> str:
        """The code that was sent to a phone, by its pseudonym, with that seed: six digits."""
        drawn = int.from_bytes(self._digest("phone code", f"{mark} {seed}")[:8], "big")
        return f"{drawn % CODES:06d}"

    def token_of(self, row: Row[*tuple[Any, ...]]) -> str:
        """The token of an order by its row."""
        return self.token(row.id, row.token_mask)

    def code_of(self, row: Row[*tuple[Any, ...]]) -> str | None:
        """The code of an order by its row; None where it goes by parcel."""
        return None if row.code_hash is None else self.code(row.id, row.code_shift)

    def _digest(self, use: str, text: str) -> bytes:
        return hmac.digest(self._key, f"{use} {text}".encode(), "sha256")


def _text(digest: bytes) -> str:
    return urlsafe_b64encode(digest[:16])[:22].decode()
