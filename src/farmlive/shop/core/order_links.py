"""The secrets of an order: the token of its page and its pick-up code, derived from its id.

The key is stored outside the database (store/keys.py), which has only keyed hashes to look orders
up. The callers decide who may open an order.
"""

import hmac
from base64 import urlsafe_b64encode
from typing import Any

from sqlalchemy import Row

CODES = 1_000_000


class OrderLinks:
    """Derives tokens and codes, and the keyed hashes for look-ups.

    Each use of the key has its own prefix (domain separation).
    """

    def __init__(self, key: bytes):
        self._key = key

    def token(self, order: str, mask: str | None = None) -> str:
        """Return the token of an order's page: 128 bits as 22 URL-safe characters.

        An order from before migration 0037 has a random token: its `mask` is that token XOR a pad
        derived from the id.
        """
        if mask is None:
            return _text(self._digest("order token", order))
        pad = self._digest("pad of token", order)
        return bytes(a ^ b for a, b in zip(bytes.fromhex(mask), pad, strict=False)).decode()

    def token_hash(self, token: str) -> str:
        """Return the look-up hash of a token: 22 characters."""
        return _text(self._digest("hash of token", token))

    def code(self, order: str, shift: int = 0) -> str:
        """Return an order's pick-up code: six digits.

        `shift` is added where another order has the same code, or where the code is random, as in
        orders from before the key.
        """
        drawn = int.from_bytes(self._digest("order code", order)[:8], "big")
        return f"{(drawn + shift) % CODES:06d}"

    def code_hash(self, centre: str, code: str) -> str:
        """Return the look-up hash of a code at a pick-up point: 22 characters."""
        return _text(self._digest("hash of code", f"{centre} {code}"))

    def phone_code(self, mark: str, seed: int) -> str:
        """Return the six-digit code that is sent to a phone, from the phone's pseudonym and a
        seed.
        """
        drawn = int.from_bytes(self._digest("phone code", f"{mark} {seed}")[:8], "big")
        return f"{drawn % CODES:06d}"

    def token_of(self, row: Row[*tuple[Any, ...]]) -> str:
        """Return the token of an order's row."""
        return self.token(row.id, row.token_mask)

    def code_of(self, row: Row[*tuple[Any, ...]]) -> str | None:
        """Return the pick-up code of an order's row; None for a parcel."""
        return None if row.code_hash is None else self.code(row.id, row.code_shift)

    def _digest(self, use: str, text: str) -> bytes:
        return hmac.digest(self._key, f"{use} {text}".encode(), "sha256")


def _text(digest: bytes) -> str:
    return urlsafe_b64encode(digest[:16])[:22].decode()
