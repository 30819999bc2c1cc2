"""The audit list: what staff did, when, to what. Written in the transaction of the deed itself.

It holds no buyer's name, phone or address: a subject is an identifier, a detail is plain facts.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.people import tables
from farmlive.people.caller import Caller


@dataclass(frozen=True)
class Deed:
    """One line of the list; `at` in milliseconds since 1970, `action` such as `offer.change`.

    `subject` is the identifier of what was changed, `broadcast` that of the broadcast it is in.
    """

    id: str
    at: int
    account: str | None
    name: str
    action: str
    subject: str | None
    broadcast: str | None
    detail: dict[str, Any]


def note(
    connection: Connection,
    caller: Caller | None,
    action: str,
    subject: str | None = None,
    *,
    broadcast: str | None = None,
    **detail: Any,
) -> None:
    """Write that the caller did it; nothing for one without a role, as a buyer, or the server."""
    if caller is None or caller.role is None:
        return
    connection.execute(
        insert(tables.audit),
        {
            "id": ulid(),
            "at": now_ms(),
            "account": caller.account,
            "name": caller.name or "",
            "action": action,
            "subject": subject,
            "broadcast": broadcast,
            "detail": detail,
        },
    )


def deeds(connection: Connection, before: str | None = None, limit: int = 100) -> list[Deed]:
    """The latest deeds first, older than the one with the identifier `before`."""
    query = select(tables.audit).order_by(tables.audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tables.audit.c.id < before)
    return [Deed(**row._mapping) for row in connection.execute(query)]
