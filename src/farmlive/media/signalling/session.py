"""One WHIP or WHEP session: its peer in the engine, its DTLS handshake and its ICE restarts."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from farmlive.ids import token
from farmlive.media.engine.interface import Credentials, Engine, Keys
from farmlive.media.signalling.answer import Local, Terms, fragment
from farmlive.media.signalling.dtls import Certificate, Handshake
from farmlive.media.wire.errors import PreconditionFailed, PreconditionRequired
from farmlive.media.wire.sdp import parse_fragment


def new_credentials() -> Credentials:
    """Return new ICE credentials: 48 random bits of name, 144 of password (RFC 8445, section
    5.3).
    """
    return Credentials(secrets.token_hex(6), secrets.token_hex(18))


class Session:
    """The resource at a session's `Location`.

    Calls `secured` and `closed` with the DTLS association, but neither after `close`.
    """

    def __init__(
        self,
        engine: Engine,
        certificate: Certificate,
        local: Local,
        terms: Terms,
        secured: Callable[["Session"], None],
        closed: Callable[["Session"], None],
    ) -> None:
        self.token = token()
        self.etag = f'"{token()}"'
        self.peer = engine.add_peer(local.credentials, terms.remote)
        self._engine = engine
        self._local = local
        self._terms = terms
        self._secured, self._closed = secured, closed
        self.is_connected = False
        self._handshake = Handshake(
            certificate,
            terms.fingerprints,
            terms.role,
            lambda data: engine.send(self.peer, data),
            self._on_keys,
            self._on_closed,
        )

    def reached(self) -> None:
        """Start the handshake: datagrams can be sent to the peer."""
        self._handshake.start()

    def dtls(self, datagram: bytes) -> None:
        """Handle a DTLS record from the peer."""
        self._handshake.datagram(datagram)

    def _on_keys(self, keys: Keys) -> None:
        self._engine.secure(self.peer, keys)
        self.is_connected = True
        self._secured(self)

    def _on_closed(self) -> None:
        self._closed(self)

    def patch(self, body: str, if_match: str | None) -> tuple[str, str] | None:
        """Accept a trickle fragment (returns None), or restart ICE (returns the answer's fragment
        and ETag).

        RFC 9725, sections 4.3.1 to 4.3.3, whose examples also write `*` in quotes. A new user name
        fragment is a restart whatever the entity tag is. Raises PreconditionRequired,
        PreconditionFailed or BadSdp; then the session continues unchanged.
        """
        if if_match is None:
            raise PreconditionRequired(
                "Send If-Match with the ETag of the answer, or If-Match: * to restart ICE."
            )
        told = parse_fragment(body)
        tags = [tag.strip() for tag in if_match.split(",")]
        if not {"*", '"*"', self.etag} & set(tags):
            raise PreconditionFailed(
                "This ETag is of an ICE session that was restarted since; use the newest one."
            )
        if not told.ufrag or told.ufrag == self._terms.remote.ufrag:
            return None
        self._local = replace(self._local, credentials=new_credentials())
        remote = Credentials(told.ufrag, told.password)
        self._terms = replace(self._terms, remote=remote)
        self._engine.restart_ice(self.peer, self._local.credentials, remote)
        self.etag = f'"{token()}"'
        return fragment(self._local, self._terms), self.etag

    def close(self) -> None:
        """Send close_notify and free everything."""
        self._handshake.stop()
        self._engine.remove_peer(self.peer)
