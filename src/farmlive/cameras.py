"""Cameras: the host puts one on air, and a guest's goes when its link ends, on whichever server it
is. Whose a camera is, people know; who is on air, media; here they meet, over the bus.
"""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from farmlive import compact
from farmlive.broadcast.broadcasts import Ended
from farmlive.broadcast.log import Log
from farmlive.broadcast.models import Message
from farmlive.bus import Bus
from farmlive.ids import ulid
from farmlive.media import Relay
from farmlive.media.refusals import SourceAway, SourceUnplayable, UnknownSource
from farmlive.people import Caller, Guard, Source
from farmlive.people.audit import note
from farmlive.people.guests import Guest
from farmlive.people.models import Identifier
from farmlive.people.sources import known
from farmlive.problems import Conflict
from farmlive.store import Store

TOPIC = "cameras"
# So long another server has to say that it has the camera.
ANSWER_S = 2.0

_REFUSALS: dict[str, type[Conflict]] = {kind.slug: kind for kind in (SourceAway, SourceUnplayable)}


class OnAir(BaseModel):
    """The source that is to be on air, by its id."""

    model_config = ConfigDict(extra="forbid")

    source: Identifier


class SourceSwitch(Message):
    """Put a source on air, from its next keyframe on; it stays until another is, or it leaves."""

    type: Literal["source.switch"]
    source: Identifier


class Switched(BaseModel):
    """The source that was picked; `on_air` false while its next keyframe is waited for."""

    source: str
    label: str
    on_air: bool


class Cameras:
    """Switches and sends away, here or on the server that has the camera."""

    def __init__(self, store: Store, log: Log, relay: Relay, bus: Bus, *, alone: bool):
        self._store = store
        self._log = log
        self._relay = relay
        self._bus = bus
        self._alone = alone
        self._asked: dict[str, asyncio.Future[bool]] = {}
        bus.listen(self._hear)

    async def switch(self, caller: Caller, broadcast: str, source: str) -> Switched:
        """Put the source on air: the host's pick.

        Raises UnknownBroadcast, Ended, UnknownSource, SourceAway, SourceUnplayable.
        """

        def look(conn: Connection) -> Source:
            if self._log.head(conn, broadcast).state == "ended":
                raise Ended
            return known(conn, broadcast, source)

        found = await self._store.read(look)
        try:
            on_air = self._relay.switch(broadcast, source)
        except UnknownSource:
            on_air = await self._elsewhere(broadcast, source)
        await self._store.write(
            lambda conn: note(
                conn, caller, "source.switch", source, broadcast=broadcast, label=found.label
            )
        )
        return Switched(source=source, label=found.label, on_air=on_air)

    async def command(
        self, caller: Caller, broadcast: str, message: SourceSwitch
    ) -> dict[str, Any]:
        """The same, for the channel."""
        return (await self.switch(caller, broadcast, message.source)).model_dump()

    def send_away(self, guest: Guest) -> None:
        """End what a guest sends, on whichever server."""
        self._say(dismiss=guest.source, broadcast=guest.broadcast)

    # Between servers.

    async def _elsewhere(self, broadcast: str, source: str) -> bool:
        away = SourceAway(
            "Viewers see what they saw: that camera is not connected. Start it and try again."
        )
        if self._alone:
            raise away
        question = ulid()
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asked[question] = answer
        try:
            self._say(ask=question, switch=source, broadcast=broadcast)
            return await asyncio.wait_for(answer, ANSWER_S)
        except TimeoutError:
            raise away from None
        finally:
            del self._asked[question]

    def _say(self, **message: Any) -> None:
        self._bus.publish(TOPIC, compact.encode(message))

    def _hear(self, topic: str, message: bytes) -> None:
        if topic != TOPIC:
            return
        said = compact.decode(message)
        if "dismiss" in said:
            self._relay.dismiss(said["broadcast"], said["dismiss"])
        elif "switch" in said:
            self._asked_to_switch(said)
        elif (answer := self._asked.get(said["answer"])) is not None and not answer.done():
            if (refusal := _REFUSALS.get(said.get("refused", ""))) is not None:
                answer.set_exception(refusal(said["detail"]))
            else:
                answer.set_result(bool(said["on_air"]))

    def _asked_to_switch(self, said: dict[str, Any]) -> None:
        try:
            on_air = self._relay.switch(said["broadcast"], said["switch"])
        except UnknownSource:
            return
        except Conflict as problem:
            self._say(answer=said["ask"], refused=problem.slug, detail=problem.detail)
        else:
            self._say(answer=said["ask"], on_air=on_air)


def routes(cameras: Cameras, guard: Guard) -> APIRouter:
    """The switch in the API."""
    router = APIRouter(tags=["media"])

    @router.post("/api/v1/broadcasts/{broadcast}/on-air")
    async def put_on_air(
        broadcast: str, body: OnAir, caller: Annotated[Caller, Depends(guard.staff)]
    ) -> Switched:
        """Put a source on air, from its next keyframe on."""
        return await cameras.switch(caller, broadcast, body.source)

    return router
