"""Limits of notices that a stranger can cause, kept in the database: they survive a restart and
hold across servers.

Owns who counts as one person, how much a sender may cause, and the one statement that writes such a
notice as waiting or held. What is held back, staff read in notices_held.py.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Integer,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite

from farmlive.people.addresses import block_of
from farmlive.phones import international, without_excess
from farmlive.settings import Settings
from farmlive.shop.tables import notice_budgets, notices
from farmlive.store import hot

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# Notices that strangers cause: all of a block, which is what one network gives out, may cause ten
# times what one address may.
NOTICES_BLOCK_FACTOR = 10
# Domains of one provider at which a name is one mailbox, by the one that limits count under.
_SAME_MAILBOX = {
    each: first
    for first, *others in (
        ("gmail.com", "googlemail.com"),
        ("icloud.com", "me.com", "mac.com"),
        ("proton.me", "protonmail.com", "protonmail.ch", "pm.me"),
        ("yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "ya.ru"),
    )
    for each in others
}
# Columns that the caller gives; what limits decide is put beside them.
GIVEN = (
    "id",
    "order",
    "kind",
    "seq",
    "provider",
    "person",
    "recipient",
    "cause",
    "message",
    "next_at",
    "created_at",
)

Pseudonym = Callable[[str], Awaitable[str]]


class Sender(NamedTuple):
    """From where a stranger came: pseudonyms of the address and of the block around it."""

    address: str
    block: str


async def sender(address: str | None, pseudonym: Pseudonym) -> Sender | None:
    """The sender at an address; None where an unnamed proxy hides it."""
    if address is None:
        return None
    return Sender(await pseudonym(address), await pseudonym(f"block {block_of(address)}"))


def recipient(person: str) -> str:
    """As whom limits count a phone number or a mail address.

    Numbers that may reach the same telephone are one. So are other spellings of one mailbox:
    capitals, what follows a plus, dots, which many providers leave out, and another domain of the
    same provider. That two people differ in nothing else is rare, and costs them a receipt. It goes
    to no mail server: a mail is sent to what the buyer wrote.
    """
    name, at, domain = person.rpartition("@")
    if not at:
        return without_excess(person)
    name = name.partition("+")[0].replace(".", "") or name
    with contextlib.suppress(UnicodeError):  # as mail servers write it (RFC 5890)
        domain = domain.encode("idna").decode()
    domain = domain.casefold().rstrip(".")
    return f"{name.casefold()}@{_SAME_MAILBOX.get(domain, domain)}"


def _sent_since(moment: str, most: str) -> Any:
    """How many notices strangers caused to the recipient since then, counted to `most` at most."""
    counted = (
        select(notices.c.id)
        .where(
            notices.c.recipient == bindparam("to_recipient"),
            notices.c.created_at > bindparam(moment),
            notices.c.cause == literal_column("'stranger'"),
            notices.c.state != literal_column("'held'"),  # as its index has it
        )
        .limit(bindparam(most, type_=Integer))
        .subquery()
    )
    return select(func.count()).select_from(counted).scalar_subquery()


def _used(sender_name: str) -> Any:
    found = select(notice_budgets.c.used).where(
        notice_budgets.c.hour == bindparam("in_hour"),
        notice_budgets.c.sender == bindparam(sender_name),
    )
    return func.coalesce(found.scalar_subquery(), literal_column("0"))


_HELD_BY = case(
    (_sent_since("since_day", "per_day") >= bindparam("per_day", type_=Integer), "number"),
    (_sent_since("since_hour", "per_hour") >= bindparam("per_hour", type_=Integer), "number"),
    (_used("from_address") >= bindparam("per_address", type_=Integer), "address"),
    (_used("from_block") >= bindparam("per_block", type_=Integer), "block"),
    else_=null(),
)
_decided = select(_HELD_BY.label("held_by")).subquery("decided")
_WRITE = hot(
    insert(notices).from_select(
        [*GIVEN, "state", "held_by"],
        select(
            *(bindparam(f"its_{name}", type_=notices.c[name].type) for name in GIVEN),
            case((_decided.c.held_by.is_(None), literal("waiting")), else_=literal("held")),
            _decided.c.held_by,
        ),
    ),
    own=True,
)
_of_sender = notice_budgets.c.sender.type
_senders = union_all(
    select(bindparam("from_address", type_=_of_sender).label("sender")),
    select(bindparam("from_block", type_=_of_sender)),
).subquery("senders")
_ONE_MORE = select(
    bindparam("in_hour", type_=notice_budgets.c.hour.type),
    _senders.c.sender,
    literal_column("1"),
).where(
    exists().where(
        and_(notices.c.id == bindparam("its_id"), notices.c.state != literal_column("'held'"))
    )
)
_SPEND = {
    dialect: hot(
        made(notice_budgets)
        .from_select(["hour", "sender", "used"], _ONE_MORE)
        .on_conflict_do_update(
            index_elements=["hour", "sender"], set_={"used": notice_budgets.c.used + 1}
        ),
        own=True,
    )
    for dialect, made in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_HOLD = hot(insert(notices), own=True)
_FORGET = delete(notice_budgets).where(notice_budgets.c.hour < bindparam("this_hour"))


class StrangersLimits:
    """Writes notices that strangers cause, each as waiting or, above a limit, as held."""

    def __init__(self, settings: Settings):
        self._prefixes = settings.notice_prefixes
        self._at_most = {
            "per_hour": settings.notices_per_hour,
            "per_day": settings.notices_per_day,
            "per_address": settings.notices_per_address,
            "per_block": settings.notices_per_address * NOTICES_BLOCK_FACTOR,
        }

    def may_reach(self, person: str) -> bool:
        """Whether a stranger can cause notices to this number; mail goes anywhere."""
        return "@" in person or international(person).startswith(self._prefixes)

    def write(self, connection: Connection, row: Mapping[str, Any], by: Sender | None) -> None:
        """Write the notice; `row` has what GIVEN names. All statements, no question."""
        if not self.may_reach(row["person"]):
            connection.execute(_HOLD, {**row, "state": "held", "held_by": "prefix"})
            return
        now = row["created_at"]
        hour = now // HOUR_MS
        address, block = by or ("", "")
        connection.execute(
            _WRITE,
            {
                **{f"its_{name}": row[name] for name in GIVEN},
                **self._at_most,
                "to_recipient": row["recipient"],
                "since_day": now - DAY_MS,
                "since_hour": now - HOUR_MS,
                "in_hour": hour,
                "from_address": address,
                "from_block": block,
            },
        )
        if by is not None:
            spent = {
                "in_hour": hour,
                "from_address": address,
                "from_block": block,
                "its_id": row["id"],
            }
            connection.execute(_SPEND[connection.dialect.name], spent)

    def forget(self, connection: Connection, now: int) -> None:
        """Drop the budgets of hours that are over."""
        connection.execute(_FORGET, {"this_hour": now // HOUR_MS})
