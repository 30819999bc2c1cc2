"""A stage without packets: one broadcast, and an engine that switches at once or when told."""

import itertools
from dataclasses import dataclass, field
from typing import Any, cast

from farmlive.media.broadcasts import Broadcast, Source
from farmlive.media.engine.interface import Incoming, Output, Peer, Publishing
from farmlive.media.ports import MediaEvent
from farmlive.media.program_switcher import ProgramSwitcher

OUTPUT = 1
peer_numbers = itertools.count(10)


class Sent:
    """A session, as far as direction knows one."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.token = f"viewer-{peer}"


@dataclass
class Stage:
    """One broadcast, an engine of one output, and what was told."""

    grace_s: float = 30.0
    instant: bool = True
    shown: Peer | None = None
    wanted: Peer | None = None
    told: list[tuple[str, str]] = field(default_factory=list)
    events: list[MediaEvent] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.entry = Broadcast("live", OUTPUT)
        self.direction = ProgramSwitcher(
            cast(Any, self), self.grace_s, self._hear, lambda _, source: self.gone.append(source.id)
        )

    def _hear(self, event: MediaEvent) -> None:
        self.events.append(event)
        self.told.append((event.kind, event.source))

    def put_on_air(self, output: Output, peer: Peer | None) -> None:
        assert output == OUTPUT
        self.wanted = peer
        if peer is None:
            self.shown = None
        elif self.instant or peer == self.shown:
            self.keyframe()

    def keyframe(self) -> None:
        """The keyframe comes for which the switch waits."""
        self.shown = self.wanted
        source = next(
            each
            for each in self.entry.sources.values()
            if each.session is not None and each.session.peer == self.shown
        )
        self.direction.on_aired(self.entry, source)

    def add(
        self, name: str, *, guest: bool = False, flows: bool = True, codec: str = "H264:high"
    ) -> Source:
        source = Source(name, name.title(), guest)
        source.session = cast(Any, Sent(next(peer_numbers)))
        source.publishing = Publishing([Incoming("video", 90_000, {96: codec})])
        self.entry.sources[name] = source
        self.direction.on_joined(self.entry, source)
        if flows:
            self.direction.on_flowing(self.entry, source)
        return source

    @property
    def on_air(self) -> str | None:
        source = self.entry.sources.get(self.entry.on_air or "")
        assert self.shown is None or (source is not None and source.session is not None)
        return None if self.shown is None else self.entry.on_air
