"""Limits of notices that strangers can cause, stored in the database: they survive restarts and
apply across servers.

It defines which recipients count as one person, and how much a sender may cause. One query reads
the counts, which the order's context query can include; within a transaction the deferred updates
keep them current. Staff read held notices in held.py.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Integer,
    Row,
    bindparam,
    delete,
    exists,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from farmlive.clock import DAY_MS, HOUR_MS
from farmlive.people.core.addresses import block_of
from farmlive.people.core.devices import Pseudonyms
from farmlive.phones import international, without_excess
from farmlive.settings import Settings
from farmlive.shop.notices.tables import notice_budgets, notice_counts, notices
from farmlive.store import Store, hot, list_of, tally

# Notices from strangers: the limit of a block of IP addresses, as a multiple of one address'.
NOTICES_BLOCK_FACTOR = 10
# Domains of one provider that share their mailboxes, by the one that counts. Sources:
# support.apple.com/118230, proton.me/support/addresses-and-aliases, the mailbox aliases of
# yandex.com/support/domain, which validator.js (src/lib/normalizeEmail.js) lists by name; the
# latter and Google's users say so of googlemail.com.
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
# Characters besides dots that Proton ignores in a name, as its own web client does
# (ProtonMail/WebClients, packages/shared/lib/helpers/email.ts).
_LEFT_OUT = {"proton.me": "-_"}

Pseudonym = Callable[[str], Awaitable[str]]


class Sender(NamedTuple):
    """The origin of a stranger's request: pseudonyms of the IP address and of the block
    around it.
    """

    address: str
    block: str


async def sender_of(address: str | None, pseudonym: Pseudonym) -> Sender | None:
    """Return the sender of an IP address.

    Return None where a proxy hides it that the settings don't name.
    """
    if address is None:
        return None
    return Sender(await pseudonym(address), await pseudonym(f"block {block_of(address)}"))


def normalize_recipient(person: str) -> str:
    """Return the normalized phone number or e-mail address under which limits count.

    Numbers that may reach the same phone are one. So are spellings of one mailbox: upper case, what
    follows a plus, dots, which many providers ignore, other characters where a provider ignores
    them, and other domains of the same provider. Two people rarely differ in nothing else; the
    second would miss a notice. Mail is sent to the address as the buyer wrote it.
    """
    name, at, domain = person.rpartition("@")
    if not at:
        return without_excess(person)
    name = name.partition("+")[0].replace(".", "") or name
    with contextlib.suppress(UnicodeError):  # as mail servers write it (RFC 5890)
        domain = domain.encode("idna").decode()
    domain = domain.casefold().rstrip(".")
    domain = _SAME_MAILBOX.get(domain, domain)
    for sign in _LEFT_OUT.get(domain, ""):
        name = name.replace(sign, "") or name
    return f"{name.casefold()}@{domain}"


# When strangers caused notices to the recipient within a day, at most as many as the daily limit.
_told_at = list_of(
    select(notices.c.created_at)
    .where(
        notices.c.recipient == bindparam("to_recipient"),
        notices.c.created_at > bindparam("since_day"),
        notices.c.cause == literal_column("'stranger'"),
        notices.c.held_by.is_(None),  # as the partial index has it
    )
    .limit(bindparam("per_day", type_=Integer))
)


def _used(sender_name: str) -> Any:
    found = select(notice_budgets.c.used).where(
        notice_budgets.c.hour == bindparam("in_hour"),
        notice_budgets.c.sender == bindparam(sender_name),
    )
    return found.scalar_subquery()


# Columns for a context query: the counts of a recipient and a sender.
SENT_COUNTS = (
    _told_at.label("told_at"),
    _used("from_address").label("used_by_address"),
    _used("from_block").label("used_by_block"),
    # Whether there are any counts without a notice's row, which are rare.
    exists(select(notice_counts.c.recipient)).label("told_besides"),
)
_COUNTS_QUERY = hot(select(*SENT_COUNTS))
_SPEND = {
    dialect: hot(
        spent.on_conflict_do_update(
            index_elements=["hour", "sender"],
            set_={"used": notice_budgets.c.used + spent.excluded.used},
        ),
        own=True,
    )
    for dialect, spent in (
        ("sqlite", sqlite.insert(notice_budgets)),
        ("postgresql", postgresql.insert(notice_budgets)),
    )
}
_FORGET = delete(notice_budgets).where(notice_budgets.c.hour < bindparam("this_hour"))
_COUNTED = hot(
    select(notice_counts.c.times).where(notice_counts.c.recipient == bindparam("to_mark"))
)
_FORGET_COUNTS = delete(notice_counts).where(notice_counts.c.until < bindparam("now"))


class StrangerLimits:
    """Decides which limit holds back a stranger's notice, and counts those that are sent."""

    def __init__(self, settings: Settings, store: Store):
        self._pseudonyms = Pseudonyms(store)
        self._prefixes = settings.notice_prefixes
        self._at_most = {
            "number_in_hour": settings.notices_per_hour,
            "number_in_day": settings.notices_per_day,
            "address": settings.notices_per_address,
            "block": settings.notices_per_address * NOTICES_BLOCK_FACTOR,
        }

    def may_reach(self, person: str) -> bool:
        """Return whether strangers can cause notices to this recipient: any e-mail, and allowed
        prefixes.
        """
        return "@" in person or international(person).startswith(self._prefixes)

    def query_parameters(self, person: str, by: Sender | None, now: int) -> dict[str, Any]:
        """Return the parameters of `SENT_COUNTS`, for a notice to the person now."""
        address, block = by or ("", "")
        return {
            "to_recipient": normalize_recipient(person),
            "since_day": now - DAY_MS,
            "per_day": self._at_most["number_in_day"],
            "in_hour": now // HOUR_MS,
            "from_address": address,
            "from_block": block,
        }

    def store_counts(
        self, connection: Connection, question: Mapping[str, Any], answer: Row[*tuple[Any, ...]]
    ) -> None:
        """Store the counts of a row with `SENT_COUNTS`, unless this transaction has newer ones."""
        counted = tally(connection)
        hour = question["in_hour"]
        for key, used in (
            (_sender_key(hour, question["from_address"]), answer.used_by_address),
            (_sender_key(hour, question["from_block"]), answer.used_by_block),
        ):
            if counted.known(key) is None:
                counted.know(key, used or 0)
        told, since = _recipient_key(question["to_recipient"]), question["since_day"]
        if counted.known(told) is None:
            times = answer.told_at or []
            if answer.told_besides:
                times = [
                    *times,
                    *self._times_without_row(connection, question["to_recipient"], since),
                ]
            in_hour = sum(at > since + DAY_MS - HOUR_MS for at in times)
            counted.know(told, (in_hour, len(times)))

    def held_by(
        self, connection: Connection, person: str, by: Sender | None, now: int
    ) -> str | None:
        """Return the limit that holds back a notice to the person.

        Return None if it is sent, and count it then. Counts that `store_counts` stored in this
        transaction are not queried again.
        """
        if not self.may_reach(person):
            return "prefix"
        counted = tally(connection)
        hour = now // HOUR_MS
        told = _recipient_key(normalize_recipient(person))
        senders = [_sender_key(hour, each) for each in by or ()]
        if any(counted.known(key) is None for key in (told, *senders)):
            question = self.query_parameters(person, by, now)
            self.store_counts(
                connection, question, connection.execute(_COUNTS_QUERY, question).one()
            )
        in_hour, in_day = counted.known(told)
        used = [counted.known(key) for key in senders]
        if in_day >= self._at_most["number_in_day"] or in_hour >= self._at_most["number_in_hour"]:
            return "number"
        for limit, caused in zip(("address", "block"), used, strict=False):
            if caused >= self._at_most[limit]:
                return limit
        counted.know(told, (in_hour + 1, in_day + 1))
        spend = _SPEND[connection.dialect.name]
        for key, caused in zip(senders, used, strict=True):
            counted.know(key, caused + 1)
            counted.defer(spend, {"hour": hour, "sender": key[2]}, {"used": 1})
        return None

    def count(self, connection: Connection, recipient_name: str, at: int, now: int) -> None:
        """Count a notice to the recipient at `at`, in UTC milliseconds, that has no row or will
        have none.
        """
        if at <= now - DAY_MS:
            return
        mark = self._mark(recipient_name)
        kept = sorted([*self._times_without_row(connection, recipient_name, now - DAY_MS), at])
        connection.execute(delete(notice_counts).where(notice_counts.c.recipient == mark))
        row = {"recipient": mark, "times": kept, "until": kept[-1] + DAY_MS}
        connection.execute(insert(notice_counts), row)

    def forget(self, connection: Connection, now: int) -> None:
        """Delete expired counts: of past hours, and of notices older than a day."""
        connection.execute(_FORGET, {"this_hour": now // HOUR_MS})
        connection.execute(_FORGET_COUNTS, {"now": now})

    def _times_without_row(
        self, connection: Connection, recipient_name: str, since: int
    ) -> list[int]:
        """Return the times since `since` of the recipient's notices without a row."""
        found = connection.execute(_COUNTED, {"to_mark": self._mark(recipient_name)})
        times: list[int] = found.scalar_one_or_none() or []
        return [at for at in times if at > since]

    def _mark(self, recipient_name: str) -> str:
        return self._pseudonyms.uncached("recipient of notices", recipient_name)


def _recipient_key(recipient_name: str) -> tuple[str, str]:
    """Return the key of a recipient's notices within an hour and a day."""
    return ("notices to", recipient_name)


def _sender_key(hour: int, sender_name: str) -> tuple[str, int, str]:
    """Return the key of a sender's notices in a clock hour."""
    return ("notices by", hour, sender_name)
