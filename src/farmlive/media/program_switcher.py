"""Direction: which source of a broadcast is on air, and how long an absent one keeps its place.

It hears what sources do, tells the engine whom to show and the gate what happened. Sessions and
their peers are the relay's.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from farmlive.media.broadcasts import Broadcast, Source
from farmlive.media.engine.interface import Engine
from farmlive.media.ports import MediaEvent

# A reload replaces a source's session within this; viewers are not told of a pause before.
_HANDOVER_S = 2.0


class ProgramSwitcher:
    """Decides for every broadcast. `gone` frees what is left of a source that has left, its
    session too.
    """

    def __init__(
        self,
        engine: Engine,
        grace_s: float,
        tell: Callable[[MediaEvent], None],
        gone: Callable[[Broadcast, Source], None],
    ) -> None:
        self._engine = engine
        self._grace_s = grace_s
        self._hear = tell
        self._gone = gone
        self._order = 0

    def _tell(self, kind: Any, entry: Broadcast, source: Source) -> None:
        codec = source.video if kind == "switched" else None
        self._hear(MediaEvent(kind, entry.id, source.id, source.label, source.guest, codec))

    def joined(self, entry: Broadcast, source: Source) -> None:
        """The source's first handshake is done."""
        if not source.joined:
            self._order += 1
            source.joined = self._order
            self._tell("joined", entry, source)

    def replaced(self, entry: Broadcast, source: Source) -> None:
        """A new session takes up the source's place; its media has a moment to come, and then the
        whole grace.
        """
        source.flowing = False
        source.cancel_timers()
        source.handover = asyncio.get_running_loop().call_later(
            _HANDOVER_S, self.stopped, entry, source
        )

    def flowing(self, entry: Broadcast, source: Source) -> None:
        """The source's media flows, for the first time or again."""
        source.flowing = True
        source.cancel_timers()
        self._decide(entry)

    def stopped(self, entry: Broadcast, source: Source) -> None:
        """The source's media stopped: another goes on air, or viewers wait for it."""
        source.flowing = False
        if not source.joined:
            if source.session is None:
                source.cancel_timers()
                entry.forget(source)
            return
        if source.grace is None:
            source.grace = asyncio.get_running_loop().call_later(
                self._grace_s, self.leave, entry, source
            )
        self._decide(entry)

    def objected(self, entry: Broadcast, source: Source, sentence: str) -> None:
        """The source's stream can't be played: it is not on air until it is sent anew."""
        source.objection = sentence
        if self._decide(entry) is None:
            self._engine.put_on_air(entry.output, None)

    def pick(self, entry: Broadcast, source: Source) -> None:
        """The host wants this source on air, which it is from its next keyframe on."""
        entry.picked = source.id
        self._decide(entry)

    def leave(self, entry: Broadcast, source: Source) -> None:
        """The source's grace is over, or it was sent away."""
        source.cancel_timers()
        source.flowing = False
        if entry.picked == source.id:
            entry.picked = None
        was_on_air = entry.on_air == source.id
        if was_on_air:
            self._engine.put_on_air(entry.output, None)
            if entry.chosen() is None:
                self._decide(entry)
            entry.on_air = None
        entry.forget(source)
        if source.joined:
            self._tell("left", entry, source)
        # Even where it was not on air, a switch to it may wait for its keyframe.
        self._decide(entry)
        self._gone(entry, source)

    def aired(self, entry: Broadcast, source: Source) -> None:
        """Viewers get this source, from now on or again."""
        if entry.on_air != source.id:
            entry.on_air = source.id
            self._tell("switched", entry, source)
        if entry.paused:
            entry.paused = False
            self._tell("resumed", entry, source)

    def _decide(self, entry: Broadcast) -> Source | None:
        """Put on air who should be. Where nobody can, viewers are told to wait."""
        source = entry.chosen()
        if source is not None and source.session is not None:
            self._engine.put_on_air(entry.output, source.session.peer)
            return source
        on_air = entry.sources.get(entry.on_air or "")
        if on_air is not None and not entry.paused:
            entry.paused = True
            self._tell("paused", entry, on_air)
        return None
