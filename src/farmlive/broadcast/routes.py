"""The routes of broadcasts: the API, the channel and its AsyncAPI document."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, WebSocket

from farmlive import compact
from farmlive.broadcast.asyncapi import document
from farmlive.broadcast.broadcasts import Broadcasts, Ended, NotLive
from farmlive.broadcast.channel import Channel, mute_answer
from farmlive.broadcast.chat import Chat
from farmlive.broadcast.log import Log, UnknownBroadcast
from farmlive.broadcast.models import (
    Broadcast,
    BroadcastList,
    ChangedBroadcast,
    EventList,
    MuteAnswer,
    MuteList,
    NewBroadcast,
    NewMute,
)
from farmlive.contracts import raises
from farmlive.documents import Document
from farmlive.people import Caller, Guard
from farmlive.store import Store


def routes(
    store: Store, log: Log, broadcasts: Broadcasts, channel: Channel, chat: Chat, guard: Guard
) -> APIRouter:
    """The router of this room."""
    router = APIRouter()
    by_staff = Depends(guard.staff)
    by_crew = Depends(guard.roles("coordinator", "host", "moderator"))

    @router.get("/api/v1/broadcasts", operation_id="broadcasts_list")
    async def list_broadcasts() -> BroadcastList:
        """Broadcasts: live, then scheduled, then ended."""
        return BroadcastList(broadcasts=await broadcasts.all())

    @router.post("/api/v1/broadcasts", status_code=201, operation_id="broadcasts_create")
    async def schedule(new: NewBroadcast, caller: Annotated[Caller, by_staff]) -> Broadcast:
        """Schedule a broadcast."""
        return await broadcasts.create(new, caller=caller)

    @router.get("/api/v1/broadcasts/{broadcast}", operation_id="broadcasts_get")
    @raises(UnknownBroadcast)
    async def read_broadcast(broadcast: str) -> Broadcast:
        """One broadcast."""
        return await broadcasts.get(broadcast)

    @router.patch("/api/v1/broadcasts/{broadcast}", operation_id="broadcasts_update")
    @raises(UnknownBroadcast, Ended)
    async def change(
        broadcast: str, new: ChangedBroadcast, caller: Annotated[Caller, by_staff]
    ) -> Broadcast:
        """Change the title, time or note."""
        return await broadcasts.change(broadcast, new, caller=caller)

    @router.post("/api/v1/broadcasts/{broadcast}/start", operation_id="broadcasts_start")
    @raises(UnknownBroadcast, Ended)
    async def start(broadcast: str, caller: Annotated[Caller, by_staff]) -> Broadcast:
        """Go live."""
        return await broadcasts.begin(broadcast, caller=caller)

    @router.post("/api/v1/broadcasts/{broadcast}/end", operation_id="broadcasts_end")
    @raises(UnknownBroadcast, NotLive)
    async def end(broadcast: str, caller: Annotated[Caller, by_staff]) -> Broadcast:
        """End for good."""
        return await broadcasts.end(broadcast, caller=caller)

    @router.get(
        "/api/v1/broadcasts/{broadcast}/events", dependencies=[by_staff], operation_id="events_list"
    )
    async def events(
        broadcast: str,
        after: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
    ) -> EventList:
        """The log after a `seq`, all audiences."""
        found = await store.read(
            lambda connection: log.events(connection, broadcast, after=after, limit=limit)
        )
        return EventList(
            to=found[-1].seq if found else after,
            events=[{**event.shown(), "audience": event.audience} for event in found],
        )

    @router.get(
        "/api/v1/broadcasts/{broadcast}/mutes", dependencies=[by_crew], operation_id="mutes_list"
    )
    @raises(UnknownBroadcast)
    async def list_mutes(broadcast: str) -> MuteList:
        """List who may not write in this broadcast."""
        found = await chat.muted(broadcast)
        return MuteList(mutes=[MuteAnswer(**mute_answer(each)) for each in found])

    @router.post(
        "/api/v1/broadcasts/{broadcast}/mutes", status_code=201, operation_id="mutes_create"
    )
    @raises(chat.mute)
    async def mute(broadcast: str, new: NewMute, caller: Annotated[Caller, by_crew]) -> MuteAnswer:
        """Mute whoever said a message: ten minutes, the show, or 90 days in all broadcasts."""
        made = await chat.mute(caller, broadcast, new.message, new.duration)
        return MuteAnswer(**mute_answer(made))

    @router.delete(
        "/api/v1/broadcasts/{broadcast}/mutes/{mute}", status_code=204, operation_id="mutes_delete"
    )
    @raises(chat.unmute)
    async def unmute(broadcast: str, mute: str, caller: Annotated[Caller, by_crew]) -> None:
        """Let someone write again."""
        await chat.unmute(caller, broadcast, mute)

    @router.websocket("/api/v1/broadcasts/{broadcast}/live")
    async def live(websocket: WebSocket, broadcast: str) -> None:
        """The live channel, subprotocol `farmlive.v1`."""
        await channel.serve(websocket, broadcast)

    described = Document(lambda: compact.encode(document(channel)), "application/json")

    @router.get("/asyncapi.json", include_in_schema=False)
    async def asyncapi(request: Request) -> Response:
        """The AsyncAPI document of the live channel."""
        return await described.answer(request)

    return router
