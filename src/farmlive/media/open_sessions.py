"""The open sessions, by the token in their URL and by their peer, with their role in the broadcast.

relay.py does what follows from the end of one.
"""

from typing import NamedTuple

from farmlive.media.broadcasts import Broadcast, Source
from farmlive.media.engine.interface import Peer
from farmlive.media.signalling.session import Session
from farmlive.media.wire.errors import SessionGone


class SessionRole(NamedTuple):
    """The role of a session: a publisher's, a preview's, or a viewer's if it has no source."""

    entry: Broadcast
    source: Source | None = None
    publishes: bool = False


class OpenSessions:
    """All open sessions; closes them."""

    def __init__(self) -> None:
        self._by_token: dict[str, Session] = {}
        self._by_peer: dict[Peer, Session] = {}
        self._roles: dict[Session, SessionRole] = {}

    def add(self, session: Session, role: SessionRole) -> None:
        """Add a session that begins."""
        self._by_token[session.token] = self._by_peer[session.peer] = session
        self._roles[session] = role

    def has(self, token: str) -> bool:
        """Return whether a session with this token is open."""
        return token in self._by_token

    def get(self, broadcast: str, token: str, publisher: bool) -> Session:
        """Return the session with this URL. Raises SessionGone."""
        session = self._by_token.get(token)
        role = self.role(session)
        if (
            session is None
            or role is None
            or role.entry.id != broadcast
            or role.publishes != publisher
        ):
            raise SessionGone("Begin a new one with a POST.")
        return session

    def of_peer(self, peer: Peer) -> Session | None:
        """Return the session of this peer."""
        return self._by_peer.get(peer)

    def role(self, session: Session | None) -> SessionRole | None:
        """Return the session's role; None if it is not open."""
        return self._roles.get(session) if session is not None else None

    def forget(self, session: Session) -> SessionRole | None:
        """Remove the session, which the caller closes; return its role, None if it was not open."""
        self._by_token.pop(session.token, None)
        self._by_peer.pop(session.peer, None)
        return self._roles.pop(session, None)

    def close(self, *sessions: Session) -> None:
        """Remove these sessions and close them."""
        for session in sessions:
            self.forget(session)
            session.close()
