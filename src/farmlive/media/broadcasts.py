"""The relay's state of its broadcasts: sources, viewers, and the source that should be on air. No
I/O.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from farmlive.media.engine.interface import Output, Publishing
from farmlive.media.signalling.session import Session
from farmlive.media.viewer_delay import ViewerDelays
from farmlive.media.wire import codecs


@dataclass(slots=True)
class Source:
    """One camera of a broadcast. `joined` is 0 until its first connection, then its ordinal."""

    id: str
    label: str
    # Whether it joined by a guest link: on air only if the host picks it.
    guest: bool = False
    # The pseudonym of the guest's device.
    device: str | None = None
    # The id of the stream key of its last session.
    key: str = ""
    joined: int = 0
    flowing: bool = False
    session: Session | None = None
    # The token of its last session, whose DELETE may come after its DTLS close_notify.
    token: str = ""
    publishing: Publishing | None = None
    # Why viewers can't play it; it is not put on air.
    objection: str | None = None
    # Runs while its media is away, until it loses its place.
    grace: asyncio.TimerHandle | None = None
    # Runs while a new session replaces an old one.
    handover: asyncio.TimerHandle | None = None
    # Its own output, while a crew member previews it.
    preview: Output | None = None
    watchers: set[Session] = field(default_factory=set)

    def cancel_timers(self) -> None:
        """Cancel its timers: its media is back, or it is gone for good."""
        for handle in (self.grace, self.handover):
            if handle is not None:
                handle.cancel()
        self.grace = self.handover = None

    @property
    def fit(self) -> bool:
        """Whether it could be on air now."""
        return self.flowing and self.objection is None

    @property
    def codecs(self) -> list[str]:
        """The codec keys that it sends, or sent last."""
        if self.publishing is None:
            return []
        return [key for track in self.publishing.tracks for key in track.codecs.values()]

    @property
    def video(self) -> str | None:
        """The name of its video codec, such as `H264`; None for audio alone."""
        names = (key.partition(":")[0] for key in self.codecs)
        return next((name for name in names if name in codecs.VIDEO), None)


@dataclass(slots=True)
class Broadcast:
    """The media of one broadcast.

    `on_air` is the source that viewers get or got last; `picked` is the host's choice, which holds
    until another choice or until that source leaves. `held` is the farm's own source that stays on
    air without a choice, and comes back to it: the first, until it leaves.
    """

    id: str
    output: Output
    sources: dict[str, Source] = field(default_factory=dict)
    # Each with the keys of the video codecs that it can play, none if it wants no video.
    viewers: dict[Session, frozenset[str]] = field(default_factory=dict)
    on_air: str | None = None
    picked: str | None = None
    held: str | None = None
    paused: bool = False
    # Those of them that have connected, and how many of these can play the same codecs: there are
    # few kinds of players.
    _connected: set[Session] = field(default_factory=set)
    _players: Counter[frozenset[str]] = field(default_factory=Counter)
    # How late viewers see what is on air.
    delays: ViewerDelays = field(default_factory=ViewerDelays)

    def admit(self, viewer: Session, video: Iterable[str], address: str | None = None) -> None:
        """Add a viewer from this address that can play these video codecs."""
        self.viewers[viewer] = frozenset(video)
        self.delays.ask(viewer.token, len(self.viewers), address)

    def connected(self, viewer: Session) -> None:
        """Count a viewer that has connected: one that only made an offer counts nowhere."""
        plays = self.viewers.get(viewer)
        if plays is not None and viewer not in self._connected:
            self._connected.add(viewer)
            self._players[plays] += 1

    @property
    def watching(self) -> int:
        """How many viewers have connected."""
        return len(self._connected)

    def dismiss(self, viewer: Session) -> None:
        """Remove a viewer, if it is one."""
        plays = self.viewers.pop(viewer, None)
        if plays is not None:
            self.delays.forget(viewer.token)
        if plays is not None and viewer in self._connected:
            self._connected.discard(viewer)
            self._players[plays] -= 1
            if not self._players[plays]:
                del self._players[plays]

    def blind_to(self, source: Source) -> int:
        """Return how many connected viewers want video and can't play this source's: they would
        hear it.
        """
        sent = {key for key in source.codecs if key.partition(":")[0] in codecs.VIDEO}
        if not sent:
            return 0
        return sum(n for plays, n in self._players.items() if plays and not sent & plays)

    def forget(self, source: Source) -> None:
        """Remove the source; another source that came under its name stays."""
        if self.sources.get(source.id) is source:
            del self.sources[source.id]

    def guest_of(self, token: str) -> Source | None:
        """Return the guest whose last session, over or not, has this token."""
        return next((s for s in self.sources.values() if s.guest and s.token == token), None)

    def chosen(self) -> Source | None:
        """Return the source that should be on air.

        It is the picked one, without a pick the held one. While that is away, one of the farm's
        own stands in: the one on air, if it is one, so that nobody who joins takes its place; else
        the held one, else one with video before sound alone, and the first that joined. A guest is
        on air only as the pick.
        """
        picked = self.sources.get(self.picked or "")
        if picked is not None and picked.fit:
            return picked
        fit = {source.id: source for source in self._own() if source.fit}
        order = (self.held, self.on_air) if picked is None else (self.on_air, self.held)
        for name in order:
            if name in fit:
                return fit[name]
        return min(fit.values(), key=lambda s: (s.video is None, s.joined), default=None)

    def playable(self) -> Source | None:
        """Return the source whose codecs a new viewer must support: on air, or away for a moment.

        The viewer need not support the other sources' codecs: it sees those that it can play, and
        gets a message when one that it can't play is on air.
        """
        known = self.sources.get(self.on_air or "") or self.sources.get(self.picked or "")
        if known is not None and known.objection is None:
            return known
        joined = [s for s in self._own() if s.joined and s.objection is None]
        return min(joined, key=lambda s: (s.id != self.held, s.joined), default=None)

    def _own(self) -> list[Source]:
        return [source for source in self.sources.values() if not source.guest]

    @property
    def idle(self) -> bool:
        """Whether it has no source and no viewer."""
        return not self.sources and not self.viewers
