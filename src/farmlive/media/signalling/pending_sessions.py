"""Viewers' sessions that have not connected yet, counted by IP, with the next one to evict.

A session costs its client one request, so a flood of them must not fill the server. relay.py closes
them.
"""

from farmlive.media.signalling.session import Session

# Seconds within which an honest client connects, even over a slow network; an older session may be
# evicted for another of its IP.
FRESH_S = 5.0


class PendingSessions:
    """The sessions between their answer and the end of their DTLS handshake, the oldest first."""

    def __init__(self) -> None:
        self._sessions: dict[Session, tuple[str | None, float]] = {}
        self._by_address: dict[str, dict[Session, None]] = {}

    def add(self, session: Session, address: str | None, now: float) -> None:
        """Add an opened session; `address` is None where IPs are not counted."""
        self._sessions[session] = address, now
        if address is not None:
            self._by_address.setdefault(address, {})[session] = None

    def remove(self, session: Session) -> None:
        """Remove a session that has connected or ended."""
        address, _ = self._sessions.pop(session, (None, 0.0))
        if address is not None:
            known = self._by_address[address]
            del known[session]
            if not known:
                del self._by_address[address]

    def count(self, address: str | None) -> int:
        """Return the number of sessions of this IP."""
        return len(self._by_address.get(address, ())) if address is not None else 0

    def oldest(self) -> Session | None:
        """Return the oldest session, which is evicted first."""
        return next(iter(self._sessions), None)

    def stale(self, address: str, now: float) -> Session | None:
        """Return the oldest session of this IP, if it is older than FRESH_S."""
        session = next(iter(self._by_address.get(address, ())), None)
        if session is None or now - self._sessions[session][1] <= FRESH_S:
            return None
        return session

    def __contains__(self, session: object) -> bool:
        return session in self._sessions

    def __len__(self) -> int:
        return len(self._sessions)
