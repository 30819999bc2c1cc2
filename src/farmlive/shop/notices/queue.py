"""The queue of due notices: leases them to one server at a time, and stores the results.

notices.py decides what to send and how.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Row,
    bindparam,
    func,
    literal_column,
    select,
    update,
)

from farmlive.shop.core.order_tables import order_changes, orders
from farmlive.shop.core.tables import centres
from farmlive.shop.notices.tables import notices
from farmlive.store import hot

# A server's lease on a notice; after this time the server counts as dead.
LEASE_MS = 60_000
# Notices that one write postpones, which bounds how long an order waits for it.
PUT_OFF_AT_ONCE = 200

# Written as the partial index has it.
_TO_SEND: ColumnElement[bool] = literal_column("notices.state IN ('waiting', 'sending')")
_NEXT = hot(
    select(notices.c.next_at)
    .where(_TO_SEND, notices.c.provider == bindparam("of_provider"))
    .order_by(notices.c.next_at)
    .limit(literal_column("1"))
)
# The first notice of a message stands for all of it.
_DUE = hot(
    select(notices.c.id, notices.c.next_at)
    .where(
        _TO_SEND,
        notices.c.provider == bindparam("of_provider"),
        notices.c.next_at <= bindparam("now"),
        notices.c.message == notices.c.id,
    )
    .order_by(notices.c.next_at, notices.c.id)
    .limit(bindparam("most", type_=Integer))
)
# Takes all notices of a message together; only one server gets them, since writers of a database
# take turns.
_taken = (
    update(notices)
    .values(state="sending", tries=notices.c.tries + 1, next_at=bindparam("until"))
    .returning(notices)
)
_messages: BindParameter[str] = bindparam("messages", expanding=True)
# `own`: the prefetched queries of orders in the same batch do not depend on it.
_TAKE = hot(_taken.where(notices.c.id.in_(_messages)), own=True)
_TAKE_OTHERS = hot(
    _taken.where(
        notices.c.message.in_(_messages),
        notices.c.message != notices.c.id,
        literal_column("notices.state NOT IN ('sent', 'failed', 'void')"),
    ),
    own=True,
)
# Only while the lease is still held: a late or repeated result must not change a notice that
# another server has taken since.
_PUT = update(notices).where(
    notices.c.id.in_(bindparam("taken", expanding=True)),
    notices.c.state == "sending",
    notices.c.next_at == bindparam("lease"),
)
_SENT = hot(
    update(notices)
    .where(notices.c.id.in_(bindparam("brought", expanding=True)))
    .values(state="sent", sent_at=bindparam("now")),
    own=True,
)
_VOID = hot(
    update(notices)
    .where(notices.c.id.in_(bindparam("overtaken", expanding=True)))
    .values(state="void"),
    own=True,
)
_WAITING = hot(
    select(notices.c.id)
    .where(
        _TO_SEND,
        notices.c.provider == bindparam("of_provider"),
        notices.c.state == literal_column("'waiting'"),
        notices.c.next_at < bindparam("until"),
    )
    .order_by(notices.c.next_at, notices.c.id)
    .limit(bindparam("most", type_=Integer))
)
_PUT_OFF = hot(
    update(notices)
    .where(notices.c.id.in_(bindparam("late", expanding=True)))
    .values(next_at=bindparam("until")),
    own=True,
)
_OF_ORDERS = hot(
    select(orders, centres.c.name.label("centre_name"))
    .outerjoin(centres, centres.c.id == orders.c.centre)
    .where(orders.c.id.in_(bindparam("told", expanding=True)))
)
# Orders that were reduced before they were paid.
_TAKEN_OFF = hot(
    select(order_changes.c.order).where(
        order_changes.c.order.in_(bindparam("told", expanding=True)),
        order_changes.c.payment == literal_column("'due'"),
        order_changes.c.refund.is_not(None),
        ~order_changes.c.undone,
    )
)
_count = select(func.count()).select_from(notices)
# Counts the other states by the smallest index and subtracts them from all, since most are sent.
_COUNTS = select(
    _count.scalar_subquery().label("all"),
    _count.where(_TO_SEND).scalar_subquery().label("waiting"),
    *(
        _count.where(notices.c.state == literal_column(f"'{state}'")).scalar_subquery().label(state)
        for state in ("failed", "held", "void")
    ),
)


def next_at(connection: Connection, providers: Iterable[str]) -> int | None:
    """Return when the next notice of one of these providers is due."""
    asked = [connection.execute(_NEXT, {"of_provider": name}) for name in providers]
    return min((row.next_at for found in asked for row in found), default=None)


def due(connection: Connection, provider: str, at_once: int, now: int) -> list[Row[Any]]:
    """Return at most `at_once` due messages of the provider: `id`, and `next_at`, when it became
    due.
    """
    which = {"of_provider": provider, "now": now, "most": at_once}
    return list(connection.execute(_DUE, which))


def take(connection: Connection, messages: Sequence[str], now: int) -> list[Row[Any]]:
    """Lease due messages, and return all their notices."""
    if not messages:
        return []
    leased = {"messages": _padded(messages), "until": now + LEASE_MS}
    heads = connection.execute(_TAKE, leased)
    others = connection.execute(_TAKE_OTHERS, leased)
    return sorted([*heads, *others], key=lambda row: row.id)


def return_to_queue(
    connection: Connection, taken: Sequence[str], lease: int, values: dict[str, Any]
) -> None:
    """Return leased notices to the queue with these values."""
    connection.execute(_PUT.values(values), {"taken": taken, "lease": lease})


def postpone(connection: Connection, provider: str, until: int) -> bool:
    """Postpone some of the provider's waiting notices; return whether there may be more."""
    which = {"of_provider": provider, "until": until, "most": PUT_OFF_AT_ONCE}
    late = [row.id for row in connection.execute(_WAITING, which)]
    if late:
        connection.execute(_PUT_OFF, {"late": _padded(late), "until": until})
    return len(late) == PUT_OFF_AT_ONCE


def mark_sent(connection: Connection, brought: Sequence[str], now: int) -> None:
    """Mark notices as sent."""
    if brought:
        connection.execute(_SENT, {"brought": _padded(brought), "now": now})


def mark_obsolete(connection: Connection, overtaken: Sequence[str]) -> None:
    """Mark notices as obsolete."""
    if overtaken:
        connection.execute(_VOID, {"overtaken": _padded(overtaken)})


def orders_of(
    connection: Connection, rows: Sequence[Row[Any]]
) -> tuple[Mapping[str, Row[Any]], set[str]]:
    """Return the notices' orders by id, and the ids of those that were reduced before they were
    paid.
    """
    told = {"told": _padded(sorted({row.order for row in rows}))}
    found, taken_off = (connection.execute(each, told) for each in (_OF_ORDERS, _TAKEN_OFF))
    return {row.id: row for row in found}, {row.order for row in taken_off}


def counts(connection: Connection) -> Mapping[str, int]:
    """Count the notices that are `waiting`, `sent`, `failed` (given up) and `held` (held back)."""
    found = connection.execute(_COUNTS).one()
    sent = found.all - found.waiting - found.failed - found.held - found.void
    return {"waiting": found.waiting, "sent": sent, "failed": found.failed, "held": found.held}


def _padded(ids: Sequence[str]) -> list[str]:
    """Pad a list to a power of two by repeating its last element: a compiled statement is prepared
    once per length.
    """
    missing = (1 << (len(ids) - 1).bit_length()) - len(ids)
    return [*ids, *[ids[-1]] * missing]
