"""The interface that the relay needs from the application: admission, and events of sources."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from fastapi import Request


@dataclass(slots=True, frozen=True)
class Admission:
    """The source that a stream key belongs to, and its label.

    A guest's source is never put on air automatically: the host picks it. `device` is a pseudonym
    of the guest's device; the pick does not hold for a session from another device. `key` is the
    key's id, by which its session is found when its owner is shut out.
    """

    source: str
    label: str
    guest: bool = False
    device: str | None = None
    key: str = ""


@dataclass(slots=True, frozen=True)
class MediaEvent:
    """A change of a broadcast's source.

    `joined` and `left`: the source has connected, or its grace period is over. `switched`: viewers
    get it from now on, in `codec`. `paused` and `resumed`: viewers get no media, or the source on
    air is back.
    """

    kind: Literal["joined", "left", "paused", "resumed", "switched"]
    broadcast: str
    source: str
    label: str
    guest: bool = False
    codec: str | None = None


WriteEvent = Callable[[MediaEvent], None]
"""Writes an event where the application keeps it, without waiting."""


class AccessPolicy(Protocol):
    """Admission to media; the application implements it."""

    async def authorize_publish(
        self, broadcast: str, bearer: str | None, request: Request
    ) -> Admission:
        """Return the source that this key may publish as. Raises a Problem."""

    async def authorize_play(self, broadcast: str, request: Request) -> str | None:
        """Admit a player; return the IP that it counts against, None for none. Raises a Problem."""

    async def authorize_preview(
        self, broadcast: str, source: str, bearer: str | None, request: Request
    ) -> None:
        """Authorize a preview of a source that may not be on air. Raises a Problem."""

    def record_session(self, broadcast: str, session: str, request: Request) -> None:
        """Record the session that followed from admitting this player."""

    def record_nothing_to_play(self, request: Request) -> None:
        """Record that no source publishes in the broadcast that this player was admitted to."""

    def authorize_look(self, request: Request) -> None:
        """Authorize a look at what a session gets. Raises a Problem."""

    def authorize_change(self, request: Request) -> None:
        """Authorize a change or the end of a session. Raises a Problem."""

    def authorize_report(self, request: Request) -> None:
        """Authorize a viewer's report of its delay. Raises a Problem."""
