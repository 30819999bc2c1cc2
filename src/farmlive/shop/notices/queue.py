"""The queue of notices: those that are due, taken by one server at a time, and what came of them.

What is said and who brings it is notices.py's.
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

# For so long a server that took a notice may be sending it; then it is taken for dead.
LEASE_MS = 60_000
# So many are put off at a time, so that no order waits for all of a backlog.
PUT_OFF_AT_ONCE = 200

# As the index of those that are due has it.
_TO_SEND: ColumnElement[bool] = literal_column("notices.state IN ('waiting', 'sending')")
_NEXT = hot(
    select(notices.c.next_at)
    .where(_TO_SEND, notices.c.provider == bindparam("of_provider"))
    .order_by(notices.c.next_at)
    .limit(literal_column("1"))
)
# The first notice of a message shares the fate of the others, and stands for it here.
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
# Taken by one server alone, a message's notices together: those that share a database write by
# turns.
_taken = (
    update(notices)
    .values(state="sending", tries=notices.c.tries + 1, next_at=bindparam("until"))
    .returning(notices)
)
_messages: BindParameter[str] = bindparam("messages", expanding=True)
# Orders that share a batch with one of these have asked ahead what it doesn't change.
_TAKE = hot(_taken.where(notices.c.id.in_(_messages)), own=True)
_TAKE_OTHERS = hot(
    _taken.where(
        notices.c.message.in_(_messages),
        notices.c.message != notices.c.id,
        literal_column("notices.state NOT IN ('sent', 'failed', 'void')"),
    ),
    own=True,
)
# Of one that is still as it was taken: kept late, or again where it was not known that it was, it
# must not put back what another server has taken since.
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
# Of which something was taken off before it was paid.
_TAKEN_OFF = hot(
    select(order_changes.c.order).where(
        order_changes.c.order.in_(bindparam("told", expanding=True)),
        order_changes.c.payment == literal_column("'due'"),
        order_changes.c.refund.is_not(None),
        ~order_changes.c.undone,
    )
)
_count = select(func.count()).select_from(notices)
# Most are sent: they are what is left of all, which the smallest index counts.
_COUNTS = select(
    _count.scalar_subquery().label("all"),
    _count.where(_TO_SEND).scalar_subquery().label("waiting"),
    *(
        _count.where(notices.c.state == literal_column(f"'{state}'")).scalar_subquery().label(state)
        for state in ("failed", "held", "void")
    ),
)


def next_at(connection: Connection, providers: Iterable[str]) -> int | None:
    """When a notice of one of these providers is due next."""
    asked = [connection.execute(_NEXT, {"of_provider": name}) for name in providers]
    return min((row.next_at for found in asked for row in found), default=None)


def due(connection: Connection, provider: str, at_once: int, now: int) -> list[Row[Any]]:
    """The provider's due messages, `at_once` at most, each by `id` and `next_at`, when it was."""
    which = {"of_provider": provider, "now": now, "most": at_once}
    return list(connection.execute(_DUE, which))


def take(connection: Connection, messages: Sequence[str], now: int) -> list[Row[Any]]:
    """Lease due messages, and return all their notices."""
    if not messages:
        return []
    leased = {"messages": _listed(messages), "until": now + LEASE_MS}
    heads = connection.execute(_TAKE, leased)
    others = connection.execute(_TAKE_OTHERS, leased)
    return sorted([*heads, *others], key=lambda row: row.id)


def put(connection: Connection, taken: Sequence[str], lease: int, values: dict[str, Any]) -> None:
    """Put notices that were taken until `lease` back, with these values."""
    connection.execute(_PUT.values(values), {"taken": taken, "lease": lease})


def put_off(connection: Connection, provider: str, until: int) -> bool:
    """Let some of those that wait for the provider wait until then; whether there may be more."""
    which = {"of_provider": provider, "until": until, "most": PUT_OFF_AT_ONCE}
    late = [row.id for row in connection.execute(_WAITING, which)]
    if late:
        connection.execute(_PUT_OFF, {"late": _listed(late), "until": until})
    return len(late) == PUT_OFF_AT_ONCE


def keep_sent(connection: Connection, brought: Sequence[str], now: int) -> None:
    """These were brought."""
    if brought:
        connection.execute(_SENT, {"brought": _listed(brought), "now": now})


def keep_void(connection: Connection, overtaken: Sequence[str]) -> None:
    """These are said no more."""
    if overtaken:
        connection.execute(_VOID, {"overtaken": _listed(overtaken)})


def orders_of(
    connection: Connection, rows: Sequence[Row[Any]]
) -> tuple[Mapping[str, Row[Any]], set[str]]:
    """The orders that notices tell of, by id, and those of which something was taken off before
    they were paid.
    """
    told = {"told": _listed(sorted({row.order for row in rows}))}
    found, taken_off = (connection.execute(each, told) for each in (_OF_ORDERS, _TAKEN_OFF))
    return {row.id: row for row in found}, {row.order for row in taken_off}


def counts(connection: Connection) -> Mapping[str, int]:
    """How many there are by `waiting`, `sent`, `failed` (given up) and `held` (held back)."""
    found = connection.execute(_COUNTS).one()
    sent = found.all - found.waiting - found.failed - found.held - found.void
    return {"waiting": found.waiting, "sent": sent, "failed": found.failed, "held": found.held}


def _listed(ids: Sequence[str]) -> list[str]:
    """A list for a hot statement, which is prepared once for each length: of a power of two, the
    last one repeated.
    """
    missing = (1 << (len(ids) - 1).bit_length()) - len(ids)
    return [*ids, *[ids[-1]] * missing]
