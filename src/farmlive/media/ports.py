"""What the relay asks of the house and tells it: who may come in, and what happens to sources."""

from dataclasses import dataclass
from typing import Literal, Protocol

from fastapi import Request


@dataclass(slots=True, frozen=True)
class Admission:
    """Which source a stream key belongs to, and its label.

    A guest's source is never put on air by itself: the host picks it. `device` is a pseudonym of
    the guest's device; a session from another one is not that which the host picked. `key` is the
    key's identifier, by which its session is found when its owner is shut out.
    """

    source: str
    label: str
    guest: bool = False
    device: str | None = None
    key: str = ""


@dataclass(slots=True, frozen=True)
class MediaEvent:
    """What happened to a source of a broadcast.

    `joined` and `left`: the source is there, or its grace is over. `switched`: viewers get it
    from now on, in the `codec`. `paused` and `resumed`: viewers get nothing, or the source on air
    is back.
    """

    kind: Literal["joined", "left", "paused", "resumed", "switched"]
    broadcast: str
    source: str
    label: str
    guest: bool = False
    codec: str | None = None


class Gate(Protocol):
    """Who may come in and who wants to know; the app gives it."""

    async def publish(self, broadcast: str, bearer: str | None, request: Request) -> Admission:
        """The source that this key may publish as; raises a Problem."""

    async def play(self, broadcast: str, request: Request) -> str | None:
        """Admit a player; return the IP that it is counted by, None for none. Raises a Problem."""

    async def preview(
        self, broadcast: str, source: str, bearer: str | None, request: Request
    ) -> None:
        """Let this one see a source that may not be on air; raises a Problem."""

    def plays(self, broadcast: str, session: str, request: Request) -> None:
        """Hear which session came of letting this player in."""

    def nothing_to_play(self, request: Request) -> None:
        """Hear that nobody publishes what this player was let in to."""

    def change(self, request: Request) -> None:
        """Let this client change or end a session; raises a Problem."""

    def tell(self, event: MediaEvent) -> None:
        """Hear of an event."""
