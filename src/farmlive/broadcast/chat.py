"""Chat: messages, which the crew may hide, and mutes. Reactions are only counted."""

from typing import Any

from sqlalchemy import Connection, insert, select

from farmlive.broadcast import mutes
from farmlive.broadcast.broadcasts import require_live
from farmlive.broadcast.events import ChatHidden, ChatSaid
from farmlive.broadcast.log import COPYING, Log
from farmlive.broadcast.mutes import SWEEP_S, Duration, Mute, UnknownMute, trace_of
from farmlive.broadcast.tables import events, senders
from farmlive.contact_detection import without_phones
from farmlive.edge.contracts import raises
from farmlive.people import Caller, People
from farmlive.people.core.audit import record_action
from farmlive.people.core.nicknames import guest_name, likeness
from farmlive.people.core.problems import NicknameRefused
from farmlive.periodic import Periodic, in_steps
from farmlive.problems import Conflict, NotFound
from farmlive.store import Store


class UnknownMessage(NotFound):
    """No chat message has that seq."""

    slug = "unknown-chat-message"
    title = "There is no such message"


class StaffNotMuted(Conflict):
    """Crew can't be muted; a coordinator can revoke the role."""

    slug = "staff-not-muted"
    title = "One of the team can't be muted"


def may_choose_nickname(caller: Caller) -> bool:
    """Return whether the caller may choose a nickname.

    Crew, and accounts with a display name, may not: their name must not show what they sign in
    with.
    """
    return caller.account is None or not (caller.display_name or caller.is_crew)


def nickname_of(caller: Caller) -> str:
    """Return the caller's name before they choose a nickname.

    It is empty for crew without a display name.
    """
    if caller.account is None:
        return caller.name or guest_name(caller.device)
    return caller.display_name or ("" if caller.is_crew else guest_name(caller.device))


class Chat:
    """The chat of every broadcast."""

    def __init__(self, store: Store, log: Log, people: People):
        self._store = store
        self._log = log
        self._team_names = people.team_names
        self._pseudonyms = people.pseudonyms
        failed = "what is over of mutes was not forgotten"
        self._sweeping = Periodic(SWEEP_S, self.sweep, failed, at_once=True)

    async def start(self) -> None:
        """Start to delete expired mutes and traces, now and every hour."""
        await self._sweeping.start()

    async def stop(self) -> None:
        """Stop deleting them."""
        await self._sweeping.stop()

    async def sweep(self) -> None:
        """Delete expired mutes and traces, in small steps."""
        await in_steps(lambda: self._store.write(mutes.sweep))

    async def say(self, caller: Caller, broadcast: str, nickname: str, text: str) -> dict[str, Any]:
        """Send a chat message and return its `seq`; phone numbers in text and nickname are masked.

        Raises NicknameRefused where somebody outside the team would use a name of the team.
        """
        if may_choose_nickname(caller) and not caller.is_crew:
            await self._team_names.check(nickname)
            if caller.name and caller.account and likeness(nickname) == likeness(caller.name):
                raise NicknameRefused(
                    "Nothing was sent: you sign in by this name, and viewers are not to read it. "
                    "Choose another one.",
                    reason="sign_in",
                )
        said = ChatSaid(
            nickname=without_phones(nickname),
            text=without_phones(text),
            role=caller.role if caller.is_crew else None,
            simulated=caller.simulated,
        )
        trace = await trace_of(self._pseudonyms, caller, nickname)

        def write(connection: Connection) -> dict[str, Any]:
            require_live(self._log.head(connection, broadcast).state)
            if not caller.is_crew:
                mutes.check(connection, broadcast, trace)
            event = self._log.append(connection, broadcast, said)
            connection.execute(
                insert(senders),
                {"broadcast": broadcast, "seq": event.seq, "device": caller.device},
            )
            if not caller.is_crew:
                mutes.keep_trace(connection, broadcast, event.seq, trace)
            return {"seq": event.seq}

        return await self._store.write(write)

    async def hide(self, caller: Caller, broadcast: str, message: int) -> dict[str, Any]:
        """Hide a message on every page and erase its text from the log."""

        def write(connection: Connection) -> dict[str, Any]:
            require_message(connection, broadcast, message)
            event = self._log.append(connection, broadcast, ChatHidden(message=message))
            for seq in (message, *_copies_of(connection, broadcast, message)):
                self._log.redact(connection, broadcast, seq, by=event)
            record_action(connection, caller, "chat.hide", broadcast=broadcast, message=message)
            return {"seq": event.seq}

        return await self._store.write(write)

    @raises(UnknownMessage, StaffNotMuted)
    async def mute(self, caller: Caller, broadcast: str, message: int, duration: Duration) -> Mute:
        """Mute the sender of a message.

        Raises UnknownMessage, also where the sender is unknown, and StaffNotMuted.
        """

        def write(connection: Connection) -> Mute:
            said = require_message(connection, broadcast, message)
            if said.role:
                raise StaffNotMuted(
                    "Nobody was muted: one of the team wrote that. A coordinator can take the role "
                    "away."
                )
            device = sender_of(connection, broadcast, message)
            if device is None:
                raise UnknownMessage("Nobody was muted: it is not known who wrote that.")
            nickname = said.nickname or ""
            made = mutes.add(
                connection, broadcast, message, device, nickname, duration, caller.account
            )
            about = {"message": message, "duration": duration}
            record_action(connection, caller, "chat.mute", made.id, broadcast=broadcast, **about)
            return made

        return await self._store.write(write)

    @raises(UnknownMute)
    async def unmute(self, caller: Caller, broadcast: str, mute: str) -> None:
        """End a mute of this broadcast. Raises UnknownMute."""

        def write(connection: Connection) -> None:
            mutes.end(connection, broadcast, mute)
            record_action(connection, caller, "chat.unmute", mute, broadcast=broadcast)

        await self._store.write(write)

    async def muted(self, broadcast: str) -> list[Mute]:
        """List the mutes that apply to the broadcast, the latest first. Raises UnknownBroadcast."""

        def read(connection: Connection) -> list[Mute]:
            self._log.head(connection, broadcast)
            return mutes.list_mutes(connection, broadcast)

        return await self._store.read(read)


def sender_of(connection: Connection, broadcast: str, message: int) -> str | None:
    """Return the device that sent the message, within the caller's transaction, or None."""
    query = select(senders.c.device).where(
        senders.c.broadcast == broadcast, senders.c.seq == message
    )
    return connection.execute(query).scalar_one_or_none()


def _copies_of(connection: Connection, broadcast: str, message: int) -> list[int]:
    """Return the `seq` of the events with a copy of the message."""
    query = select(events.c.seq, events.c.data).where(
        events.c.broadcast == broadcast, events.c.kind.in_(COPYING), events.c.seq > message
    )
    found = connection.execute(query).all()
    return [seq for seq, data in found if data.get("message") == message]


def require_message(connection: Connection, broadcast: str, message: int) -> ChatSaid:
    """Return the message, empty where it is hidden. Raises UnknownMessage."""
    found = connection.execute(
        select(events.c.kind, events.c.data).where(
            events.c.broadcast == broadcast, events.c.seq == message
        )
    ).one_or_none()
    if found is None or found.kind != ChatSaid.kind:
        raise UnknownMessage(f"There is no chat message {message} in this broadcast.")
    return ChatSaid.parse(found.data)
