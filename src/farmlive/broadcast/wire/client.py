"""A client of a hub: its open channel, what it may see, and how far it has read."""

from dataclasses import dataclass

from farmlive.broadcast.wire.ws_protocol import Wire


@dataclass(slots=True, eq=False)
class Client:
    """One open channel: its audiences, and the last `seq` that was sent to it."""

    wire: Wire
    device: str
    audiences: frozenset[str]
    nickname: str
    role: str | None = None
    to: int = 0
    slow_since: float | None = None
    joined_at: int = 0

    @property
    def watches(self) -> bool:
        """Whether the client counts as a viewer; staff do not."""
        return self.role in (None, "simulator")
