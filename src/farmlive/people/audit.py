"""The audit list: what staff did, when, to what, written in the transaction of the deed itself; and
who came in, or tried to, which access_log.py counts. It is kept as long as the setting says.

It holds no buyer's name, phone or address: a subject is an identifier, a detail is plain facts.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from farmlive.clock import now_ms
from farmlive.ids import first_ulid, ulid
from farmlive.people import tables
from farmlive.people.caller import Caller

# For what was done by nobody who is known.
NOBODY = Caller(None, None, None, "", None)


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
    if caller is not None and caller.role is not None:
        put(connection, caller, action, subject, broadcast=broadcast, **detail)


def put(
    connection: Connection,
    caller: Caller,
    action: str,
    subject: str | None = None,
    *,
    broadcast: str | None = None,
    **detail: Any,
) -> None:
    """Write what the caller did, whoever it is; `NOBODY` for what nobody known did."""
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


def count(connection: Connection) -> int:
    """How many there are."""
    return connection.execute(select(func.count()).select_from(tables.audit)).scalar_one()


def forget(connection: Connection, before_ms: int, most: int) -> int:
    """Delete the oldest of those from before then, in ms since 1970; how many, `most` at most."""
    table = tables.audit
    # An identifier begins with its time, and sorts by it.
    old = select(table.c.id).where(table.c.id < first_ulid(before_ms)).order_by(table.c.id)
    found = connection.execute(old.limit(most)).scalars().all()
    if not found:
        return 0
    last = table.c.id <= found[-1]
    return connection.execute(delete(table).where(last)).rowcount


def deeds(connection: Connection, before: str | None = None, limit: int = 100) -> list[Deed]:
    """The latest deeds first, older than the one with the identifier `before`."""
    query = select(tables.audit).order_by(tables.audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tables.audit.c.id < before)
    return [Deed(**row._mapping) for row in connection.execute(query)]
