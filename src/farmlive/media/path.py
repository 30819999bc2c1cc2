"""Path validation: what may be sent to an address before it has proved that the peer is there.

Whoever has a peer's credentials can write any sender's address on a check, so that a check proves
nothing of it. The words and the factor are those of RFC 9000, sections 8 and 9.3. What a check
means for the peer is `ice`'s part. Pure, but for the sending.
"""

import hmac
from typing import Any

from farmlive.media import stun
from farmlive.media.engine import Credentials
from farmlive.media.ports import Port

# For so long an address may prove itself, from the check that wants it to.
PROVING_S = 2.0
# What an address that has proved nothing gets, for each byte that came from it.
FACTOR = 3
# When a check of ours that was not answered is sent again.
AGAIN_S = 0.2
_HANDSHAKE, _CLIENT_HELLO = 22, 1


def is_client_hello(record: bytes) -> bool:
    """Whether a DTLS record begins a handshake (RFC 6347, sections 4.1 and 4.2.2)."""
    return len(record) > 13 and record[0] == _HANDSHAKE and record[13] == _CLIENT_HELLO


class Path:
    """A remote address at a port of ours that a peer has checked from.

    Always holds: until it is proved, `sent` is at most FACTOR times `received`, or more by our
    first DTLS flight alone; and nothing but answers to checks is sent to it later than PROVING_S
    after `begun`.
    """

    __slots__ = (
        "address",
        "asked_at",
        "begun",
        "greeted",
        "local",
        "port",
        "proved",
        "received",
        "remote",
        "sent",
        "transaction",
        "wanted",
    )

    def __init__(self, port: Port, address: Any) -> None:
        self.port, self.address = port, address
        self.proved = self.is_stream
        self.received = self.sent = 0
        # Since when it may prove itself; None before a check wants the peer to be reached there.
        self.begun: float | None = None
        self.asked_at: float | None = None
        # The number of the last check that wanted it, of all of the peer's that want a path.
        self.wanted = 0
        # Whether a ClientHello came from there.
        self.greeted = False
        # What our check is made of, until it is answered.
        self.local: Credentials | None = None
        self.remote: Credentials | None = None
        self.transaction = b""

    @property
    def is_stream(self) -> bool:
        """Whether it is a TCP connection, whose handshake has proved it."""
        return self.port.protocol == "tcp"

    @property
    def place(self) -> tuple[Port, Any]:
        """The port and the address."""
        return self.port, self.address

    def is_at(self, port: Port, address: Any) -> bool:
        """Whether it is this one."""
        return self.port is port and bool(self.address == address)

    def may_prove(self, now: float) -> bool:
        """Whether its time has begun and is not over."""
        return self.begun is not None and now - self.begun <= PROVING_S

    def begin(
        self, local: Credentials, remote: Credentials | None, seed: bytes, now: float
    ) -> None:
        """A check wants it: let it prove itself, unless it does already by these credentials.
        `seed` is nobody's to guess and like no other.
        """
        if self.local != local or not self.may_prove(now):
            self.begun, self.asked_at = now, None
            self.local, self.remote, self.transaction = local, remote, seed

    def prove(self) -> None:
        """The peer is there."""
        self.proved = True
        self.local = self.remote = None

    def forget(self) -> None:
        """The peer is reached elsewhere now: to come back takes another proof."""
        self.proved, self.begun = self.is_stream, None
        self.local = self.remote = None

    def spend(self, size: int, now: float) -> bool:
        """Whether so many bytes may be sent there now; then they count as sent."""
        if self.proved:
            return True
        if not self.may_prove(now) or self.sent + size > FACTOR * self.received:
            return False
        self.sent += size
        return True

    def answer(self, data: bytes) -> None:
        """Send the answer to a check from there, which is never larger than FACTOR times it."""
        if not self.proved:
            self.sent += len(data)
        self.port.send(data, self.address)

    def ask(self, now: float) -> None:
        """Send a check of ours, if it is time and there is enough left for it."""
        if self.local is None or self.remote is None:
            return
        if self.asked_at is not None and now - self.asked_at < AGAIN_S:
            return
        check = stun.check(
            f"{self.remote.ufrag}:{self.local.ufrag}",
            self.remote.password.encode(),
            self.transaction[:12],
            self.transaction[12:20],
        )
        if self.spend(len(check), now):
            self.asked_at = now
            self.port.send(check, self.address)

    def is_answered_by(self, message: stun.Message) -> bool:
        """Whether this is the answer to our check. Without MESSAGE-INTEGRITY it would be anyone's
        who answers STUN at all, as public servers do.
        """
        return (
            self.remote is not None
            and self.asked_at is not None
            and hmac.compare_digest(message.transaction, self.transaction[:12])
            and message.authentic(self.remote.password.encode())
        )
