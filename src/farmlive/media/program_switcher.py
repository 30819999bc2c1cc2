"""The program switcher: which source of a broadcast is on air, and how long an absent one keeps its
place.

It handles sources' events, switches the engine's output, and sends events through media/ports.py.
relay.py owns sessions and their peers.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from farmlive.media.broadcasts import Broadcast, Source
from farmlive.media.engine.interface import Engine
from farmlive.media.ports import MediaEvent

# A reload replaces a source's session within this time; `paused` is sent only after it.
_HANDOVER_S = 2.0


class ProgramSwitcher:
    """Decides for every broadcast. Calls `on_gone` to free a source that has left, with its
    session.
    """

    def __init__(
        self,
        engine: Engine,
        grace_s: float,
        on_event: Callable[[MediaEvent], None],
        on_gone: Callable[[Broadcast, Source], None],
    ) -> None:
        self._engine = engine
        self._grace_s = grace_s
        self._on_event = on_event
        self._on_gone = on_gone
        self._order = 0

    def _send_event(self, kind: Any, entry: Broadcast, source: Source) -> None:
        codec = source.video if kind == "switched" else None
        self._on_event(MediaEvent(kind, entry.id, source.id, source.label, source.guest, codec))

    def on_joined(self, entry: Broadcast, source: Source) -> None:
        """Handle the source's first finished handshake."""
        if not source.joined:
            self._order += 1
            source.joined = self._order
            self._send_event("joined", entry, source)

    def expect(self, entry: Broadcast, source: str) -> None:
        """Hold the air for the source that was on air before this server started.

        Others stand in. It has the grace period to come; then what is on air is held.
        """
        entry.held = source
        asyncio.get_running_loop().call_later(self._grace_s, self._give_up, entry)

    def _give_up(self, entry: Broadcast) -> None:
        expected = entry.sources.get(entry.held or "")
        if expected is None or expected.guest:
            entry.held = None
            self._hold(entry, entry.sources.get(entry.on_air or ""))

    def _hold(self, entry: Broadcast, source: Source | None) -> None:
        """Let the farm's own source stay on air from now on, unless one does already."""
        if source is not None and not source.guest and entry.held is None:
            entry.held = source.id

    def on_replaced(self, entry: Broadcast, source: Source) -> None:
        """Handle a new session that replaces the source's old one.

        Its media has a moment to come, and then the whole grace period.
        """
        source.flowing = False
        source.cancel_timers()
        source.handover = asyncio.get_running_loop().call_later(
            _HANDOVER_S, self.on_stopped, entry, source
        )

    def on_flowing(self, entry: Broadcast, source: Source) -> None:
        """Handle the source's media, which flows for the first time or again."""
        source.flowing = True
        source.cancel_timers()
        self._decide(entry)

    def on_stopped(self, entry: Broadcast, source: Source) -> None:
        """Handle media that stopped: another source goes on air, or viewers wait for this one."""
        source.flowing = False
        if not source.joined:
            if source.session is None:
                source.cancel_timers()
                entry.forget(source)
            return
        if source.grace is None:
            source.grace = asyncio.get_running_loop().call_later(
                self._grace_s, self.remove, entry, source
            )
        self._decide(entry)

    def on_objected(self, entry: Broadcast, source: Source, sentence: str) -> None:
        """Handle a stream that can't be played: it stays off air until the source restarts it."""
        source.objection = sentence
        if entry.held == source.id != entry.on_air:
            # It never was on air, and takes it from nobody when it is set right.
            entry.held = None
        if self._decide(entry) is None:
            self._engine.put_on_air(entry.output, None)

    def pick(self, entry: Broadcast, source: Source) -> None:
        """Put this source on air as the host picked it: viewers get it from its next keyframe
        on.
        """
        entry.picked = source.id
        if not source.guest:
            entry.held = source.id
        self._decide(entry)

    def remove(self, entry: Broadcast, source: Source) -> None:
        """Remove a source: its grace period is over, or the host dismissed it."""
        source.cancel_timers()
        source.flowing = False
        if entry.picked == source.id:
            entry.picked = None
        if entry.held == source.id:
            entry.held = None
        was_on_air = entry.on_air == source.id
        if was_on_air:
            self._engine.put_on_air(entry.output, None)
            if entry.chosen() is None:
                self._decide(entry)
            entry.on_air = None
        entry.forget(source)
        if source.joined:
            self._send_event("left", entry, source)
        # A switch to it may be pending even if it was not on air.
        self._decide(entry)
        self._on_gone(entry, source)

    def on_aired(self, entry: Broadcast, source: Source) -> None:
        """Record that viewers get this source, from now on or again."""
        if entry.on_air != source.id:
            entry.on_air = source.id
            entry.delays.clear()
            self._send_event("switched", entry, source)
        if entry.paused:
            entry.paused = False
            self._send_event("resumed", entry, source)

    def _decide(self, entry: Broadcast) -> Source | None:
        """Put the right source on air; if there is none, send `paused` to viewers."""
        source = entry.chosen()
        if entry.picked is None:
            self._hold(entry, source)
        if source is not None and source.session is not None:
            self._engine.put_on_air(entry.output, source.session.peer)
            return source
        on_air = entry.sources.get(entry.on_air or "")
        if on_air is not None and not entry.paused:
            entry.paused = True
            self._send_event("paused", entry, on_air)
        return None
