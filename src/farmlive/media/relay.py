"""The relay: connects WHIP and WHEP sessions to the engine's peers and to the sources of
broadcasts.

It knows broadcasts and sources by name only. media/ports.py defines what it tells of sources,
program_switcher.py decides which source is on air, session_opener.py negotiates, and
engine_events.py handles what the engine reports.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from farmlive.media.broadcasts import Broadcast, Source
from farmlive.media.engine.interface import Candidate, Engine
from farmlive.media.engine.python.net.addresses import (
    addresses_to_advertise,
    addresses_to_bind,
    local_addresses,
)
from farmlive.media.engine_choice import choose
from farmlive.media.engine_events import EngineEvents
from farmlive.media.health import delay_to_viewers, list_sources
from farmlive.media.open_sessions import OpenSessions, SessionRole
from farmlive.media.ports import Admission, WriteEvent
from farmlive.media.previews import Previews
from farmlive.media.program_switcher import ProgramSwitcher
from farmlive.media.rejected_offers import RejectedOffers
from farmlive.media.session_opener import SessionOpener
from farmlive.media.signalling import negotiation
from farmlive.media.signalling.pending_sessions import PendingSessions
from farmlive.media.signalling.session import Session
from farmlive.media.viewers.service import ViewerService
from farmlive.media.wire.errors import (
    NobodyPublishing,
    SourceAway,
    SourceUnplayable,
    TooManySources,
)
from farmlive.problems import UnknownSource
from farmlive.settings import Settings


class Relay:
    """The WHIP and WHEP sessions of this server. `start` opens the port.

    Raises NoNativeEngine.
    """

    def __init__(
        self, settings: Settings, write_event: WriteEvent, engine: Engine | None = None
    ) -> None:
        self._settings = settings
        self._engine = engine or choose(
            settings.engine, settings.send_threads, link_control=settings.link_control
        )
        self._broadcasts: dict[str, Broadcast] = {}
        self._sessions = OpenSessions()
        self._pending = PendingSessions()
        self._switcher = ProgramSwitcher(
            self._engine, settings.source_grace_s, write_event, self._source_gone
        )
        self._previews = Previews(self._engine)
        self._opener = SessionOpener(
            self._engine,
            self._sessions,
            self._on_secured,
            self._finish,
            sort_by_request=not settings.udp_addresses,
        )
        self.rejected_offers = RejectedOffers()
        self.viewing = ViewerService(self._engine, self._sessions)

    # Start and stop.

    async def start(self) -> None:
        """Open the UDP port. Raises OSError, with a sentence for operators, if it is taken."""
        local = local_addresses()
        configured = self._settings.udp_addresses
        await self._engine.start(
            EngineEvents(self._sessions, self._switcher, self._finish, self.viewing),
            addresses_to_bind(configured, local),
            addresses_to_advertise(configured, local),
            self._settings.udp_port,
            self._settings.tcp_port_number,
        )
        await self.viewing.start()

    async def stop(self) -> None:
        """Send every peer a DTLS close_notify and close the port."""
        await self.viewing.stop()
        for broadcast in list(self._broadcasts):
            self.end(broadcast)
        await self._engine.stop()

    def end(self, broadcast: str) -> None:
        """Close the sessions of an ended broadcast and free its state. Sends no events."""
        self.rejected_offers.forget(broadcast)
        entry = self._broadcasts.pop(broadcast, None)
        if entry is None:
            return
        sessions = list(entry.viewers)
        for source in entry.sources.values():
            source.cancel_timers()
            sessions += source.watchers
            if source.session is not None:
                sessions.append(source.session)
        for session in sessions:
            self._pending.remove(session)
        self._sessions.close(*sessions)
        for source in entry.sources.values():
            source.watchers.clear()
            self._previews.remove_session(source)
        self._engine.remove_output(entry.output)

    # Queries.

    @property
    def engine(self) -> str:
        """The name of the running engine."""
        return self._engine.name

    @property
    def candidates(self) -> Sequence[Candidate]:
        """The ICE candidates that answers contain."""
        return self._engine.candidates

    @property
    def udp_port(self) -> int:
        """The bound port, also if the setting is 0."""
        return self._engine.candidates[0].port

    def viewers(self) -> dict[str, int]:
        """Return the number of viewers of each broadcast."""
        return {name: len(entry.viewers) for name, entry in self._broadcasts.items()}

    def has(self, broadcast: str) -> bool:
        """Return whether the broadcast has a source or a viewer here."""
        return broadcast in self._broadcasts

    def broadcasts(self) -> set[str]:
        """Return the broadcasts that have a source, a viewer or a recently refused offer here."""
        return {*self._broadcasts, *self.rejected_offers.broadcasts()}

    def metrics(self) -> Mapping[str, int]:
        """Return the numbers for /metrics.

        They are the gauges `viewers` (of them `connecting`) and `sources`, `native` (1 or 0), the
        engine's counters, and its census as `held_…`.
        """
        return {
            "native": int(self.engine == "native"),
            "viewers": self._viewer_count(),
            "connecting": len(self._pending),
            "sources": sum(len(entry.sources) for entry in self._broadcasts.values()),
            **self._engine.counters(),
            **{f"held_{name}": count for name, count in self._engine.gauges().items()},
        }

    def health(self, broadcast: str) -> dict[str, Any]:
        """Return the health of each source, the number of viewers, what they get, and how late."""
        entry = self._broadcasts.get(broadcast)
        counted, advice = self.viewing.count(entry) if entry else (None, None)
        refused = self.rejected_offers.for_broadcast(broadcast)
        return {
            "sources": list_sources(entry, refused, self._engine.health, advice),
            "delay": delay_to_viewers(entry, self._engine.health, time.monotonic()),
            "viewers": entry.watching if entry else 0,
            "delivery": counted,
        }

    def _viewer_count(self) -> int:
        return sum(len(entry.viewers) for entry in self._broadcasts.values())

    # Sessions.

    def publish(
        self,
        broadcast: str,
        admission: Admission,
        offer: str,
        asked_at: str = "",
        *,
        was_on_air: str | None = None,
    ) -> tuple[Session, str]:
        """Accept a publisher's offer; return its session and the SDP answer. Raises a Problem.

        `asked_at` is the server's IP to which the request came: the first candidate if the settings
        name none. `was_on_air` is the source that viewers got before this server had the broadcast:
        it comes back on air, whichever camera is here first.
        """
        local = self._opener.local(asked_at)
        answer, publishing, terms = negotiation.publish(offer, local)
        self._end_other_device(broadcast, admission)
        entry, source = self._find_source(broadcast, admission.source)
        if entry and not source and len(entry.sources) >= self._settings.max_sources:
            raise TooManySources(
                f"This broadcast has {len(entry.sources)} sources already. Stop one of them, or "
                "raise FARMLIVE_MAX_SOURCES."
            )
        if entry is None:
            entry = self._broadcasts[broadcast] = Broadcast(broadcast, self._engine.add_output())
            if was_on_air is not None:
                self._switcher.expect(entry, was_on_air)
        if source is None:
            source = Source(
                admission.source, admission.label, admission.guest, device=admission.device
            )
            entry.sources[source.id] = source
        session = self._opener.open(local, terms, SessionRole(entry, source, publishes=True))
        self._engine.publish(session.peer, publishing)
        old, source.session = source.session, session
        source.token = session.token
        source.publishing, source.label = publishing, admission.label
        source.key = admission.key
        source.objection = None
        self.rejected_offers.forget(broadcast, source.id)
        self._previews.show(source)
        if old is not None:
            self._sessions.close(old)
        if old is not None or source.joined:
            self._switcher.on_replaced(entry, source)
        return session, answer

    def _end_other_device(self, broadcast: str, admission: Admission) -> None:
        """End a guest's place if another device opens the guest's link.

        The host put the first device on air, not the second, which therefore joins as a new guest.
        """
        entry, source = self._find_source(broadcast, admission.source)
        if entry and source and source.guest and source.device != admission.device:
            self._switcher.remove(entry, source)

    def view(self, broadcast: str, offer: str, address: str | None = None) -> tuple[Session, str]:
        """Accept a viewer's offer; return its session and the SDP answer. Raises a Problem.

        `address` is the IP that the session counts against until it has connected; None: not
        counted.
        """
        entry = self._broadcasts.get(broadcast)
        source = entry.playable() if entry else None
        if entry is None or source is None:
            raise NobodyPublishing(
                "No camera is sending yet. Try again in a moment; the page does so by itself.",
                headers={"Retry-After": "2"},
            )
        now = time.monotonic()
        self._make_room(address, now)
        session, answer, viewing = self._opener.open_viewer(
            SessionRole(entry), entry.output, source, offer
        )
        entry.admit(session, viewing.video, address)
        self._pending.add(session, address, now)
        return session, answer

    def _make_room(self, address: str | None, now: float) -> None:
        """Make room for one more connecting viewer, evicting one if needed.

        Raises TooMany and ServerFull.
        """
        settings = self._settings
        crowding = self._pending.evict_of(address, now, settings.max_connecting_per_address)
        if crowding is not None:
            self._finish(crowding)
        oldest = self._pending.evict(self._viewer_count(), settings.max_viewers)
        if oldest is not None:
            self._finish(oldest)

    def preview(self, broadcast: str, source: str, offer: str) -> tuple[Session, str]:
        """Accept the offer of a crew member who previews a source, on air or not. Raises a Problem.

        The session ends when the source leaves.
        """
        entry = self._broadcasts.get(broadcast)
        found = entry.sources.get(source) if entry else None
        if entry is None or found is None or not found.joined:
            raise NobodyPublishing(
                "This camera is not sending. Try again in a moment; the page does so by itself.",
                headers={"Retry-After": "2"},
            )
        try:
            output = self._previews.open(found)
            session, answer, _ = self._opener.open_viewer(
                SessionRole(entry, found), output, found, offer
            )
            found.watchers.add(session)
        finally:
            self._previews.remove_session(found)
        return session, answer

    def session(self, broadcast: str, token: str, publisher: bool) -> Session:
        """Return the session with this URL. Raises SessionGone."""
        return self._sessions.get(broadcast, token, publisher)

    def knows(self, broadcast: str, token: str) -> bool:
        """Return whether a session with this token is open, or was a guest's last one."""
        entry = self._broadcasts.get(broadcast)
        return entry is not None and (
            self._sessions.has(token) or entry.guest_of(token) is not None
        )

    def delete(self, broadcast: str, token: str, publisher: bool) -> None:
        """End the session with this URL. Raises SessionGone.

        A guest leaves with its session, and is on air again only if the host picks it again. A
        camera of the farm keeps its place for the grace period.
        """
        entry = self._broadcasts.get(broadcast)
        guest = entry.guest_of(token) if entry and publisher else None
        if entry is None or guest is None:
            self._finish(self.session(broadcast, token, publisher))
        else:
            self._switcher.remove(entry, guest)

    def _finish(self, session: Session) -> None:
        """Free a session that is over.

        A DTLS close_notify alone does not end a source's place: browsers send it on a reload, too.
        """
        self._pending.remove(session)
        role = self._sessions.forget(session)
        if role is None:
            return
        entry, source, publishes = role
        if source is None:
            entry.dismiss(session)
        elif not publishes:
            self._previews.remove_session(source, session)
        elif source.session is session:
            source.session = None
            self._switcher.on_stopped(entry, source)
        session.close()
        self._free_if_idle(entry)

    def _free_if_idle(self, entry: Broadcast) -> None:
        if entry.idle and self._broadcasts.get(entry.id) is entry:
            del self._broadcasts[entry.id]
            self._engine.remove_output(entry.output)

    # The host's commands.

    def switch(self, broadcast: str, source: str) -> bool:
        """Put this source on air as the host picked it; return whether viewers get it already.

        Otherwise they get it from its next keyframe on. Raises UnknownSource, SourceAway and
        SourceUnplayable.
        """
        entry, found = self._find_source(broadcast, source)
        if entry is None or found is None:
            raise UnknownSource("Viewers see what they saw: that camera is not here.")
        if not found.flowing:
            raise SourceAway(
                "Viewers see what they saw: nothing comes from that camera at the moment. Look "
                "after it and try again."
            )
        if found.objection is not None:
            raise SourceUnplayable(f"Viewers see what they saw. {found.objection}")
        self._switcher.pick(entry, found)
        return entry.on_air == found.id

    def dismiss(self, broadcast: str, source: str) -> None:
        """End the source's session and its place; do nothing if the source is not here."""
        self.rejected_offers.forget(broadcast, source)
        entry, found = self._find_source(broadcast, source)
        if entry is not None and found is not None:
            self._switcher.remove(entry, found)

    def guests(self) -> dict[str, list[str]]:
        """Return the guest sources that are here, by broadcast."""
        return {
            name: [source.id for source in entry.sources.values() if source.guest]
            for name, entry in self._broadcasts.items()
        }

    def publishers(self) -> dict[tuple[str, str], str]:
        """Return the stream key ids of the sources that are here, by broadcast and source."""
        return {
            (name, source.id): source.key
            for name, entry in self._broadcasts.items()
            for source in entry.sources.values()
        }

    def _find_source(self, broadcast: str, source: str) -> tuple[Broadcast | None, Source | None]:
        entry = self._broadcasts.get(broadcast)
        return entry, entry.sources.get(source) if entry else None

    def _on_secured(self, session: Session) -> None:
        self._pending.remove(session)
        role = self._sessions.role(session)
        if role is not None:
            role.entry.connected(session)
        if role is not None and role.source is not None and role.publishes:
            self._switcher.on_joined(role.entry, role.source)

    def _source_gone(self, entry: Broadcast, source: Source) -> None:
        """End the session of a source that has left, and its previews."""
        for session in (source.session, *source.watchers):
            if session is not None:
                self._sessions.close(session)
        source.watchers.clear()
        self._previews.remove_session(source)
        self._free_if_idle(entry)
