"""Access to media: checks stream keys, and admits viewers and previews.

Sessions that need a role end with it (media_bridge/crew_sessions.py).
"""

from fastapi import Request

from farmlive.broadcast.broadcasts import Ended, NotLive
from farmlive.broadcast.log import UnknownBroadcast
from farmlive.edge.contracts import raises
from farmlive.media import Admission
from farmlive.media_bridge.broadcast_states import BroadcastStates
from farmlive.media_bridge.crew_sessions import CrewSessions
from farmlive.people import Guard, People
from farmlive.people.core.problems import ApiKeyAboveOwner, ExpiredApiKey, UnknownApiKey
from farmlive.problems import Forbidden, TooMany, Unauthorized
from farmlive.settings import Settings

PLAY = "play"
# A player may send its candidates one by one, restart ICE once, and leave.
CHANGES_PER_JOIN = 4
# A page looks at what it gets once it plays, and every few seconds while that is less than all.
LOOKS_PER_JOIN = 4


class WrongStreamKey(Unauthorized):
    """No key, or one that publishes nothing here."""

    slug = "wrong-stream-key"
    title = "That stream key does not work here"


class StreamAccess:
    """Admits publishers and viewers for the relay; implements `media.AccessPolicy`."""

    def __init__(
        self,
        settings: Settings,
        people: People,
        guard: Guard,
        states: BroadcastStates,
        crew: CrewSessions,
    ):
        self._settings = settings
        self._people = people
        self._guard = guard
        self._states = states
        self._crew = crew

    @raises(WrongStreamKey, UnknownBroadcast, Ended, TooMany)
    async def authorize_publish(
        self, broadcast: str, bearer: str | None, request: Request
    ) -> Admission:
        """Return the source that the key belongs to.

        Raises WrongStreamKey, UnknownBroadcast, Ended, and TooMany for an IP that tries wrong keys;
        one encoder with an old key does not lock out those of other broadcasts.
        """
        if await self._states.get(broadcast) == "ended":
            raise Ended
        address = self._guard.address(request)
        with self._people.limits.failures(
            WrongStreamKey,
            self._settings.sign_ins_per_minute,
            ("stream keys of an address", address and f"{address} {broadcast}"),
            of="wrong stream keys",
        ):
            source = await self._people.find_stream_key(broadcast, bearer) if bearer else None
            if source is None:
                raise WrongStreamKey(
                    "Copy the stream key again from the studio of this broadcast, or make a new "
                    "one.",
                    headers={"WWW-Authenticate": "Bearer"},
                )
        self._limit("publish", request, 1)
        self._people.key_uses.stream_key(source.key)
        device = source.device if source.guest else None
        return Admission(source.id, source.label, source.guest, device, source.key)

    @raises(
        UnknownBroadcast,
        Ended,
        NotLive,
        TooMany,
        UnknownApiKey,
        ExpiredApiKey,
        ApiKeyAboveOwner,
    )
    async def authorize_play(self, broadcast: str, request: Request) -> str | None:
        """Admit a viewer of a live broadcast, the crew earlier too; return the IP that it counts
        against. Raises NotLive, Ended, TooMany.
        """
        state = await self._states.get(broadcast)
        if state == "ended":
            raise Ended
        caller = await self._guard.identify(request)
        if state == "scheduled":
            if not caller.is_crew:
                raise NotLive(headers={"Retry-After": "5"})
            request.state.sees_by_role = "early"
        self._limit(PLAY, request, 1)
        return self._guard.address(request)

    @raises(
        UnknownBroadcast,
        Ended,
        Unauthorized,
        Forbidden,
        TooMany,
        UnknownApiKey,
        ExpiredApiKey,
        ApiKeyAboveOwner,
    )
    async def authorize_preview(
        self, broadcast: str, source: str, bearer: str | None, request: Request
    ) -> None:
        """Authorize the crew's preview of a source, on air or not, and a guest's of its own.

        Raises Ended, Unauthorized, Forbidden, TooMany.
        """
        if await self._states.get(broadcast) == "ended":
            raise Ended
        caller = await self._guard.identify(request)
        if not caller.is_crew and caller.role is not None:
            raise Forbidden("A camera's own picture is for the crew; /live shows what is on air.")
        if caller.is_crew:
            request.state.sees_by_role = "preview"
        else:
            own = await self._people.find_stream_key(broadcast, bearer) if bearer else None
            if own is None or own.id != source or not own.guest:
                raise Unauthorized("A camera's own picture is for the crew. Sign in.")
        self._limit(PLAY, request, 1)

    def record_session(self, broadcast: str, session: str, request: Request) -> None:
        """Watch a session that needs a role, which ends with the role."""
        right = getattr(request.state, "sees_by_role", None)
        if right is not None:
            self._crew.add(broadcast, session, request, is_preview=right == "preview")

    def record_nothing_to_play(self, request: Request) -> None:
        """Take back the count of `authorize_play` for this viewer: one that waits for a camera asks
        often.
        """
        self._people.limits.give_back(
            PLAY, self._guard.address(request), self._settings.joins_per_minute
        )

    @raises(TooMany)
    def authorize_look(self, request: Request) -> None:
        """Authorize a look at what a session gets. Raises TooMany."""
        self._limit("look at a session", request, LOOKS_PER_JOIN)

    @raises(TooMany)
    def authorize_change(self, request: Request) -> None:
        """Authorize a change or the end of a session. Raises TooMany."""
        self._limit("change of a session", request, CHANGES_PER_JOIN)

    @raises(TooMany)
    def authorize_report(self, request: Request) -> None:
        """Authorize a viewer's report of its delay. Raises TooMany.

        Reports have a limit of their own, so that they keep nobody from leaving.
        """
        self._limit("report of a delay", request, CHANGES_PER_JOIN)

    def _limit(self, name: str, request: Request, times: int) -> None:
        per_minute = self._settings.joins_per_minute * times
        self._people.limits.allow(name, self._guard.address(request), per_minute)
