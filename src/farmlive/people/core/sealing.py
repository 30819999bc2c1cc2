"""Encrypted texts that a copy of the database alone does not reveal.

AES-256-GCM with a key derived from those beside the database (store/keys.py). A text decrypts only
for the purpose that it was encrypted for, so that it can't be moved to another row.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Sealer:
    """Encrypts and decrypts texts with one 32-byte key."""

    def __init__(self, key: bytes):
        self._cipher = AESGCM(key)

    def seal(self, text: str, purpose: str) -> str:
        """Return the text encrypted, in URL-safe characters."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._cipher.encrypt(nonce, text.encode(), purpose.encode())
        return urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, purpose: str) -> str | None:
        """Return the text, or None if it was not encrypted with this key for this purpose."""
        try:
            whole = urlsafe_b64decode(sealed.encode())
            text = self._cipher.decrypt(whole[:_NONCE], whole[_NONCE:], purpose.encode())
        except (ValueError, InvalidTag):
            return None
        return text.decode()
