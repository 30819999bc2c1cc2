"""What WHIP and WHEP do with sessions, wherever these are: `Here`, on this server's relay, or on
another server's (nodes/forwarding.py). HTTP is routes.py's, the sessions are relay.py's.
"""

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from farmlive.media.ports import Admission
from farmlive.media.wire.errors import SessionGone
from farmlive.problems import Problem

if TYPE_CHECKING:
    from farmlive.media.relay import Relay
    from farmlive.media.signalling.session import Session


class Opened(NamedTuple):
    """A session that was made: the last part of its URL, its ETag and the answer."""

    token: str
    etag: str
    answer: str


class Signalling(Protocol):
    """The sessions of every broadcast. Each method raises what the relay's of its name does."""

    async def publish(
        self, broadcast: str, admission: Admission, offer: str, asked_at: str = ""
    ) -> Opened:
        """Take a publisher's offer."""

    async def view(self, broadcast: str, offer: str, address: str | None) -> Opened:
        """Take a viewer's offer; `address` is the IP by which it is counted."""

    async def preview(self, broadcast: str, source: str, offer: str) -> Opened:
        """Take the offer of one who looks at a source."""

    async def patch(
        self, broadcast: str, session: str, body: str, if_match: str | None, *, publisher: bool
    ) -> tuple[str, str] | None:
        """Take a trickle fragment, or restart ICE: the answer's fragment and ETag."""

    async def layer(self, broadcast: str, session: str, most: int | None) -> None:
        """Limit the layer that a viewer gets."""

    async def delete(self, broadcast: str, session: str, *, publisher: bool) -> None:
        """End a session."""

    async def is_open(self, broadcast: str, session: str, *, publisher: bool = False) -> bool:
        """Whether a session may still be there."""

    def refused(self, broadcast: str, admission: Admission, problem: Problem) -> None:
        """Note that a publisher's request was refused before it came to an offer."""


class Here:
    """The sessions of this server's relay; implements `Signalling`."""

    def __init__(self, relay: "Relay"):
        self._relay = relay

    async def publish(
        self, broadcast: str, admission: Admission, offer: str, asked_at: str = ""
    ) -> Opened:
        """Take a publisher's offer; one that is refused is noted beside its source."""
        try:
            return _opened(*self._relay.publish(broadcast, admission, offer, asked_at))
        except Problem as problem:
            self.refused(broadcast, admission, problem)
            raise

    async def view(self, broadcast: str, offer: str, address: str | None) -> Opened:
        """Take a viewer's offer."""
        return _opened(*self._relay.view(broadcast, offer, address))

    async def preview(self, broadcast: str, source: str, offer: str) -> Opened:
        """Take the offer of one who looks at a source."""
        return _opened(*self._relay.preview(broadcast, source, offer))

    async def patch(
        self, broadcast: str, session: str, body: str, if_match: str | None, *, publisher: bool
    ) -> tuple[str, str] | None:
        """Take a trickle fragment, or restart ICE."""
        return self._relay.session(broadcast, session, publisher).patch(body, if_match)

    async def layer(self, broadcast: str, session: str, most: int | None) -> None:
        """Limit the layer that a viewer gets."""
        self._relay.session(broadcast, session, publisher=False).prefer(most)

    async def delete(self, broadcast: str, session: str, *, publisher: bool) -> None:
        """End a session."""
        self._relay.delete(broadcast, session, publisher)

    async def is_open(self, broadcast: str, session: str, *, publisher: bool = False) -> bool:
        """Whether a session is here."""
        try:
            self._relay.session(broadcast, session, publisher)
        except SessionGone:
            return False
        return True

    def refused(self, broadcast: str, admission: Admission, problem: Problem) -> None:
        """Note it beside the source."""
        self._relay.refused.note(broadcast, admission, problem)

    def has(self, broadcast: str, session: str) -> bool:
        """Whether this session is here."""
        return self._relay.knows(broadcast, session)

    def switch(self, broadcast: str, source: str) -> bool:
        """Put a source on air; whether viewers get it already."""
        return self._relay.switch(broadcast, source)

    def health(self, broadcast: str) -> dict[str, Any]:
        """How each source of the broadcast does."""
        return self._relay.health(broadcast)


def _opened(session: "Session", answer: str) -> Opened:
    return Opened(session.token, session.etag, answer)
