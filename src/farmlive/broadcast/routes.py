"""Routes of broadcasts: the API, the live channel and its AsyncAPI document.

commands.py declares the commands, from which their routes are generated.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, WebSocket
from sqlalchemy import Connection

from farmlive import compact_json
from farmlive.broadcast.asyncapi import document
from farmlive.broadcast.broadcasts import Broadcasts, Ended, NotLive
from farmlive.broadcast.channel import Channel
from farmlive.broadcast.chat import Chat
from farmlive.broadcast.commands import mute_answer
from farmlive.broadcast.log import Event, Log, UnknownBroadcast
from farmlive.broadcast.models import (
    Broadcast,
    BroadcastList,
    ChangedBroadcast,
    EventList,
    LoggedEvent,
    MuteAnswer,
    MuteList,
    NewBroadcast,
    ShownFrame,
)
from farmlive.edge import paging
from farmlive.edge.contracts import raises
from farmlive.edge.documents import Document
from farmlive.people import Caller, Guard
from farmlive.problems import Invalid
from farmlive.store import Store
from farmlive.store.files.files import Files


def routes(
    store: Store,
    log: Log,
    broadcasts: Broadcasts,
    channel: Channel,
    chat: Chat,
    guard: Guard,
    files: Files,
) -> APIRouter:
    """Return the router of this room."""
    router = APIRouter()
    by_staff = Depends(guard.staff)
    by_crew = Depends(guard.crew)

    @router.get("/api/v1/broadcasts", operation_id="broadcasts_list")
    async def list_broadcasts(page: paging.PageParams) -> BroadcastList:
        """List the broadcasts: live, then scheduled, then ended."""
        rows, following = page.slice(await broadcasts.all(None), lambda each: each.id)
        return BroadcastList(broadcasts=rows, next=following)

    @router.post("/api/v1/broadcasts", status_code=201, operation_id="broadcasts_create")
    async def schedule(new: NewBroadcast, caller: Annotated[Caller, by_staff]) -> Broadcast:
        """Schedule a broadcast."""
        return await broadcasts.create(new, caller=caller)

    @router.get("/api/v1/broadcasts/{broadcast}", operation_id="broadcasts_get")
    @raises(UnknownBroadcast)
    async def read_broadcast(broadcast: str) -> Broadcast:
        """Return a broadcast."""
        return await broadcasts.get(broadcast)

    @router.patch("/api/v1/broadcasts/{broadcast}", operation_id="broadcasts_update")
    @raises(UnknownBroadcast, Ended)
    async def change(
        broadcast: str, new: ChangedBroadcast, caller: Annotated[Caller, by_staff]
    ) -> Broadcast:
        """Change a broadcast's title, time or note."""
        return await broadcasts.change(broadcast, new, caller=caller)

    @router.put(
        "/api/v1/broadcasts/{broadcast}/frame",
        operation_id="broadcasts_show_frame",
    )
    @raises(UnknownBroadcast, Invalid)
    async def show_frame(
        broadcast: str, shown: ShownFrame, caller: Annotated[Caller, by_staff]
    ) -> Broadcast:
        """Replace the frame that the start page shows."""
        if shown.picture is not None and not files.has(shown.picture):
            raise Invalid("There is no such picture here. Send the picture first.")
        return await broadcasts.show_frame(broadcast, shown.picture, caller=caller)

    @router.post("/api/v1/broadcasts/{broadcast}/start", operation_id="broadcasts_start")
    @raises(UnknownBroadcast, Ended)
    async def start(broadcast: str, caller: Annotated[Caller, by_staff]) -> Broadcast:
        """Start a broadcast."""
        return await broadcasts.begin(broadcast, caller=caller)

    @router.post("/api/v1/broadcasts/{broadcast}/end", operation_id="broadcasts_end")
    @raises(UnknownBroadcast, NotLive)
    async def end(broadcast: str, caller: Annotated[Caller, by_staff]) -> Broadcast:
        """End a broadcast for good."""
        return await broadcasts.end(broadcast, caller=caller)

    @router.get(
        "/api/v1/broadcasts/{broadcast}/events", dependencies=[by_staff], operation_id="events_list"
    )
    @raises(UnknownBroadcast)
    async def events(broadcast: str, page: paging.PageParams) -> EventList:
        """Return the log, for all audiences; the cursor is the `seq` after which a page begins."""
        after = page.after[0] if page.after else 0

        def read(connection: Connection) -> list[Event]:
            log.head(connection, broadcast)
            return log.events(connection, broadcast, after=after, limit=page.fetch_limit)

        found = await store.read(read)
        rows, following = page.take(found, lambda event: (event.seq, ""))
        return EventList(
            to=rows[-1].seq if rows else after,
            events=[
                LoggedEvent(**event.as_sent(), audience=list(event.audience)) for event in rows
            ],
            next=following,
        )

    @router.get(
        "/api/v1/broadcasts/{broadcast}/mutes", dependencies=[by_crew], operation_id="mutes_list"
    )
    @raises(UnknownBroadcast)
    async def list_mutes(broadcast: str, page: paging.PageParams) -> MuteList:
        """List the mutes of a broadcast."""
        found = [MuteAnswer(**mute_answer(each)) for each in await chat.muted(broadcast)]
        rows, following = page.slice(found, lambda mute: mute.id)
        return MuteList(mutes=rows, next=following)

    @router.websocket("/api/v1/broadcasts/{broadcast}/live")
    async def live(websocket: WebSocket, broadcast: str) -> None:
        """Open the live channel, subprotocol `farmlive.v1`."""
        await channel.serve(websocket, broadcast)

    described = Document(lambda: compact_json.encode(document(channel)), "application/json")

    @router.get("/asyncapi.json", include_in_schema=False)
    async def asyncapi(request: Request) -> Response:
        """Return the AsyncAPI document of the live channel."""
        return await described.answer(request)

    return router
