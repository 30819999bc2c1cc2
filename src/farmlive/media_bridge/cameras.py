"""Cameras: the host puts one on air, whichever server has it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from farmlive.broadcast.broadcasts import Ended
from farmlive.broadcast.log import Log, UnknownBroadcast
from farmlive.commands import IN_BROADCAST, Command, Message
from farmlive.edge.contracts import raises
from farmlive.media.wire.errors import HolderAway, OtherServer, SourceAway, SourceUnplayable
from farmlive.nodes import ClusterSessions
from farmlive.people import Caller, Source
from farmlive.people.core.audit import record_action
from farmlive.people.core.models import Identifier
from farmlive.people.keys.sources import require
from farmlive.problems import UnknownSource
from farmlive.store import Store


class OnAir(BaseModel):
    """The source that is to be on air, by its id."""

    model_config = ConfigDict(extra="forbid")

    source: Identifier


class SourceSwitch(OnAir, Message):
    """Put a source on air from its next keyframe on, until another one is, or it leaves."""

    type: Literal["source.switch"] = "source.switch"


class Switched(BaseModel):
    """The source that was picked; `on_air` is false until its next keyframe."""

    id: str
    label: str
    on_air: bool


class Cameras:
    """Switches sources, here or on the server that has the camera."""

    def __init__(self, store: Store, log: Log, anywhere: ClusterSessions):
        self._store = store
        self._log = log
        self._anywhere = anywhere

    @raises(
        UnknownBroadcast,
        Ended,
        UnknownSource,
        SourceAway,
        SourceUnplayable,
        HolderAway,
        OtherServer,
    )
    async def switch(self, caller: Caller, broadcast: str, message: SourceSwitch) -> dict[str, Any]:
        """Put the source on air as the host picked it; return a `Switched`.

        Raises UnknownBroadcast, Ended, UnknownSource, SourceAway, SourceUnplayable, and HolderAway
        and OtherServer if the camera's server can't be reached.
        """

        source = message.source

        def look(conn: Connection) -> Source:
            if self._log.head(conn, broadcast).state == "ended":
                raise Ended
            return require(conn, broadcast, source)

        found = await self._store.read(look)
        try:
            on_air = await self._anywhere.switch(broadcast, source)
        except UnknownSource:
            raise SourceAway(
                "Viewers see what they saw: that camera is not connected. Start it and try again."
            ) from None
        await self._store.write(
            lambda conn: record_action(
                conn, caller, "source.switch", source, broadcast=broadcast, label=found.label
            )
        )
        return Switched(id=source, label=found.label, on_air=on_air).model_dump()


def commands(cameras: Cameras) -> list[Command[SourceSwitch]]:
    """The commands about cameras."""
    return [
        Command(
            SourceSwitch,
            cameras.switch,
            result=Switched,
            http=f"PUT {IN_BROADCAST}/on-air",
            body=OnAir,
            operation="sources_put_on_air",
            role="staff",
        )
    ]
