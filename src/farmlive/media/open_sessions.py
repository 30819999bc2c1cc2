"""The sessions that are open: each by the name in its address and by its peer, with what it is to
its broadcast. What follows where one ends is the relay's part.
"""

from typing import NamedTuple

from farmlive.media.broadcasts import Broadcast, Source
from farmlive.media.engine.interface import Peer
from farmlive.media.signalling.session import Session
from farmlive.media.wire.errors import SessionGone


class Place(NamedTuple):
    """What a session is to its broadcast: a source's, someone's who looks at a source, or a
    viewer's where there is no source.
    """

    entry: Broadcast
    source: Source | None = None
    publishes: bool = False


class OpenSessions:
    """Knows them all, and closes them."""

    def __init__(self) -> None:
        self._by_token: dict[str, Session] = {}
        self._by_peer: dict[Peer, Session] = {}
        self._places: dict[Session, Place] = {}

    def add(self, session: Session, place: Place) -> None:
        """A session begins."""
        self._by_token[session.token] = self._by_peer[session.peer] = session
        self._places[session] = place

    def has(self, token: str) -> bool:
        """Whether a session with this name is open."""
        return token in self._by_token

    def at(self, broadcast: str, token: str, publisher: bool) -> Session:
        """The session at this address; raises SessionGone."""
        session = self._by_token.get(token)
        place = self.place(session)
        if (
            session is None
            or place is None
            or place.entry.id != broadcast
            or place.publishes != publisher
        ):
            raise SessionGone("Begin a new one with a POST.")
        return session

    def of(self, peer: Peer) -> Session | None:
        """The session of this peer."""
        return self._by_peer.get(peer)

    def place(self, session: Session | None) -> Place | None:
        """What the session is; None for one that is not open."""
        return self._places.get(session) if session is not None else None

    def forget(self, session: Session) -> Place | None:
        """The session is over for those who ask; what it was, None where it was none. It is left
        to be closed.
        """
        self._by_token.pop(session.token, None)
        self._by_peer.pop(session.peer, None)
        return self._places.pop(session, None)

    def close(self, *sessions: Session) -> None:
        """Forget these and say goodbye."""
        for session in sessions:
            self.forget(session)
            session.close()
