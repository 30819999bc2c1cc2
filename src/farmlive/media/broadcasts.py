"""What the relay knows of its broadcasts: sources, viewers, and who should be on air. No I/O."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from farmlive.media.engine.interface import Output, Publishing
from farmlive.media.signalling.session import Session
from farmlive.media.wire import codecs


@dataclass(slots=True)
class Source:
    """One camera of a broadcast. `joined` is 0 until its first connection, then its order."""

    id: str
    label: str
    # Someone let in by a link: on air only when the host picks it.
    guest: bool = False
    # The pseudonym of the device that the guest sends from.
    device: str | None = None
    # The identifier of the key by which its last session came.
    key: str = ""
    joined: int = 0
    flowing: bool = False
    session: Session | None = None
    # The name of its last session, whose DELETE may come after its goodbye.
    token: str = ""
    publishing: Publishing | None = None
    # Why viewers could not play it; it is not put on air.
    objection: str | None = None
    # Runs while its media is away, until its place is given up.
    grace: asyncio.TimerHandle | None = None
    # Runs while a new session takes up the place of an old one.
    handover: asyncio.TimerHandle | None = None
    # Its own output, while someone of the crew looks at it.
    preview: Output | None = None
    watchers: set[Session] = field(default_factory=set)

    def cancel_timers(self) -> None:
        """Its media is back, or it is gone for good."""
        for handle in (self.grace, self.handover):
            if handle is not None:
                handle.cancel()
        self.grace = self.handover = None

    @property
    def fit(self) -> bool:
        """Whether viewers could have it now."""
        return self.flowing and self.objection is None

    @property
    def codecs(self) -> list[str]:
        """The codec keys that it sends, or sent last."""
        if self.publishing is None:
            return []
        return [key for track in self.publishing.tracks for key in track.codecs.values()]

    @property
    def video(self) -> str | None:
        """The name of its picture's codec, such as `H264`; None for sound alone."""
        names = (key.partition(":")[0] for key in self.codecs)
        return next((name for name in names if name in codecs.VIDEO), None)


@dataclass(slots=True)
class Broadcast:
    """The media of one broadcast. `on_air` is what viewers get or got last, `picked` the source
    that the host has put on air: it holds until another pick, or until that source leaves.
    """

    id: str
    output: Output
    sources: dict[str, Source] = field(default_factory=dict)
    viewers: set[Session] = field(default_factory=set)
    on_air: str | None = None
    picked: str | None = None
    paused: bool = False

    def forget(self, source: Source) -> None:
        """It is no longer here; another that came by its name stays."""
        if self.sources.get(source.id) is source:
            del self.sources[source.id]

    def guest_of(self, token: str) -> Source | None:
        """The guest whose last session, over or not, has this name."""
        return next((s for s in self.sources.values() if s.guest and s.token == token), None)

    def chosen(self) -> Source | None:
        """Who should be on air: the pick; while it is away or where there is none, of the own
        sources whose media flows the one that joined last. A guest only as the pick.
        """
        picked = self.sources.get(self.picked or "")
        if picked is not None and picked.fit:
            return picked
        return _last(source for source in self._own() if source.fit)

    def playable(self) -> Source | None:
        """The source whose codecs a new viewer must know: on air, or away for a moment.

        Those of the others it may know or not: who can't play one of them sees the rest, and is
        told when it comes.
        """
        known = self.sources.get(self.on_air or "") or self.sources.get(self.picked or "")
        if known is not None and known.objection is None:
            return known
        return _last(s for s in self._own() if s.joined and s.objection is None)

    def _own(self) -> list[Source]:
        return [source for source in self.sources.values() if not source.guest]

    @property
    def idle(self) -> bool:
        """Whether nobody publishes and nobody watches."""
        return not self.sources and not self.viewers


def _last(sources: Iterable[Source]) -> Source | None:
    return max(sources, key=lambda source: source.joined, default=None)
