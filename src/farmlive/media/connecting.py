"""Viewers' sessions that have not connected yet: how many of one address there may be, and which
gives up its place first. A session costs whoever opens it one request, and nobody has to follow it
up. Closing one is the relay's part.
"""

from farmlive.media.session import Session

# A client that goes on has connected by then, be its network ever so slow; one that is older than
# this makes room for another of its address.
FRESH_S = 5.0


class Connecting:
    """The sessions between their answer and the end of their DTLS handshake, the oldest first."""

    def __init__(self) -> None:
        self._sessions: dict[Session, tuple[str | None, float]] = {}
        self._by_address: dict[str, dict[Session, None]] = {}

    def add(self, session: Session, address: str | None, now: float) -> None:
        """A session was opened; `address` is None where nothing is counted by it."""
        self._sessions[session] = address, now
        if address is not None:
            self._by_address.setdefault(address, {})[session] = None

    def remove(self, session: Session) -> None:
        """It has connected, or it is over."""
        address, _ = self._sessions.pop(session, (None, 0.0))
        if address is not None:
            known = self._by_address[address]
            del known[session]
            if not known:
                del self._by_address[address]

    def count(self, address: str | None) -> int:
        """How many this address has."""
        return len(self._by_address.get(address, ())) if address is not None else 0

    def oldest(self) -> Session | None:
        """The one that gives up its place first."""
        return next(iter(self._sessions), None)

    def stale(self, address: str, now: float) -> Session | None:
        """The oldest of this address, if it should have connected by now."""
        session = next(iter(self._by_address.get(address, ())), None)
        if session is None or now - self._sessions[session][1] <= FRESH_S:
            return None
        return session

    def __contains__(self, session: object) -> bool:
        return session in self._sessions

    def __len__(self) -> int:
        return len(self._sessions)
