"""Ends media sessions that need a role once the role is gone: previews of a source, and views of a
broadcast that is not live yet.

Views that need no role go on. people/guard.py authenticates the request that opened the session
again, as for a live channel; media closes the session.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request

from farmlive.media.session_service import Signalling
from farmlive.media.wire.errors import HolderAway, SessionGone
from farmlive.people import Guard
from farmlive.periodic import Periodic
from farmlive.problems import Unauthorized, Unavailable

# Within five seconds of the shut-out, including the check itself.
LOOK_S = 2.0


@dataclass(frozen=True)
class _Watch:
    """The request that opened a session, and whether it is a preview, which always needs a role."""

    request: Request
    is_preview: bool


class CrewSessions:
    """The sessions that need a role and were opened through this server, wherever they are."""

    def __init__(
        self, guard: Guard, is_live: Callable[[str], Awaitable[bool]], sessions: Signalling
    ):
        self._guard = guard
        self._is_live = is_live
        self._sessions = sessions
        self._open: dict[tuple[str, str], _Watch] = {}
        self._looking = Periodic(
            LOOK_S,
            self.look,
            "whether the crew's players may go on is not known",
            "whether the crew's players may go on is known again",
        )

    async def start(self) -> None:
        """Start to check at intervals whether each session may go on."""
        await self._looking.start()

    async def stop(self) -> None:
        """Stop checking."""
        await self._looking.stop()

    def add(self, broadcast: str, session: str, request: Request, *, is_preview: bool) -> None:
        """Watch the session that this request opened."""
        self._open[broadcast, session] = _Watch(request, is_preview)

    async def look(self) -> None:
        """End the sessions of people who signed out, were shut out or lost their role."""
        known: dict[tuple[str, str], bool] = {}
        for (broadcast, session), watch in list(self._open.items()):
            if not await self._sessions.is_open(broadcast, session):
                del self._open[broadcast, session]
                continue
            if not watch.is_preview and await self._is_live(broadcast):
                del self._open[broadcast, session]
                continue
            headers = watch.request.headers
            who = headers.get("authorization", ""), headers.get("cookie", "")
            if who not in known:
                known[who] = await self._is_crew(watch.request)
            if not known[who]:
                try:
                    await self._sessions.delete(broadcast, session, publisher=False)
                except SessionGone:  # it left meanwhile
                    pass
                except HolderAway:  # the next check ends it
                    continue
                del self._open[broadcast, session]

    async def _is_crew(self, request: Request) -> bool:
        try:
            return (await self._guard.identify(request, is_use=False)).is_crew
        except Unauthorized:
            return False
        except Unavailable:  # unknown; the next check decides
            return True
