"""An authenticator app and an authenticator of passkeys, as a person has them; the latter can be
made to lie.
"""

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import cbor2
import pyotp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from farmlive.clock import now_ms


def code_of(secret: str, later: int = 0) -> str:
    """The app's code now, or so many steps of 30 seconds later."""
    return pyotp.TOTP(secret).at(now_ms() / 1000, counter_offset=later)


def wrong_code(secret: str) -> str:
    """Six digits that are no code about now."""
    near = {code_of(secret, step) for step in range(-3, 4)}
    return next(code for code in map("{:06d}".format, range(10)) if code not in near)


def text(raw: bytes) -> str:
    """Base64url as WebAuthn writes it."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


class Authenticator:
    """One passkey. `origin` is where the browser believes to be, `rp_id` what it signs for."""

    def __init__(self, origin: str, rp_id: str, *, counts: bool = True):
        self.origin, self.rp_id = origin, rp_id
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.counts = counts
        self.count = 0

    def make(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create` answers."""
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        )
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        whole = self._data(0x45) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": whole})
        return self._answer(
            attestationObject=text(attestation),
            clientDataJSON=text(self._client("webauthn.create", options["challenge"])),
            transports=["internal", "made up"],
        )

    def get(self, options: Mapping[str, Any], *, key: Any = None) -> dict[str, Any]:
        """What `navigator.credentials.get` answers."""
        self.count += self.counts
        data = self._data(0x05)
        client = self._client("webauthn.get", options["challenge"])
        signed = data + hashlib.sha256(client).digest()
        signature = (key or self.key).sign(signed, ec.ECDSA(SHA256()))
        return self._answer(
            authenticatorData=text(data), clientDataJSON=text(client), signature=text(signature)
        )

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, **response: Any) -> dict[str, Any]:
        identifier = text(self.id)
        return {
            "id": identifier,
            "rawId": identifier,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }
