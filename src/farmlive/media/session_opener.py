"""Opens sessions: this server's side of the negotiation, and the session's peer in the engine.

relay.py decides who may have one, and ends them.
"""

from collections.abc import Callable

from farmlive.media.broadcasts import Source
from farmlive.media.engine.interface import Engine, Output, Viewing
from farmlive.media.engine.python.net.addresses import sort_candidates
from farmlive.media.open_sessions import OpenSessions, SessionRole
from farmlive.media.signalling import negotiation
from farmlive.media.signalling.dtls import Certificate
from farmlive.media.signalling.session import Session, new_credentials


class SessionOpener:
    """Opens sessions with one DTLS certificate, made anew at each start, and adds them to
    `sessions`.

    `sort_by_request`: the first candidate of a publisher is the IP to which its request came.
    `on_secured` and `on_closed` are the sessions' `secured` and `closed`.
    """

    def __init__(
        self,
        engine: Engine,
        sessions: OpenSessions,
        on_secured: Callable[[Session], None],
        on_closed: Callable[[Session], None],
        *,
        sort_by_request: bool,
    ) -> None:
        self._engine = engine
        self._sessions = sessions
        self._on_secured, self._on_closed = on_secured, on_closed
        self._sort_by_request = sort_by_request
        self._certificate: Certificate = Certificate.generateCertificate()

    def local(self, asked_at: str = "") -> negotiation.Local:
        """Return this server's side for one session, with new credentials.

        `asked_at` is the server's IP to which the request came, empty if it does not matter.
        """
        candidates = self._engine.candidates
        if asked_at and self._sort_by_request:
            candidates = sort_candidates(candidates, asked_at)
        return negotiation.Local(new_credentials(), self._certificate.fingerprint, candidates)

    def open(
        self, local: negotiation.Local, terms: negotiation.Terms, role: SessionRole
    ) -> Session:
        """Open a session on negotiated terms; its peer has no role in the engine yet."""
        session = Session(
            self._engine, self._certificate, local, terms, self._on_secured, self._on_closed
        )
        self._sessions.add(session, role)
        return session

    def open_viewer(
        self, role: SessionRole, output: Output, source: Source, offer: str
    ) -> tuple[Session, str, Viewing]:
        """Open a session that gets this output, which shows this source or others in its place.

        Returns the session, the SDP answer and what was negotiated. Raises a Problem.
        """
        local = self.local()
        answer, viewing, terms = negotiation.view(
            offer, local, self._engine.ssrcs(output), source.codecs
        )
        session = self.open(local, terms, role)
        self._engine.view(session.peer, output, viewing)
        return session, answer, viewing
