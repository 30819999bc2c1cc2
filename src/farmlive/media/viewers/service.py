"""What the viewers of this server get: each one's own limits, and the count that the host reads."""

import time
from typing import Any

from farmlive.media.broadcasts import Broadcast
from farmlive.media.diagnostics import Advice
from farmlive.media.engine.interface import Engine, Health
from farmlive.media.open_sessions import OpenSessions, SessionRole
from farmlive.media.signalling.session import Session
from farmlive.media.viewers.counts import LOOK_S, ViewerCounts
from farmlive.media.viewers.delivery import Choice, ViewerDelivery
from farmlive.media.viewers.limits import ViewerLimits
from farmlive.periodic import Periodic


class ViewerService:
    """The viewers' part of the relay."""

    def __init__(self, engine: Engine, sessions: OpenSessions) -> None:
        self._engine = engine
        self._sessions = sessions
        self._limits = ViewerLimits(engine)
        self._counts = ViewerCounts(engine, self._limits)
        self._counting = Periodic(
            LOOK_S, self._counts.look, "how many viewers get less than all is not known"
        )

    async def start(self) -> None:
        """Start counting."""
        await self._counting.start()

    async def stop(self) -> None:
        """Stop counting."""
        await self._counting.stop()

    def delivery(self, broadcast: str, token: str) -> ViewerDelivery:
        """Return what the viewer with this session gets. Raises SessionGone."""
        session, source = self._viewer(broadcast, token)
        self._limits.refresh(session, source)
        return self._limits.describe(session, source)

    def choose(self, broadcast: str, token: str, choice: Choice) -> None:
        """Let the viewer with this session get what it chose. Raises SessionGone."""
        session, source = self._viewer(broadcast, token)
        self._limits.choose(session, choice, source)

    def limit_layer(self, broadcast: str, token: str, most: int | None) -> None:
        """Limit the viewer with this session to layer `most`, 0 the lowest. Raises SessionGone."""
        session, source = self._viewer(broadcast, token)
        self._limits.limit_layer(session, most, source)

    def joined(self, session: Session, choice: Choice) -> None:
        """Let a viewer that joins get what it chose."""
        role = self._sessions.role(session)
        if choice != "auto" and role is not None:
            self._limits.choose(session, choice, self._health(role))

    def source_changed(self, entry: Broadcast) -> None:
        """Let the choices of this broadcast's viewers hold for the source that is on air now."""
        self._limits.source_changed(lambda: self._health(SessionRole(entry)), entry)

    def asks_delay(self, session: Session) -> bool:
        """Return whether this viewer is asked to report its delay."""
        role = self._sessions.role(session)
        return role is not None and role.entry.delays.asks(session.token)

    def report_delay(self, broadcast: str, token: str, ms: int) -> None:
        """Count the delay that a viewer reports, once it has connected. Raises SessionGone."""
        session = self._sessions.get(broadcast, token, publisher=False)
        role = self._sessions.role(session)
        if role is not None and session.is_connected:
            role.entry.delays.report(token, ms, time.monotonic())

    def count(self, entry: Broadcast) -> tuple[dict[str, Any] | None, Advice | None]:
        """Return how many viewers get what, as last counted, and what the source on air could do
        for those who get less than all. Counting goes on for some seconds.
        """
        self._counts.want(entry)
        return self._counts.found(entry), self._counts.advice(entry)

    def _viewer(self, broadcast: str, token: str) -> tuple[Session, Health | None]:
        session = self._sessions.get(broadcast, token, publisher=False)
        role = self._sessions.role(session)
        return session, self._health(role) if role is not None else None

    def _health(self, role: SessionRole) -> Health | None:
        """Return the health of what a viewer gets: what is on air, or the source of a preview."""
        source = role.source or role.entry.sources.get(role.entry.on_air or "")
        if source is None or source.session is None:
            return None
        return self._engine.health(source.session.peer)
