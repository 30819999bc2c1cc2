"""The person of an order: what of an order belongs to its buyer alone, why it still has to be kept,
and removing it. The pseudonym stays with the order, and its boxes and sums do.

When that is due is retention.py's; removing it before, at someone's wish, is erasing.py's.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, delete, func, literal_column, select, update

from farmlive.clock import DAY_MS
from farmlive.people.core import devices
from farmlive.shop.core import idempotency, payments
from farmlive.shop.core.order_tables import claims, order_changes, order_lines, orders
from farmlive.shop.core.tables import flashes
from farmlive.shop.notices.tables import notices
from farmlive.store.files.uploads import forget_owners

# What keeps an order's person: money, a claim, where the order is, or a flash batch of it that has
# a limit a buyer and is not over.
Because = Literal[
    "due", "to_give_back", "claim", "placed", "packed", "at_centre", "shipped", "flash"
]

# States in which nothing more happens to an order by itself.
OVER = ("received", "cancelled")
# A parcel that left so long ago and is paid for has arrived: not everyone says so.
ARRIVED_MS = 14 * DAY_MS
# How the pseudonyms begin that erased orders have.
ERASED = devices.ERASED
IS_ERASED = orders.c.buyer.startswith(ERASED)
# A database takes so many values in a query and no more.
_AT_ONCE = 1_000


def kept_because(row: Row[Any], *, claimed: bool) -> Because | None:
    """Return why the order's person can't be removed yet; None where nothing is open.

    `row` is one of orders, `claimed` says whether it has a claim that is not answered.
    """
    left = row.total - row.refunded
    if row.payment == "due" and row.state != "cancelled" and left > 0:
        return "due"
    if row.state == "cancelled" and row.payment in payments.HAD and left > 0:
        return "to_give_back"
    if claimed:
        return "claim"
    state: Because | None = None if row.state in OVER else row.state
    return state


def claimed(connection: Connection, ids: Collection[str]) -> set[str]:
    """Return those of the orders that have an open claim."""
    found = select(claims.c.order).where(claims.c.order.in_(ids), claims.c.state == "open")
    return set(connection.execute(found).scalars())


def is_erased(row: Row[Any]) -> bool:
    """Whether the order, a row of orders, was erased: its person went at someone's wish."""
    return bool(row.buyer.startswith(ERASED))


def open_of(
    connection: Connection, rows: Sequence[Row[Any]], now: int
) -> list[tuple[Row[Any], Because]]:
    """Return those of the orders that are open or have money due, each with why."""
    return [
        found
        for first in range(0, len(rows), _AT_ONCE)
        for found in _open_of(connection, rows[first : first + _AT_ONCE], now)
    ]


def _open_of(
    connection: Connection, rows: Sequence[Row[Any]], now: int
) -> list[tuple[Row[Any], Because]]:
    ids = [row.id for row in rows]
    with_claims, limited = claimed(connection, ids), _of_limited_batches(connection, ids)
    changed: dict[str, int] | None = None
    found: list[tuple[Row[Any], Because]] = []
    for row in rows:
        because = kept_because(row, claimed=row.id in with_claims)
        if because == "shipped":
            changed = changed or last_changes(connection, rows)
            if changed[row.id] + ARRIVED_MS <= now:
                because = None
        if because is None and row.id in limited and row.state != "cancelled":
            because = "flash"
        if because is not None:
            found.append((row, because))
    return found


def _of_limited_batches(connection: Connection, ids: Collection[str]) -> set[str]:
    """Those with boxes of a batch of which a buyer may have so many, as long as it sells."""
    found = (
        select(order_lines.c.order)
        .join(flashes, flashes.c.id == order_lines.c.flash)
        .where(
            order_lines.c.order.in_(ids),
            flashes.c.per_buyer.is_not(None),
            flashes.c.state == "running",
        )
    )
    return set(connection.execute(found).scalars())


def last_changes(connection: Connection, rows: Iterable[Row[Any]]) -> dict[str, int]:
    """Return when each order, or a claim for it, last changed, UTC milliseconds."""
    changed = {row.id: int(row.placed_at) for row in rows}
    for table, at in (
        (order_changes, order_changes.c.at),
        (claims, claims.c.claimed_at),
        (claims, claims.c.answered_at),
    ):
        latest = (
            select(table.c.order, func.max(at))
            .where(table.c.order.in_(list(changed)))
            .group_by(table.c.order)
        )
        for order, when in connection.execute(latest):
            changed[order] = max(changed[order], when or 0)
    return changed


def empty(connection: Connection, rows: Sequence[Row[Any]], now: int) -> set[str]:
    """Remove the person of these orders, in the caller's transaction.

    Name, phone, address, e-mail, reasons, claims with photos, notices and the answers kept for the
    orders' keys go; state, lines, sums and the pseudonym stay. Return the names of photos, which
    `ClaimPhotos.remove` takes off the disk once this is committed. What is gone may be emptied
    again: a reason may have been written since.

    Notices go with what limits count of them: erasing.py, which a stranger can cause, keeps that.
    """
    ids = [row.id for row in rows]
    if not ids:
        return set()
    photos = {
        name
        for names in connection.execute(
            select(claims.c.photos).where(claims.c.order.in_(ids))
        ).scalars()
        for name in names
    }
    photos |= forget_owners(connection, [f"order:{order}" for order in ids])
    _forget_answers(connection, rows)
    _remove_notices(connection, ids)
    connection.execute(
        update(claims).where(claims.c.order.in_(ids)).values(text="", answer=None, photos=[])
    )
    connection.execute(
        update(order_changes)
        .where(order_changes.c.order.in_(ids), order_changes.c.reason.is_not(None))
        .values(reason=None)
    )
    connection.execute(
        update(orders)
        .where(orders.c.id.in_(ids))
        .values(
            buyer_name="",
            buyer_phone="",
            buyer_email=None,
            address=None,
            region=None,
            key=None,
            person_gone_at=func.coalesce(orders.c.person_gone_at, now),
            person_check_at=None,
        )
    )
    return photos


def _forget_answers(connection: Connection, rows: Iterable[Row[Any]]) -> None:
    known: dict[str, list[str]] = defaultdict(list)
    unknown: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.key is not None:
            known[row.broadcast].append(row.key)
        elif row.person_gone_at is None:
            unknown[row.broadcast].append(row.id)
    for broadcast, ids in unknown.items():
        known[broadcast] += idempotency.of_orders(connection, broadcast, ids)
    for broadcast, theirs in known.items():
        idempotency.forget(connection, broadcast, theirs)


def _remove_notices(connection: Connection, ids: Sequence[str]) -> None:
    """Delete the orders' notices; those of other orders that waited with one go without it."""
    theirs = notices.c.order.in_(ids)
    heads = list(
        connection.execute(
            select(notices.c.id).where(theirs, notices.c.message == notices.c.id)
        ).scalars()
    )
    # As the index of those that go with another has it.
    rides: ColumnElement[bool] = literal_column("notices.message <> notices.id")
    others = (
        select(notices.c.message, func.min(notices.c.id).label("first"))
        .where(rides, notices.c.message.in_(heads), notices.c.order.not_in(ids))
        .group_by(notices.c.message)
    )
    for message, first in connection.execute(others).all() if heads else ():
        connection.execute(
            update(notices)
            .where(rides, notices.c.message == message, notices.c.order.not_in(ids))
            .values(message=first)
        )
    connection.execute(delete(notices).where(theirs))
