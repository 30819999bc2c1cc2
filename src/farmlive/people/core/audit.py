"""The audit log: what staff did, when, and to what, written in the transaction of the action.

access_log.py adds sign-ins and other access. The log is kept as long as the setting says. It has no
buyer's name, phone or postal address: a subject is an id, a detail is plain facts.
pages/audit/words.py has the texts of the entries.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select

from farmlive.clock import now_ms
from farmlive.ids import first_ulid, ulid
from farmlive.people.core import tables
from farmlive.people.core.caller import Caller

# The caller of actions by nobody who is known.
NOBODY = Caller(None, None, None, "", None)
# The caller's name for `farmlive user` and `farmlive key` on the server itself.
COMMAND = "farmlive command"

Group = Literal["sign-ins", "buyers", "people", "orders", "broadcasts", "produce"]
"""What an entry is about; every entry is of one group, by the first part of its action."""
GROUPS: dict[Group, tuple[str, ...]] = {
    "sign-ins": ("session", "access"),
    "buyers": ("buyers", "person", "file"),
    "people": (
        "account",
        "block",
        "credential",
        "factor",
        "guest",
        "invitation",
        "key",
        "keys",
        "stream_key",
    ),
    "orders": ("order", "notice"),
    "broadcasts": ("bag", "broadcast", "card", "chat", "flash", "offer", "source"),
    "produce": ("centre", "county", "farm", "fees", "lot", "plot", "product", "work"),
}
assert set(GROUPS) == set(get_args(Group))

# In place of a person's id: callers who were not signed in, and the server's command.
NOT_SIGNED_IN = "nobody"
BY_COMMAND = "command"

# Subjects per query of their first entries.
_SUBJECTS_PER_QUERY = 500
# An entry's id is made at about the time in the entry, unless someone set a clock.
_SLACK_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class AuditEntry:
    """One entry of the log; `at` in milliseconds since 1970, `action` such as `offer.change`.

    `account`, or `key` for a program's API key, acted in the role `role`; both are None in an entry
    of an earlier version. `subject` is the id of what was changed, `broadcast` that of its
    broadcast.
    """

    id: str
    at: int
    account: str | None
    name: str
    action: str
    subject: str | None
    broadcast: str | None
    detail: dict[str, Any]
    role: str | None = None
    key: str | None = None


class Stamp(NamedTuple):
    """Id and time of an event whose entry is written later."""

    id: str
    at: int

    @classmethod
    def now(cls) -> "Stamp":
        """Return a stamp of this moment; entries sort by the id."""
        return cls(ulid(), now_ms())


@dataclass(frozen=True)
class Selection:
    """A filter of entries, by group, person and time; by default all entries.

    `person` is the id of an account, for its actions and actions on it, or of an API key, or
    NOT_SIGNED_IN or BY_COMMAND. `since` and `until` (exclusive) are milliseconds since 1970.
    """

    group: Group | None = None
    person: str | None = None
    since: int | None = None
    until: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter's SQL conditions."""
        table = tables.audit.c
        wanted: list[ColumnElement[bool]] = []
        if self.group is not None:
            wanted.append(
                or_(
                    *(
                        table.action.startswith(f"{thing}.", autoescape=True)
                        for thing in GROUPS[self.group]
                    )
                )
            )
        if self.person == NOT_SIGNED_IN:
            wanted += [table.account.is_(None), table.name == ""]
        elif self.person == BY_COMMAND:
            wanted += [table.account.is_(None), table.key.is_(None), table.name == COMMAND]
        elif self.person is not None:
            wanted.append(
                or_(
                    table.account == self.person,
                    table.key == self.person,
                    table.subject == self.person,
                )
            )
        # First by the id, which sorts by time and is indexed.
        if self.since is not None:
            wanted += [table.id >= first_ulid(self.since - _SLACK_MS), table.at >= self.since]
        if self.until is not None:
            wanted += [table.id < first_ulid(self.until + _SLACK_MS), table.at < self.until]
        return wanted


EVERYTHING = Selection()


def record_action(
    connection: Connection,
    caller: Caller | None,
    action: str,
    subject: str | None = None,
    *,
    broadcast: str | None = None,
    **detail: Any,
) -> None:
    """Write an entry of the caller's action; none for a caller without a role, such as a buyer, or
    the server.
    """
    if caller is not None and caller.role is not None:
        record_always(connection, caller, action, subject, broadcast=broadcast, **detail)


def record_always(
    connection: Connection,
    caller: Caller,
    action: str,
    subject: str | None = None,
    *,
    broadcast: str | None = None,
    stamp: Stamp | None = None,
    **detail: Any,
) -> None:
    """Write an entry of the caller's action, whatever its role; `NOBODY` for an unknown caller.

    `stamp` is the time, if it is not now.
    """
    stamp = stamp or Stamp.now()
    connection.execute(
        insert(tables.audit),
        {
            "id": stamp.id,
            "at": stamp.at,
            "account": caller.account,
            "name": caller.name or "",
            "action": action,
            "subject": subject,
            "broadcast": broadcast,
            "detail": detail,
            # The command acts as a coordinator, but is none.
            "role": caller.role if caller.account or caller.by_key else None,
            "key": caller.key,
        },
    )


def written(connection: Connection, stamps: Collection[Stamp]) -> set[str]:
    """Return those ids of the stamps that already have an entry."""
    ids = [stamp.id for stamp in stamps]
    return set(
        connection.execute(select(tables.audit.c.id).where(tables.audit.c.id.in_(ids))).scalars()
    )


def count(
    connection: Connection, selection: Selection = EVERYTHING, upto: str | None = None
) -> int:
    """Return the number of entries that match, up to the one with id `upto`."""
    query = select(func.count()).select_from(tables.audit).where(*selection.conditions())
    if upto is not None:
        query = query.where(tables.audit.c.id <= upto)
    return connection.execute(query).scalar_one()


def forget(connection: Connection, before_ms: int, most: int) -> int:
    """Delete the oldest entries from before that time, in ms since 1970; return how many, `most` at
    most.
    """
    table = tables.audit
    # An id begins with its time, and sorts by it.
    old = select(table.c.id).where(table.c.id < first_ulid(before_ms)).order_by(table.c.id)
    found = connection.execute(old.limit(most)).scalars().all()
    if not found:
        return 0
    last = table.c.id <= found[-1]
    return connection.execute(delete(table).where(last)).rowcount


def list_entries(
    connection: Connection,
    before: str | None = None,
    limit: int = 100,
    selection: Selection = EVERYTHING,
) -> list[AuditEntry]:
    """Return matching entries, the latest first, older than the one with id `before`."""
    query = select(tables.audit).where(*selection.conditions())
    query = query.order_by(tables.audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tables.audit.c.id < before)
    return [AuditEntry(**row._mapping) for row in connection.execute(query)]


def first_entries(connection: Connection, subjects: Collection[str]) -> dict[str, AuditEntry]:
    """Return the oldest entry of each of these subjects, with the name that it had when it was
    made: a revoked key is in no table any more.
    """
    found: dict[str, AuditEntry] = {}
    wanted: Sequence[str] = sorted(subjects)
    for first in range(0, len(wanted), _SUBJECTS_PER_QUERY):
        part = wanted[first : first + _SUBJECTS_PER_QUERY]
        oldest = (
            select(func.min(tables.audit.c.id))
            .where(tables.audit.c.subject.in_(part))
            .group_by(tables.audit.c.subject)
        )
        for row in connection.execute(select(tables.audit).where(tables.audit.c.id.in_(oldest))):
            found[row.subject] = AuditEntry(**row._mapping)
    return found
