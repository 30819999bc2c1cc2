"""The commands of a broadcast, on the live channel and over HTTP: chat, cards and reactions.

The channel is built with them.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from farmlive.broadcast.broadcasts import Broadcasts, Ended, NotLive, require_live
from farmlive.broadcast.cards import Cards, UnknownCard
from farmlive.broadcast.chat import Chat, UnknownMessage, may_choose_nickname, nickname_of
from farmlive.broadcast.crowd_limits import CrowdLimits
from farmlive.broadcast.hub import Hub
from farmlive.broadcast.log import Log, UnknownBroadcast
from farmlive.broadcast.models import (
    CardOpen,
    CardPin,
    CardUnpin,
    ChatAnswer,
    ChatClear,
    ChatDrop,
    ChatHide,
    ChatMute,
    ChatQueue,
    ChatSay,
    ChatUnmute,
    EventSeq,
    MuteAnswer,
    NewAnswer,
    NewMessage,
    NewMute,
    NewPin,
    NewReaction,
    OpenedCard,
    React,
)
from farmlive.broadcast.mutes import Mute, Muted
from farmlive.broadcast.questions import Questions
from farmlive.clock import rfc3339
from farmlive.commands import IN_BROADCAST, Command, Nothing
from farmlive.edge.contracts import by_device, raises
from farmlive.origin.core.problems import LotStopped
from farmlive.people import Blocklist, Caller, RateLimits
from farmlive.people.core.problems import Blocked, NicknameRefused
from farmlive.problems import TooMany
from farmlive.settings import Settings
from farmlive.store import Store


class BroadcastCommands:
    """Runs the viewers' and the crew's commands."""

    def __init__(
        self,
        store: Store,
        log: Log,
        broadcasts: Broadcasts,
        chat: Chat,
        questions: Questions,
        cards: Cards,
        limits: RateLimits,
        blocks: Blocklist,
        settings: Settings,
    ):
        self._store = store
        self._log = log
        self._broadcasts = broadcasts
        self._chat = chat
        self._questions = questions
        self._cards = cards
        self._crowd = CrowdLimits(limits, settings)
        self._blocks = blocks

    @by_device
    @raises(TooMany, Blocked, NicknameRefused, Muted, UnknownBroadcast, NotLive, Ended)
    async def say(self, caller: Caller, broadcast: str, message: ChatSay) -> dict[str, Any]:
        """Send a chat message under the caller's nickname; returns `EventSeq`.

        Raises TooMany, Blocked, NicknameRefused, Muted, UnknownBroadcast, NotLive, Ended.
        """
        self._crowd.chat(caller)
        if not caller.is_crew:
            await self._blocks.check(device=caller.device, address=caller.address)
        chosen = message.nickname if may_choose_nickname(caller) else None
        nickname = nickname_of(caller) if chosen is None else chosen
        return await self._chat.say(caller, broadcast, nickname, message.text)

    @raises(UnknownBroadcast, UnknownMessage)
    async def hide(self, caller: Caller, broadcast: str, message: ChatHide) -> dict[str, Any]:
        """Hide a message; returns `EventSeq`. Raises UnknownBroadcast, UnknownMessage."""
        return await self._chat.hide(caller, broadcast, message.message)

    @raises(UnknownBroadcast, UnknownMessage, Ended)
    async def queue(self, caller: Caller, broadcast: str, message: ChatQueue) -> dict[str, Any]:
        """Queue a message as a question; returns `EventSeq`, null where it is in the queue.

        Raises UnknownBroadcast, UnknownMessage, Ended.
        """
        async with self._current_hub(broadcast) as hub:
            if message.message in _queued(hub):
                return {"seq": None}
        return await self._questions.queue(caller, broadcast, message.message)

    @raises(UnknownBroadcast, Ended)
    async def drop(self, caller: Caller, broadcast: str, message: ChatDrop) -> dict[str, Any]:
        """Take a question out of the queue; returns `EventSeq`, null where it is not in it.

        Raises UnknownBroadcast, Ended.
        """
        async with self._current_hub(broadcast) as hub:
            if message.message not in _queued(hub):
                return {"seq": None}
        return await self._questions.drop(caller, broadcast, message.message)

    @raises(UnknownBroadcast, UnknownMessage, Ended)
    async def answer(self, caller: Caller, broadcast: str, message: ChatAnswer) -> dict[str, Any]:
        """Show viewers an answer; returns `EventSeq`.

        Raises UnknownBroadcast, UnknownMessage, Ended.
        """
        return await self._questions.answer(caller, broadcast, message.message, message.reply)

    @raises(UnknownBroadcast)
    async def clear(self, caller: Caller, broadcast: str, _message: ChatClear) -> dict[str, Any]:
        """Take the answer away, if there is one, and erase what was written; returns `EventSeq`.

        Raises UnknownBroadcast.
        """
        return await self._questions.clear(caller, broadcast)

    @raises(Chat.mute)
    async def mute(self, caller: Caller, broadcast: str, message: ChatMute) -> dict[str, Any]:
        """Mute the sender of a message; returns `MuteAnswer`.

        Raises UnknownMessage, StaffNotMuted.
        """
        made = await self._chat.mute(caller, broadcast, message.message, message.duration)
        return mute_answer(made)

    @raises(Chat.unmute)
    async def unmute(self, caller: Caller, broadcast: str, message: ChatUnmute) -> dict[str, Any]:
        """End a mute. Raises UnknownMute."""
        await self._chat.unmute(caller, broadcast, message.mute)
        return {}

    @raises(UnknownBroadcast, UnknownCard, Ended, LotStopped)
    async def pin(self, caller: Caller, broadcast: str, message: CardPin) -> dict[str, Any]:
        """Pin an offer's card; returns `EventSeq`.

        Raises UnknownBroadcast, UnknownCard, Ended, LotStopped.
        """
        async with self._current_hub(broadcast) as hub:
            bag = frozenset(hub.scene.offers)
        return await self._cards.pin(caller, broadcast, message.offer, bag)

    @raises(UnknownBroadcast, Ended)
    async def unpin(self, caller: Caller, broadcast: str, _message: CardUnpin) -> dict[str, Any]:
        """Unpin the card, if there is one; returns `EventSeq`.

        Raises UnknownBroadcast, Ended.
        """
        async with self._current_hub(broadcast) as hub:
            pinned = hub.scene.pinned
        return await self._cards.unpin(caller, broadcast, pinned)

    @raises(TooMany, UnknownBroadcast, NotLive, Ended)
    async def react(self, caller: Caller, broadcast: str, message: React) -> dict[str, Any]:
        """Count hearts. Raises TooMany, UnknownBroadcast, NotLive, Ended."""
        async with self._live_hub(broadcast) as hub:
            counts = self._crowd.like(caller, message.count)
            hub.reactions += message.count if counts else 0
        return {}

    @raises(TooMany, UnknownBroadcast, NotLive, Ended, UnknownCard)
    async def open(self, caller: Caller, broadcast: str, message: CardOpen) -> dict[str, Any]:
        """Count that a viewer opened a card; returns `OpenedCard`.

        Raises TooMany, UnknownBroadcast, NotLive, Ended, UnknownCard.
        """
        async with self._live_hub(broadcast) as hub:
            offer = hub.scene.offers.get(message.offer)
        if offer is None:
            raise UnknownCard("Look into the bag of this broadcast for what is in it.")
        if caller.role in (None, "simulator") and self._crowd.tap(caller):
            self._broadcasts.taps.add(broadcast, message.offer, caller.device)
        return {"offer": offer}

    @contextlib.asynccontextmanager
    async def _live_hub(self, broadcast: str) -> AsyncIterator[Hub]:
        """Yield the hub of a live broadcast, for commands of anonymous viewers.

        An ended broadcast is refused before its log is read. Raises UnknownBroadcast, NotLive,
        Ended.
        """
        if broadcast not in self._broadcasts.hubs.open:
            head = await self._store.read(lambda conn: self._log.head(conn, broadcast))
            require_live(head.state)
        async with self._broadcasts.hub(broadcast) as hub:
            yield hub

    @contextlib.asynccontextmanager
    async def _current_hub(self, broadcast: str) -> AsyncIterator[Hub]:
        """Yield the hub with every committed event, so that an offer which another server added a
        moment ago can be pinned. Raises UnknownBroadcast, Ended.
        """
        head = await self._store.read(lambda conn: self._log.head(conn, broadcast))
        if head.state == "ended":
            raise Ended
        async with self._broadcasts.hub(broadcast) as hub:
            await hub.catch_up_to(head.seq)
            yield hub


def _queued(hub: Hub) -> set[int]:
    return {question["message"] for question in hub.scene.questions}


def commands(broadcast: BroadcastCommands) -> list[Command[Any]]:
    """Return the commands of a broadcast."""
    return [
        Command(
            ChatSay,
            broadcast.say,
            result=EventSeq,
            http=f"POST {IN_BROADCAST}/messages",
            body=NewMessage,
            operation="messages_create",
            tells=("chat.said",),
        ),
        Command(
            React,
            broadcast.react,
            result=Nothing,
            http=f"POST {IN_BROADCAST}/reactions",
            body=NewReaction,
            operation="reactions_create",
        ),
        Command(
            CardOpen,
            broadcast.open,
            result=OpenedCard,
            http=f"POST {IN_BROADCAST}/offers/{{offer}}/taps",
            operation="cards_open",
            makes=False,
        ),
        Command(
            CardPin,
            broadcast.pin,
            result=EventSeq,
            http=f"PUT {IN_BROADCAST}/pinned",
            body=NewPin,
            operation="cards_pin",
            role="crew",
            tells=("card.pinned",),
        ),
        Command(
            CardUnpin,
            broadcast.unpin,
            result=EventSeq,
            http=f"DELETE {IN_BROADCAST}/pinned",
            operation="cards_unpin",
            role="crew",
            tells=("card.unpinned",),
        ),
        Command(
            ChatHide,
            broadcast.hide,
            result=EventSeq,
            http=f"DELETE {IN_BROADCAST}/messages/{{message}}",
            operation="messages_delete",
            role="crew",
            tells=("chat.hidden",),
        ),
        Command(
            ChatQueue,
            broadcast.queue,
            result=EventSeq,
            http=f"PUT {IN_BROADCAST}/questions/{{message}}",
            operation="questions_add",
            role="crew",
            tells=("chat.queued",),
        ),
        Command(
            ChatDrop,
            broadcast.drop,
            result=EventSeq,
            http=f"DELETE {IN_BROADCAST}/questions/{{message}}",
            operation="questions_remove",
            role="crew",
            tells=("chat.dropped",),
        ),
        Command(
            ChatAnswer,
            broadcast.answer,
            result=EventSeq,
            http=f"PUT {IN_BROADCAST}/answer",
            body=NewAnswer,
            operation="questions_answer",
            role="crew",
            tells=("chat.answered",),
        ),
        Command(
            ChatClear,
            broadcast.clear,
            result=EventSeq,
            http=f"DELETE {IN_BROADCAST}/answer",
            operation="questions_clear_answer",
            role="crew",
            tells=("chat.cleared",),
        ),
        Command(
            ChatMute,
            broadcast.mute,
            result=MuteAnswer,
            http=f"POST {IN_BROADCAST}/mutes",
            body=NewMute,
            operation="mutes_create",
            role="crew",
        ),
        Command(
            ChatUnmute,
            broadcast.unmute,
            result=Nothing,
            http=f"DELETE {IN_BROADCAST}/mutes/{{mute}}",
            operation="mutes_delete",
            role="crew",
        ),
    ]


def mute_answer(mute: Mute) -> dict[str, Any]:
    """Return a mute as channel and API answer it."""
    answer = MuteAnswer(
        id=mute.id,
        nickname=mute.nickname,
        who=mute.device[:8],
        message=mute.message,
        everywhere=mute.everywhere,
        at=rfc3339(mute.at),
        until=None if mute.until is None else rfc3339(mute.until),
        by=mute.by,
    )
    return answer.model_dump()
