"""The engine's events: passes each to the session, or to the program switcher with the source, of
its peer.

relay.py connects it, and ends a session whose peer is lost.
"""

from collections.abc import Callable

from farmlive.media.broadcasts import Broadcast, Source
from farmlive.media.engine.interface import Output, Peer
from farmlive.media.open_sessions import OpenSessions
from farmlive.media.program_switcher import ProgramSwitcher
from farmlive.media.signalling.session import Session
from farmlive.media.viewers.service import ViewerService


class EngineEvents:
    """The listener that a relay starts its engine with; implements `Listener`.

    Ignores events of peers whose session is over. Calls `on_lost_session` to end the session of a
    lost peer, and tells `viewing` when viewers get another source.
    """

    def __init__(
        self,
        sessions: OpenSessions,
        switcher: ProgramSwitcher,
        on_lost_session: Callable[[Session], None],
        viewing: ViewerService,
    ) -> None:
        self._sessions = sessions
        self._switcher = switcher
        self._on_lost_session = on_lost_session
        self._viewing = viewing

    def on_reached(self, peer: Peer) -> None:
        """Handle the first authenticated connectivity check of the peer."""
        session = self._sessions.of_peer(peer)
        if session is not None:
            session.reached()

    def on_dtls(self, peer: Peer, datagram: bytes) -> None:
        """Handle a DTLS record from the peer."""
        session = self._sessions.of_peer(peer)
        if session is not None:
            session.dtls(datagram)

    def on_lost(self, peer: Peer) -> None:
        """Handle the loss of the peer's consent (RFC 7675)."""
        session = self._sessions.of_peer(peer)
        if session is not None:
            self._on_lost_session(session)

    def on_flowing(self, peer: Peer) -> None:
        """Handle media of a publisher that flows for the first time or again."""
        entry, source = self._source_of(peer)
        if entry is not None and source is not None:
            self._switcher.on_flowing(entry, source)

    def on_silent(self, peer: Peer) -> None:
        """Handle a publisher whose media stopped."""
        entry, source = self._source_of(peer)
        if entry is not None and source is not None:
            self._switcher.on_stopped(entry, source)

    def on_aired(self, output: Output, peer: Peer) -> None:
        """Record that viewers of the output get this publisher, from now on or again."""
        entry, source = self._source_of(peer)
        if entry is not None and source is not None and output == entry.output:
            self._switcher.on_aired(entry, source)
            self._viewing.source_changed(entry)

    def on_objected(self, peer: Peer, sentence: str) -> None:
        """Take a stream that viewers can't play off air, and report the reason in its health."""
        entry, source = self._source_of(peer)
        if entry is not None and source is not None:
            self._switcher.on_objected(entry, source, sentence)

    def _source_of(self, peer: Peer) -> tuple[Broadcast | None, Source | None]:
        role = self._sessions.role(self._sessions.of_peer(peer))
        return (role.entry, role.source) if role else (None, None)
