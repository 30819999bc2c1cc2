"""What the relay knows of its broadcasts: sources, viewers, and who is on air. No I/O."""

import asyncio
from dataclasses import dataclass, field

from farmlive.media.engine import Output, Publishing
from farmlive.media.session import Session


@dataclass(slots=True)
class Source:
    """One camera of a broadcast. `joined` is 0 until its first connection, then its order."""

    id: str
    label: str
    joined: int = 0
    flowing: bool = False
    session: Session | None = None
    publishing: Publishing | None = None
    # Why viewers could not play it; it is not put on air.
    objection: str | None = None
    # Runs while its media is away, until its place is given up.
    grace: asyncio.TimerHandle | None = None
    # Runs while a new session takes up the place of an old one.
    handover: asyncio.TimerHandle | None = None

    def cancel_timers(self) -> None:
        """Its media is back, or it is gone for good."""
        for handle in (self.grace, self.handover):
            if handle is not None:
                handle.cancel()
        self.grace = self.handover = None

    @property
    def codecs(self) -> list[str]:
        """The codec keys that it sends, or sent last."""
        if self.publishing is None:
            return []
        return [key for track in self.publishing.tracks for key in track.codecs.values()]


@dataclass(slots=True)
class Broadcast:
    """The media of one broadcast. `on_air` is what viewers get or got last."""

    id: str
    output: Output
    sources: dict[str, Source] = field(default_factory=dict)
    viewers: set[Session] = field(default_factory=set)
    on_air: str | None = None
    paused: bool = False

    def chosen(self) -> Source | None:
        """Who should be on air: of those whose media flows the one that joined last."""
        flowing = [s for s in self.sources.values() if s.flowing and s.objection is None]
        return max(flowing, key=lambda source: source.joined, default=None)

    def playable(self) -> Source | None:
        """The source whose codecs a new viewer must know: on air, or away for a moment."""
        on_air = self.sources.get(self.on_air or "")
        if on_air is not None:
            return on_air
        joined = [s for s in self.sources.values() if s.joined and s.objection is None]
        return max(joined, key=lambda source: source.joined, default=None)

    @property
    def idle(self) -> bool:
        """Whether nobody publishes and nobody watches."""
        return not self.sources and not self.viewers
