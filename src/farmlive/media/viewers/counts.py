"""Counts how many viewers of a broadcast get less than all, while a host looks.

Each look asks the engine about a bounded number of viewers, so that thousands cost no more than
hundreds: of a large audience a random sample is counted.
"""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from farmlive.media.broadcasts import Broadcast
from farmlive.media.diagnostics import Advice
from farmlive.media.engine.interface import Engine, Health
from farmlive.media.signalling.session import Session
from farmlive.media.viewers.advice import LimitedViewers, advise_for_viewers
from farmlive.media.viewers.delivery import PARTS, Part, limited_by, part_of
from farmlive.media.viewers.limits import ViewerLimits

LOOK_S = 1.0
# Viewers that one look asks about, in all broadcasts, and those between two turns of other work.
_A_LOOK, _A_TURN = 60, 10
# At most so many of an audience are counted, and a count begins this long after the last began.
SAMPLE = 480
_EVERY_S = 4.0
# A host's page asks every two seconds.
_WANTED_S = 10.0


@dataclass(slots=True)
class _Tally:
    """A count under way."""

    parts: Counter[Part] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    links_kbps: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Count:
    """The counting of one broadcast: the viewers to come, and what was found the last time."""

    entry: Broadcast
    wanted_at: float
    began_at: float = 0.0
    waiting: list[Session] = field(default_factory=list)
    tally: _Tally = field(default_factory=_Tally)
    found: dict[str, Any] | None = None
    advice: Advice | None = None
    source: str | None = None


class ViewerCounts:
    """The counts of the broadcasts that a host looks at."""

    def __init__(self, engine: Engine, limits: ViewerLimits) -> None:
        self._engine = engine
        self._limits = limits
        self._counts: dict[str, _Count] = {}

    def want(self, entry: Broadcast) -> None:
        """Count this broadcast's viewers, for some seconds."""
        now = time.monotonic()
        count = self._counts.get(entry.id)
        if count is None or count.entry is not entry:
            self._counts[entry.id] = _Count(entry, now)
        else:
            count.wanted_at = now

    def found(self, entry: Broadcast) -> dict[str, Any] | None:
        """Return the last count as in the API; None before the first is complete."""
        count = self._counts.get(entry.id)
        return count.found if count is not None else None

    def advice(self, entry: Broadcast) -> Advice | None:
        """Return what the source on air could do for the viewers who get less."""
        count = self._counts.get(entry.id)
        return count.advice if count is not None and count.source == entry.on_air else None

    async def look(self) -> None:
        """Go on counting."""
        now = time.monotonic()
        for name, count in list(self._counts.items()):
            if now - count.wanted_at > _WANTED_S:
                del self._counts[name]
        # Those that this look leaves out are the first of the next one.
        for name, count in list(self._counts.items())[: _A_LOOK // _A_TURN]:
            self._counts[name] = self._counts.pop(name)
            await self._go_on(count, max(_A_TURN, _A_LOOK // len(self._counts)), now)

    async def _go_on(self, count: _Count, most: int, now: float) -> None:
        if not count.waiting:
            if count.began_at and now - count.began_at < _EVERY_S:
                return
            viewers = list(count.entry.viewers)
            count.began_at, count.tally = now, _Tally()
            count.waiting = random.sample(viewers, min(SAMPLE, len(viewers)))
        source = self._source(count.entry)
        for at in range(min(most, len(count.waiting))):
            if at and at % _A_TURN == 0:
                await asyncio.sleep(0)
            self._ask(count.waiting.pop(), count.tally, source)
        if not count.waiting:
            self._finish(count, source)

    def _source(self, entry: Broadcast) -> Health | None:
        source = entry.sources.get(entry.on_air or "")
        if source is None or source.session is None:
            return None
        return self._engine.health(source.session.peer)

    def _ask(self, session: Session, tally: _Tally, source: Health | None) -> None:
        viewer = self._engine.viewer_health(session.peer)
        if viewer is None:  # it connects still, or has left
            return
        part = part_of(viewer, source)
        tally.parts[part] += 1
        reason = limited_by(viewer, part, self._limits.by_choice(session))
        if reason is None:
            return
        tally.reasons[reason] += 1
        if reason == "link" and viewer.estimated_kbps:
            tally.links_kbps.append(viewer.estimated_kbps)

    def _finish(self, count: _Count, source: Health | None) -> None:
        tally, counted = count.tally, count.tally.parts.total()
        count.found = {
            "counted": counted,
            "gets": {part: tally.parts[part] for part in PARTS},
            "limited_by": {reason: tally.reasons[reason] for reason in ("link", "choice")},
        }
        before = count.advice if count.source == count.entry.on_air else None
        viewers = LimitedViewers(counted, tally.reasons["link"], tally.links_kbps)
        count.source = count.entry.on_air
        count.advice = advise_for_viewers(source, viewers, before) if source is not None else None
