"""Viewers' sessions that have not connected yet, counted by IP, and which of them gives way.

A session costs its client one request, so a flood of them must not fill the server. relay.py closes
them.
"""

from farmlive.media.signalling.session import Session
from farmlive.media.wire.errors import ServerFull
from farmlive.problems import TooMany

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

    def evict_of(self, address: str | None, now: float, most: int) -> Session | None:
        """Return the session of this IP that gives way to a new one; None if there is room.

        There is room for `most`; the oldest gives way if it is older than FRESH_S. Raises TooMany.
        """
        sessions = self._by_address.get(address, {}) if address is not None else {}
        if len(sessions) < most:
            return None
        oldest = next(iter(sessions))
        if now - self._sessions[oldest][1] <= FRESH_S:
            raise TooMany(
                f"{most} players of this address are connecting. Try again in a moment.",
                headers={"Retry-After": "2"},
            )
        return oldest

    def evict(self, viewers: int, most: int) -> Session | None:
        """Return the session that gives way to a new viewer; None if there is room.

        There is room for `most` viewers, the pending ones among them; the oldest of those gives
        way. Raises ServerFull.
        """
        if viewers < most:
            return None
        if not self._sessions:
            raise ServerFull(
                f"All {most} places are taken. Try again in a minute.",
                headers={"Retry-After": "60"},
            )
        return next(iter(self._sessions))

    def __contains__(self, session: object) -> bool:
        return session in self._sessions

    def __len__(self) -> int:
        return len(self._sessions)
