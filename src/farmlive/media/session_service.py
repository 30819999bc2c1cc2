"""The WHIP and WHEP operations on sessions, on this server's relay (`LocalSessions`) or another
server's (nodes/forwarding.py). routes/sessions.py handles HTTP, relay.py owns the sessions.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from farmlive.media.ports import Admission
from farmlive.media.viewers.delivery import Choice, ViewerDelivery
from farmlive.media.wire.errors import SessionGone
from farmlive.problems import Problem

if TYPE_CHECKING:
    from farmlive.media.relay import Relay
    from farmlive.media.signalling.session import Session


WasOnAir = Callable[[str], Awaitable[str | None]]
"""Returns the source of a broadcast that was on air until just now, on whichever server; None if
it is not known.
"""


class Opened(NamedTuple):
    """A new session: the last segment of its URL, its ETag and the answer; and whether the viewer
    is asked to report its delay.
    """

    token: str
    etag: str
    answer: str
    asks_delay: bool = False


class Signalling(Protocol):
    """The sessions of every broadcast. Each method raises what the relay's method of its name
    raises.
    """

    async def publish(
        self, broadcast: str, admission: Admission, offer: str, asked_at: str = ""
    ) -> Opened:
        """Accept a publisher's offer."""

    async def view(
        self, broadcast: str, offer: str, address: str | None, choice: Choice = "auto"
    ) -> Opened:
        """Accept a viewer's offer; `address` is the IP that it counts against."""

    async def preview(self, broadcast: str, source: str, offer: str) -> Opened:
        """Accept the offer of a preview of a source."""

    async def patch(
        self, broadcast: str, session: str, body: str, if_match: str | None, *, publisher: bool
    ) -> tuple[str, str] | None:
        """Accept a trickle ICE fragment, or restart ICE: return the answer's fragment and ETag."""

    async def layer(self, broadcast: str, session: str, most: int | None) -> None:
        """Limit the layer that a viewer gets."""

    async def delivery(self, broadcast: str, session: str) -> ViewerDelivery:
        """Return what a viewer gets of the stream."""

    async def choose(self, broadcast: str, session: str, choice: Choice) -> None:
        """Let a viewer get what it chose."""

    async def report_delay(self, broadcast: str, session: str, ms: int) -> None:
        """Count how late a viewer sees the picture."""

    async def delete(self, broadcast: str, session: str, *, publisher: bool) -> None:
        """End a session."""

    async def is_open(self, broadcast: str, session: str, *, publisher: bool = False) -> bool:
        """Return whether a session may still be open."""

    def record_rejection(self, broadcast: str, admission: Admission, problem: Problem) -> None:
        """Record that a publisher's request was refused before its offer was read."""


class LocalSessions:
    """The sessions of this server's relay; implements `Signalling`."""

    def __init__(self, relay: "Relay", was_on_air: WasOnAir):
        self._relay = relay
        self._was_on_air = was_on_air

    async def publish(
        self, broadcast: str, admission: Admission, offer: str, asked_at: str = ""
    ) -> Opened:
        """Accept a publisher's offer; record one that is rejected."""
        before = None
        if not self._relay.has(broadcast):
            before = await self._was_on_air(broadcast)
        try:
            opened = self._relay.publish(broadcast, admission, offer, asked_at, was_on_air=before)
            return _opened(*opened)
        except Problem as problem:
            self.record_rejection(broadcast, admission, problem)
            raise

    async def view(
        self, broadcast: str, offer: str, address: str | None, choice: Choice = "auto"
    ) -> Opened:
        """Accept a viewer's offer."""
        session, answer = self._relay.view(broadcast, offer, address)
        self._relay.viewing.joined(session, choice)
        asks = self._relay.viewing.asks_delay(session)
        return _opened(session, answer)._replace(asks_delay=asks)

    async def preview(self, broadcast: str, source: str, offer: str) -> Opened:
        """Accept the offer of a preview of a source."""
        return _opened(*self._relay.preview(broadcast, source, offer))

    async def patch(
        self, broadcast: str, session: str, body: str, if_match: str | None, *, publisher: bool
    ) -> tuple[str, str] | None:
        """Accept a trickle ICE fragment, or restart ICE."""
        return self._relay.session(broadcast, session, publisher).patch(body, if_match)

    async def layer(self, broadcast: str, session: str, most: int | None) -> None:
        """Limit the layer that a viewer gets."""
        self._relay.viewing.limit_layer(broadcast, session, most)

    async def delivery(self, broadcast: str, session: str) -> ViewerDelivery:
        """Return what a viewer gets of the stream."""
        return self._relay.viewing.delivery(broadcast, session)

    async def choose(self, broadcast: str, session: str, choice: Choice) -> None:
        """Let a viewer get what it chose."""
        self._relay.viewing.choose(broadcast, session, choice)

    async def report_delay(self, broadcast: str, session: str, ms: int) -> None:
        """Count how late a viewer sees the picture."""
        self._relay.viewing.report_delay(broadcast, session, ms)

    async def delete(self, broadcast: str, session: str, *, publisher: bool) -> None:
        """End a session."""
        self._relay.delete(broadcast, session, publisher)

    async def is_open(self, broadcast: str, session: str, *, publisher: bool = False) -> bool:
        """Return whether a session is open here."""
        try:
            self._relay.session(broadcast, session, publisher)
        except SessionGone:
            return False
        return True

    def record_rejection(self, broadcast: str, admission: Admission, problem: Problem) -> None:
        """Record the rejected offer."""
        self._relay.rejected_offers.record(broadcast, admission, problem)

    def has(self, broadcast: str, session: str) -> bool:
        """Return whether this session is open here."""
        return self._relay.knows(broadcast, session)

    def switch(self, broadcast: str, source: str) -> bool:
        """Put a source on air; return whether viewers get it already."""
        return self._relay.switch(broadcast, source)

    def health(self, broadcast: str) -> dict[str, Any]:
        """Return the health of each source of the broadcast."""
        return self._relay.health(broadcast)


def _opened(session: "Session", answer: str) -> Opened:
    return Opened(session.token, session.etag, answer)
