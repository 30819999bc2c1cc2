"""Sealed texts: what the database holds and nobody reads by a copy of it alone.

AES-256-GCM under a key that is derived from those beside the database (store/keys.py). A sealed
text opens only for what it was sealed for, so that it is of no use in another row.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Sealer:
    """Seals and opens texts with one key of 32 bytes."""

    def __init__(self, key: bytes):
        self._cipher = AESGCM(key)

    def seal(self, text: str, purpose: str) -> str:
        """Return the text sealed, in URL-safe characters."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._cipher.encrypt(nonce, text.encode(), purpose.encode())
        return urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, purpose: str) -> str | None:
        """Return the text, or None for what was not sealed with this key for this purpose."""
        try:
            whole = urlsafe_b64decode(sealed.encode())
            text = self._cipher.decrypt(whole[:_NONCE], whole[_NONCE:], purpose.encode())
        except (ValueError, InvalidTag):
            return None
        return text.decode()
