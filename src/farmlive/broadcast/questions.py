"""Questions: chat messages that the crew wants to answer, and the answer that viewers read.

The queue is in the log, so that every phone of the crew has the same one.
"""

from typing import Any

from sqlalchemy import Connection

from farmlive.broadcast.broadcasts import Ended
from farmlive.broadcast.chat import UnknownMessage, require_message
from farmlive.broadcast.events import (
    ChatAnswered,
    ChatCleared,
    ChatDropped,
    ChatQueued,
    ChatSaid,
    EventModel,
)
from farmlive.broadcast.log import Log
from farmlive.contact_detection import without_phones
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.store import Store


class Questions:
    """The queues of questions of every broadcast."""

    def __init__(self, store: Store, log: Log):
        self._store = store
        self._log = log

    async def queue(self, caller: Caller, broadcast: str, message: int) -> dict[str, Any]:
        """Put a message into the queue. Raises UnknownMessage, also where it is hidden."""

        def write(connection: Connection) -> dict[str, Any]:
            said = _require_shown(connection, broadcast, message)
            queued = ChatQueued(message=message, nickname=said.nickname, text=said.text)
            return self._append(connection, caller, "chat.queue", broadcast, queued, message)

        return await self._store.write(write)

    async def drop(self, caller: Caller, broadcast: str, message: int) -> dict[str, Any]:
        """Take a message out of the queue."""

        def write(connection: Connection) -> dict[str, Any]:
            dropped = ChatDropped(message=message)
            return self._append(connection, caller, "chat.drop", broadcast, dropped, message)

        return await self._store.write(write)

    async def answer(
        self, caller: Caller, broadcast: str, message: int, reply: str | None
    ) -> dict[str, Any]:
        """Show viewers that a message is answered, with a written reply where there is one; phone
        numbers in it are masked. Raises UnknownMessage, also where it is hidden.
        """

        def write(connection: Connection) -> dict[str, Any]:
            said = _require_shown(connection, broadcast, message)
            answered = ChatAnswered(
                message=message,
                nickname=said.nickname,
                text=said.text,
                reply=None if reply is None else without_phones(reply),
            )
            return self._append(connection, caller, "chat.answer", broadcast, answered, message)

        return await self._store.write(write)

    async def clear(self, caller: Caller, broadcast: str) -> dict[str, Any]:
        """Take the answer away that viewers read."""

        def write(connection: Connection) -> dict[str, Any]:
            return self._append(connection, caller, "chat.clear", broadcast, ChatCleared(), None)

        return await self._store.write(write)

    def _append(
        self,
        connection: Connection,
        caller: Caller,
        action: str,
        broadcast: str,
        event: EventModel,
        message: int | None,
    ) -> dict[str, Any]:
        if self._log.head(connection, broadcast).state == "ended":
            raise Ended
        about = {} if message is None else {"message": message}
        record_action(connection, caller, action, None, broadcast=broadcast, **about)
        return {"seq": self._log.append(connection, broadcast, event).seq}


def _require_shown(connection: Connection, broadcast: str, message: int) -> ChatSaid:
    said = require_message(connection, broadcast, message)
    if said.text is None:
        raise UnknownMessage("Nothing was done: that message is hidden.")
    return said
