"""Path validation: the limit of what is sent to an address before the peer has validated it.

Anyone with a peer's credentials can spoof the source address of a check, so a check alone validates
nothing. The terms and the factor are those of RFC 9000, sections 8 and 9.3. ice.py decides what a
check means for the peer. Pure, but for the sending.
"""

import hmac
from typing import Any

from farmlive.media.engine.interface import Credentials
from farmlive.media.engine.python.net.sockets import Port
from farmlive.media.wire import stun

# Seconds within which a path must be validated, from the check that asks for it.
VALIDATION_S = 2.0
# Bytes that may be sent to an unvalidated path for each byte received from it.
FACTOR = 3
# Seconds after which an unanswered check is sent again.
AGAIN_S = 0.2
_HANDSHAKE, _CLIENT_HELLO = 22, 1


def is_client_hello(record: bytes) -> bool:
    """Return whether a DTLS record is a ClientHello (RFC 6347, sections 4.1 and 4.2.2)."""
    return len(record) > 13 and record[0] == _HANDSHAKE and record[13] == _CLIENT_HELLO


class Path:
    """A remote address, at a port of ours, from which a peer has sent a check.

    Invariant: until it is validated (`validated`), `sent` is at most FACTOR times `received`,
    except for our first DTLS flight; and later than PROVING_S after `begun` the engine sends it
    only responses to checks.
    """

    __slots__ = (
        "address",
        "asked_at",
        "begun",
        "got_client_hello",
        "local",
        "nomination",
        "port",
        "received",
        "remote",
        "sent",
        "transaction",
        "validated",
    )

    def __init__(self, port: Port, address: Any) -> None:
        self.port, self.address = port, address
        self.validated = self.is_stream
        self.received = self.sent = 0
        # When validation began; None before a check asks to select it.
        self.begun: float | None = None
        self.asked_at: float | None = None
        # The number of the last check that asked to select this path, counted over all checks of
        # the peer that did.
        self.nomination = 0
        # Whether a ClientHello came on this path.
        self.got_client_hello = False
        # The credentials of our pending check, None once it is answered.
        self.local: Credentials | None = None
        self.remote: Credentials | None = None
        self.transaction = b""

    @property
    def is_stream(self) -> bool:
        """Whether it is a TCP connection, which its handshake has validated."""
        return self.port.protocol == "tcp"

    @property
    def place(self) -> tuple[Port, Any]:
        """The port and the address."""
        return self.port, self.address

    def is_at(self, port: Port, address: Any) -> bool:
        """Return whether it is the path at this port and address."""
        return self.port is port and bool(self.address == address)

    def is_validating(self, now: float) -> bool:
        """Return whether it is under validation."""
        return self.begun is not None and now - self.begun <= VALIDATION_S

    def begin(
        self, local: Credentials, remote: Credentials | None, seed: bytes, now: float
    ) -> None:
        """Begin its validation, unless that runs already by these credentials. `seed` must be
        unique and unpredictable.
        """
        if self.local != local or not self.is_validating(now):
            self.begun, self.asked_at = now, None
            self.local, self.remote, self.transaction = local, remote, seed

    def mark_validated(self) -> None:
        """Mark it as validated."""
        self.validated = True
        self.local = self.remote = None

    def invalidate(self) -> None:
        """Record that another path was selected: this one must be validated again to be
        selected.
        """
        self.validated, self.begun = self.is_stream, None
        self.local = self.remote = None

    def spend(self, size: int, now: float) -> bool:
        """Return whether `size` bytes may be sent now, and count them as sent if so."""
        if self.validated:
            return True
        if not self.is_validating(now) or self.sent + size > FACTOR * self.received:
            return False
        self.sent += size
        return True

    def send_response(self, data: bytes) -> None:
        """Send the response to a check, never larger than FACTOR times the check."""
        if not self.validated:
            self.sent += len(data)
        self.port.send(data, self.address)

    def send_check(self, now: float) -> None:
        """Send a check of ours if one is due and within the limit."""
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

    def is_response(self, message: stun.Message) -> bool:
        """Return whether this message is the response to our check.

        MESSAGE-INTEGRITY is required: otherwise the response of a public STUN server would do.
        """
        return (
            self.remote is not None
            and self.asked_at is not None
            and hmac.compare_digest(message.transaction, self.transaction[:12])
            and message.authentic(self.remote.password.encode())
        )
