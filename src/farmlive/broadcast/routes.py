"""The routes of broadcasts: the API, the channel and its AsyncAPI document."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response, WebSocket

from farmlive import compact, paging
from farmlive.broadcast.asyncapi import document
from farmlive.broadcast.broadcasts import Broadcasts, Ended, NotLive
from farmlive.broadcast.channel import Channel
from farmlive.broadcast.chat import Chat
from farmlive.broadcast.commands import BroadcastCommands, mute_answer
from farmlive.broadcast.log import Log, UnknownBroadcast
from farmlive.broadcast.models import (
    Broadcast,
    BroadcastList,
    CardOpen,
    CardPin,
    CardUnpin,
    ChangedBroadcast,
    ChatHide,
    ChatMute,
    ChatSay,
    ChatUnmute,
    EventList,
    EventSeq,
    LoggedEvent,
    MuteAnswer,
    MuteList,
    NewBroadcast,
    NewMessage,
    NewMute,
    NewPin,
    NewReaction,
    OfferId,
    OpenedCard,
    React,
    Seq,
)
from farmlive.contracts import raises
from farmlive.documents import Document
from farmlive.people import Caller, Guard
from farmlive.store import Store


def routes(
    store: Store,
    log: Log,
    broadcasts: Broadcasts,
    channel: Channel,
    chat: Chat,
    commands: BroadcastCommands,
    guard: Guard,
) -> APIRouter:
    """The router of this room."""
    router = APIRouter()
    by_anyone = Depends(guard.anyone)
    by_staff = Depends(guard.staff)
    by_crew = Depends(guard.roles("coordinator", "host", "moderator"))

    @router.get("/api/v1/broadcasts", operation_id="broadcasts_list")
    async def list_broadcasts(page: paging.Asked) -> BroadcastList:
        """Broadcasts: live, then scheduled, then ended."""
        rows, following = page.part(await broadcasts.all(None), lambda each: each.id)
        return BroadcastList(broadcasts=rows, next=following)

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
    async def events(broadcast: str, page: paging.Asked) -> EventList:
        """The log, all audiences; its cursor is the `seq` after which a page begins, as `to` is."""
        after = page.after[0] if page.after else 0
        found = await store.read(
            lambda connection: log.events(connection, broadcast, after=after, limit=page.rows)
        )
        rows, following = page.cut(found, lambda event: (event.seq, ""))
        return EventList(
            to=rows[-1].seq if rows else after,
            events=[LoggedEvent(**event.shown(), audience=list(event.audience)) for event in rows],
            next=following,
        )

    @router.get(
        "/api/v1/broadcasts/{broadcast}/mutes", dependencies=[by_crew], operation_id="mutes_list"
    )
    @raises(UnknownBroadcast)
    async def list_mutes(broadcast: str, page: paging.Asked) -> MuteList:
        """List who may not write in this broadcast."""
        found = [MuteAnswer(**mute_answer(each)) for each in await chat.muted(broadcast)]
        rows, following = page.part(found, lambda mute: mute.id)
        return MuteList(mutes=rows, next=following)

    @router.post(
        "/api/v1/broadcasts/{broadcast}/mutes",
        status_code=201,
        response_model=MuteAnswer,
        operation_id="mutes_create",
    )
    @raises(commands.mute)
    async def mute(
        broadcast: str, new: NewMute, caller: Annotated[Caller, by_crew]
    ) -> dict[str, Any]:
        """Mute whoever said a message: ten minutes, the show, or 90 days in all broadcasts."""
        return await commands.mute(caller, broadcast, ChatMute(**dict(new)))

    @router.delete(
        "/api/v1/broadcasts/{broadcast}/mutes/{mute}", status_code=204, operation_id="mutes_delete"
    )
    @raises(commands.unmute)
    async def unmute(
        broadcast: str,
        mute: Annotated[str, Path(min_length=1, max_length=26)],
        caller: Annotated[Caller, by_crew],
    ) -> None:
        """Let someone write again."""
        await commands.unmute(caller, broadcast, ChatUnmute(mute=mute))

    @router.post(
        "/api/v1/broadcasts/{broadcast}/messages",
        status_code=201,
        response_model=EventSeq,
        operation_id="messages_create",
    )
    @raises(commands.say)
    async def say(
        broadcast: str, new: NewMessage, caller: Annotated[Caller, by_anyone]
    ) -> dict[str, Any]:
        """Say something in the chat, as `chat.say` does."""
        return await commands.say(caller, broadcast, ChatSay(**dict(new)))

    @router.delete(
        "/api/v1/broadcasts/{broadcast}/messages/{message}",
        status_code=204,
        operation_id="messages_delete",
    )
    @raises(commands.hide)
    async def hide(broadcast: str, message: Seq, caller: Annotated[Caller, by_crew]) -> None:
        """Take a message away from every page, and its text from the log, as `chat.hide` does."""
        await commands.hide(caller, broadcast, ChatHide(message=message))

    @router.put(
        "/api/v1/broadcasts/{broadcast}/pinned", response_model=EventSeq, operation_id="cards_pin"
    )
    @raises(commands.pin)
    async def pin(
        broadcast: str, card: NewPin, caller: Annotated[Caller, by_crew]
    ) -> dict[str, Any]:
        """Show an offer's card over the video, as `card.pin` does."""
        return await commands.pin(caller, broadcast, CardPin(offer=card.offer))

    @router.delete(
        "/api/v1/broadcasts/{broadcast}/pinned", status_code=204, operation_id="cards_unpin"
    )
    @raises(commands.unpin)
    async def unpin(broadcast: str, caller: Annotated[Caller, by_crew]) -> None:
        """Take the card away, if one is there, as `card.unpin` does."""
        await commands.unpin(caller, broadcast, CardUnpin())

    @router.post(
        "/api/v1/broadcasts/{broadcast}/reactions",
        status_code=204,
        operation_id="reactions_create",
    )
    @raises(commands.react)
    async def react(
        broadcast: str, hearts: NewReaction, caller: Annotated[Caller, by_anyone]
    ) -> None:
        """Send hearts, as `react` does."""
        await commands.react(caller, broadcast, React(count=hearts.count))

    @router.post(
        "/api/v1/broadcasts/{broadcast}/offers/{offer}/taps",
        response_model=OpenedCard,
        operation_id="cards_open",
    )
    @raises(commands.open)
    async def open_card(
        broadcast: str, offer: OfferId, caller: Annotated[Caller, by_anyone]
    ) -> dict[str, Any]:
        """Count that a viewer looks at a card, as `card.open` does."""
        return await commands.open(caller, broadcast, CardOpen(offer=offer))

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
