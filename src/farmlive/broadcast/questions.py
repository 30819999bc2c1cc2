"""Questions: chat messages that the crew wants to answer, and the answer that viewers read.

The queue is in the log, so that every phone of the crew has the same one.
"""

from typing import Any

from sqlalchemy import Connection, select

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
from farmlive.broadcast.log import Log, without_reply
from farmlive.broadcast.tables import events
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
        """Take the answer away that viewers read, and erase the written replies to its question.

        Also after the broadcast: a reply may say what nobody should read. The `seq` is None where
        no answer is shown, and the question's own text stays. Raises UnknownBroadcast.
        """

        def write(connection: Connection) -> dict[str, Any]:
            self._log.head(connection, broadcast)
            message = _answered_last(connection, broadcast)
            if message is None:
                return {"seq": None}
            event = self._log.append(connection, broadcast, ChatCleared(message=message))
            for seq, data in _answers_to(connection, broadcast, message):
                kept = without_reply(data)
                self._log.redact(connection, broadcast, seq, by=event, kept=kept)
            record_action(
                connection, caller, "chat.clear", None, broadcast=broadcast, message=message
            )
            return {"seq": event.seq}

        return await self._store.write(write)

    def _append(
        self,
        connection: Connection,
        caller: Caller,
        action: str,
        broadcast: str,
        event: EventModel,
        message: int,
    ) -> dict[str, Any]:
        if self._log.head(connection, broadcast).state == "ended":
            raise Ended
        record_action(connection, caller, action, None, broadcast=broadcast, message=message)
        return {"seq": self._log.append(connection, broadcast, event).seq}


def _answered_last(connection: Connection, broadcast: str) -> int | None:
    """Return the question whose answer was shown last and not taken away, or None."""
    found = connection.execute(
        select(events.c.kind, events.c.data)
        .where(
            events.c.broadcast == broadcast,
            events.c.kind.in_([ChatAnswered.kind, ChatCleared.kind]),
        )
        .order_by(events.c.seq.desc())
        .limit(1)
    ).one_or_none()
    return found.data.get("message") if found and found.kind == ChatAnswered.kind else None


def _answers_to(
    connection: Connection, broadcast: str, message: int
) -> list[tuple[int, dict[str, Any]]]:
    """Return `seq` and data of the answers to a question."""
    found = connection.execute(
        select(events.c.seq, events.c.data).where(
            events.c.broadcast == broadcast,
            events.c.kind == ChatAnswered.kind,
            events.c.seq > message,
        )
    ).all()
    return [(seq, data) for seq, data in found if data.get("message") == message]


def _require_shown(connection: Connection, broadcast: str, message: int) -> ChatSaid:
    said = require_message(connection, broadcast, message)
    if said.text is None:
        raise UnknownMessage("Nothing was done: that message is hidden.")
    return said
