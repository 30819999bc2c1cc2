"""The viewers' own limits on what they get, which hold while cameras change; and what each gets.

delivery.py decides what a choice means for a source.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from farmlive.media.broadcasts import Broadcast
from farmlive.media.engine.interface import Engine, Health
from farmlive.media.signalling.session import Session
from farmlive.media.viewers.delivery import (
    NO_LIMITS,
    Choice,
    Limits,
    ViewerDelivery,
    describe,
    limits_of,
)

# What a source sends is measured after this time at the latest.
_MEASURED_S = 3.0


@dataclass(slots=True)
class _Wish:
    """A viewer's choice, the layer that it asked for instead, and the limits that are in force."""

    choice: Choice = "auto"
    most: int | None = None
    limits: Limits = NO_LIMITS


class ViewerLimits:
    """The limits of those viewers who have any."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # A session that is over is forgotten.
        self._wishes: WeakKeyDictionary[Session, _Wish] = WeakKeyDictionary()

    def choose(self, session: Session, choice: Choice, source: Health | None) -> None:
        """Let this viewer get what it chose; `source` is on air."""
        wish = self._wishes.setdefault(session, _Wish())
        wish.choice, wish.most = choice, None
        self._apply(session, wish, source)

    def limit_layer(self, session: Session, most: int | None, source: Health | None) -> None:
        """Limit this viewer to layer `most`, 0 the lowest; None: no limit."""
        wish = self._wishes.setdefault(session, _Wish())
        wish.most = most
        self._apply(session, wish, source)

    def refresh(self, session: Session, source: Health | None) -> None:
        """Let the viewer's choice hold for the source that is on air now."""
        wish = self._wishes.get(session)
        if wish is not None:
            self._apply(session, wish, source)

    def source_changed(self, source: Callable[[], Health | None], entry: Broadcast) -> None:
        """Let the choices of the broadcast's viewers hold for another source, now and once it is
        measured.
        """

        def refresh_all() -> None:
            health = source()
            for session in list(self._wishes):
                if session in entry.viewers:
                    self.refresh(session, health)

        if self._wishes:
            loop = asyncio.get_running_loop()
            # Not within a call of the engine.
            loop.call_soon(refresh_all)
            loop.call_later(_MEASURED_S, refresh_all)

    def by_choice(self, session: Session) -> Limits:
        """Return the limits of this viewer that are its own."""
        wish = self._wishes.get(session)
        return wish.limits if wish is not None else NO_LIMITS

    def describe(self, session: Session, source: Health | None) -> ViewerDelivery:
        """Return what this viewer gets."""
        wish = self._wishes.get(session) or _Wish()
        viewer = self._engine.viewer_health(session.peer)
        return describe(viewer, source, wish.choice, wish.limits)

    def _apply(self, session: Session, wish: _Wish, source: Health | None) -> None:
        limits = limits_of(wish.choice, source)
        if wish.most is not None:
            limits = limits._replace(layer=wish.most)
        before, wish.limits = wish.limits, limits
        if limits.layer != before.layer:
            self._engine.limit_layer(session.peer, limits.layer)
        if limits.rung != before.rung:
            self._engine.limit_rung(session.peer, limits.rung)
        if wish.choice == "auto" and limits == NO_LIMITS:
            del self._wishes[session]
