"""Signatures of requests between servers on one database, by a key that only they have
(store/keys.py).

A request is signed for one process at one URL, with a time by the database's clock, that clock's
epoch, a nonce, and the hash of its body; a response is signed for its request. So none can be
forged, replayed, altered, or redirected to another server; signing keeps nothing secret
(docs/security.md).
"""

import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from farmlive import compact_json
from farmlive.clock import now_ms
from farmlive.nodes.problems import NotANode
from farmlive.store.keys import Keys

SCHEME = "Farmlive-Node"
# How long a request is accepted, before and after its time.
GOOD_MS = 15_000
_LONGEST = 1_000


class Signer:
    """Signs requests of this process and verifies those for it.

    `clock_epoch` returns how often the database's time was moved, as far as this process knows;
    `url` is this process's URL for the others.
    """

    def __init__(
        self,
        keys: Keys,
        node: str,
        clock_epoch: Callable[[], int],
        url: str,
    ):
        self._key = keys.derive("requests between nodes")
        self._node = node
        self._clock_epoch = clock_epoch
        self._url = url
        # The used nonces, each with its expiry by the monotonic clock, and the epoch and time of
        # its request.
        self._used: OrderedDict[str, tuple[float, int, int]] = OrderedDict()
        # By epoch, the latest time of a request whose nonce was dropped: a request that is not
        # later may be a replay, even if the clock was set back to its time.
        self._forgotten: dict[int, int] = {}

    def sign(self, to: str, body: bytes, url: str = "") -> tuple[str, str]:
        """Return the Authorization of a request to the process `to` at `url`, and its nonce."""
        nonce = secrets.token_urlsafe(16)
        said = {
            "to": to,
            "url": url,
            "by": self._node,
            "epoch": self._clock_epoch(),
            "at": now_ms(),
            "nonce": nonce,
            "body": sha256(body).hexdigest(),
        }
        written = urlsafe_b64encode(compact_json.encode(said))
        return f"{SCHEME} {written.decode()}.{self._mac(b'request ', written)}", nonce

    def open(self, authorization: str) -> "SignedRequest":
        """Parse the header, before the body is read. Raises NotANode."""
        scheme, _, rest = authorization.partition(" ")
        written, _, mac = rest.partition(".")
        if scheme != SCHEME or len(authorization) > _LONGEST or not authorization.isascii():
            raise NotANode("Nothing was done. Ask at the addresses of WHIP and WHEP.")
        if not hmac.compare_digest(self._mac(b"request ", written.encode()), mac):
            raise NotANode("Nothing was done. See that all servers have the same file of keys.")
        return SignedRequest(self, compact_json.decode(urlsafe_b64decode(written)))

    def use(self, nonce: str, epoch: int, at: int) -> None:
        """Use up a request's nonce and time. Raises NotANode."""
        now = time.monotonic()
        while self._used and next(iter(self._used.values()))[0] <= now:
            _, (_, of, before) = self._used.popitem(last=False)
            self._forgotten[of] = max(before, self._forgotten.get(of, before))
        # After a move of the time, earlier requests would be current again.
        if epoch != self._clock_epoch() or abs(now_ms() - at) > GOOD_MS:
            raise NotANode("Nothing was done: this request is from another time.")
        if nonce in self._used or at <= self._forgotten.get(epoch, at - 1):
            raise NotANode("Nothing was done: this request came before.")
        self._used[nonce] = now + 2 * GOOD_MS / 1000 + 1, epoch, at

    def is_for_me(self, to: str, url: str) -> bool:
        """Return whether a request to the process `to` is for this one, not for an earlier one in
        its place.

        Raises NotANode if it is for another server, about which this one knows nothing.
        """
        if url != self._url:
            raise NotANode("Nothing was done: this request is for another server.")
        return to == self._node

    def seal(self, nonce: str, body: bytes) -> str:
        """Return the signature of the response to the request with this nonce."""
        return self._mac(b"answer ", nonce.encode() + b" " + body)

    def is_sealed(self, nonce: str, body: bytes, seal: str) -> bool:
        """Return whether the response to this request is signed with the shared key."""
        return seal.isascii() and hmac.compare_digest(self.seal(nonce, body), seal)

    def _mac(self, use: bytes, said: bytes) -> str:
        return hmac.digest(self._key, use + said, "sha256").hex()


class SignedRequest:
    """The head of a correctly signed request."""

    def __init__(self, signer: Signer, said: dict[str, Any]):
        self._signer = signer
        self._said = said
        self.nonce = str(said["nonce"])

    def check(self, body: bytes) -> bool:
        """Accept the request, once; return whether it is for this process. Raises NotANode."""
        if not hmac.compare_digest(sha256(body).hexdigest(), str(self._said["body"])):
            raise NotANode("Nothing was done: this is another body than was signed.")
        is_for_me = self._signer.is_for_me(str(self._said["to"]), str(self._said["url"]))
        self._signer.use(self.nonce, int(self._said["epoch"]), int(self._said["at"]))
        return is_for_me
