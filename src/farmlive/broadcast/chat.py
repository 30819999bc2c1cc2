"""Chat: what viewers and hosts say, and what a host takes away. Reactions are counted, not kept."""

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from farmlive.broadcast.broadcasts import require_live
from farmlive.broadcast.log import PUBLIC, Log
from farmlive.broadcast.tables import events, mutes, senders
from farmlive.clock import now_ms
from farmlive.contacts import without_phones
from farmlive.people import Caller, TeamNames
from farmlive.people.audit import note
from farmlive.people.nicknames import guest_name, likeness
from farmlive.people.problems import NicknameRefused
from farmlive.problems import Forbidden, NotFound
from farmlive.store import Store


class Muted(Forbidden):
    """A host muted this device."""

    slug = "muted"
    title = "You can't write in this broadcast"


class UnknownMessage(NotFound):
    """No chat message has that seq."""

    slug = "unknown-chat-message"
    title = "There is no such message"


def may_choose(caller: Caller) -> bool:
    """Whether the caller is called as they like: accounts with a display name, and those who run
    the broadcast, are not, so that nobody reads by which name they sign in.
    """
    return caller.account is None or not (caller.display_name or caller.is_crew)


def nickname_of(caller: Caller) -> str:
    """What the caller is called until a nickname is chosen; empty for one of the team without a
    display name.
    """
    if caller.account is None:
        return caller.name or guest_name(caller.device)
    return caller.display_name or ("" if caller.is_crew else guest_name(caller.device))


class Chat:
    """The chat of every broadcast."""

    def __init__(self, store: Store, log: Log, team_names: TeamNames):
        self._store = store
        self._log = log
        self._team_names = team_names

    async def say(self, caller: Caller, broadcast: str, nickname: str, text: str) -> dict[str, Any]:
        """Say something; phone numbers in it, and in the name, are blanked. Returns its `seq`.

        Raises NicknameRefused where whoever is none of the team would be called like it.
        """
        if may_choose(caller) and not caller.is_crew:
            await self._team_names.check(nickname)
            if caller.name and caller.account and likeness(nickname) == likeness(caller.name):
                raise NicknameRefused(
                    "Nothing was sent: you sign in by this name, and viewers are not to read it. "
                    "Choose another one.",
                    reason="sign_in",
                )
        data: dict[str, Any] = {
            "nickname": without_phones(nickname),
            "text": without_phones(text),
        }
        if caller.is_crew:
            data["role"] = caller.role
        if caller.simulated:
            data["simulated"] = True

        def write(connection: Connection) -> dict[str, Any]:
            require_live(self._log.head(connection, broadcast).state)
            muted = select(mutes.c.at).where(
                mutes.c.broadcast == broadcast, mutes.c.device == caller.device
            )
            if connection.execute(muted).first() is not None:
                raise Muted(
                    "The host has muted you in this broadcast. You can still watch and buy."
                )
            event = self._log.append(connection, broadcast, "chat.said", [PUBLIC], data)
            connection.execute(
                insert(senders),
                {"broadcast": broadcast, "seq": event.seq, "device": caller.device},
            )
            return {"seq": event.seq}

        return await self._store.write(write)

    async def hide(self, caller: Caller, broadcast: str, message: int) -> dict[str, Any]:
        """Take a message away from every page and erase its text from the log."""

        def write(connection: Connection) -> dict[str, Any]:
            _require_message(connection, broadcast, message)
            self._log.redact(connection, broadcast, message)
            event = self._log.append(
                connection, broadcast, "chat.hidden", [PUBLIC], {"message": message}
            )
            note(connection, caller, "chat.hide", broadcast=broadcast, message=message)
            return {"seq": event.seq}

        return await self._store.write(write)

    async def mute(self, caller: Caller, broadcast: str, message: int) -> dict[str, Any]:
        """Take no more messages from the device that said this one."""

        def write(connection: Connection) -> dict[str, Any]:
            _require_message(connection, broadcast, message)
            device = self.sender(connection, broadcast, message)
            same = (mutes.c.broadcast == broadcast) & (mutes.c.device == device)
            connection.execute(delete(mutes).where(same))
            connection.execute(
                insert(mutes),
                {"broadcast": broadcast, "device": device, "at": now_ms(), "by": caller.account},
            )
            note(connection, caller, "chat.mute", broadcast=broadcast, message=message)
            return {"muted": message}

        return await self._store.write(write)

    def sender(self, connection: Connection, broadcast: str, message: int) -> str | None:
        """The device that said the message, in the caller's transaction; None for no message."""
        query = select(senders.c.device).where(
            senders.c.broadcast == broadcast, senders.c.seq == message
        )
        return connection.execute(query).scalar_one_or_none()


def _require_message(connection: Connection, broadcast: str, message: int) -> None:
    kind = connection.execute(
        select(events.c.kind).where(events.c.broadcast == broadcast, events.c.seq == message)
    ).scalar_one_or_none()
    if kind != "chat.said":
        raise UnknownMessage(f"There is no chat message {message} in this broadcast.")
