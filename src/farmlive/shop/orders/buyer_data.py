"""The personal data of an order's buyer: what it is, why it must still be kept, and its removal.

The pseudonym, the lines and the sums stay. privacy/retention.py decides when it is due;
privacy/erasing.py removes it earlier, at the buyer's request.
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

# Reasons to keep it: money, an open claim, the order's state, or a flash batch with a limit per
# buyer that still runs.
Because = Literal[
    "due", "to_give_back", "claim", "placed", "packed", "at_centre", "shipped", "flash"
]

# Final states.
OVER = ("received", "cancelled")
# A paid parcel that was shipped this long ago counts as received: not everybody records that.
ARRIVED_MS = 14 * DAY_MS
# The prefix of erased orders' pseudonyms.
ERASED = devices.ERASED
IS_ERASED = orders.c.buyer.startswith(ERASED)
# Databases limit the number of parameters of a query.
_ROWS_PER_QUERY = 1_000


def kept_because(row: Row[Any], *, claimed: bool) -> Because | None:
    """Return why the buyer's data can't be removed yet; None if nothing is open.

    `row` is a row of orders, `claimed` whether it has an open claim.
    """
    left = row.total - row.refunded
    if row.payment == "due" and row.state != "cancelled" and left > 0:
        return "due"
    if row.state == "cancelled" and row.payment in payments.PAID_STATES and left > 0:
        return "to_give_back"
    if claimed:
        return "claim"
    state: Because | None = None if row.state in OVER else row.state
    return state


def claimed(connection: Connection, ids: Collection[str]) -> set[str]:
    """Return the orders with an open claim."""
    found = select(claims.c.order).where(claims.c.order.in_(ids), claims.c.state == "open")
    return set(connection.execute(found).scalars())


def is_erased(row: Row[Any]) -> bool:
    """Return whether a row of orders was erased at the buyer's request."""
    return bool(row.buyer.startswith(ERASED))


def open_of(
    connection: Connection, rows: Sequence[Row[Any]], now: int
) -> list[tuple[Row[Any], Because]]:
    """Return the orders that are open or have money due, each with the reason."""
    return [
        found
        for first in range(0, len(rows), _ROWS_PER_QUERY)
        for found in _open_of(connection, rows[first : first + _ROWS_PER_QUERY], now)
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
    """Return the orders with boxes of a running flash batch that has a limit per buyer."""
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
    """Return when each order, or a claim for it, last changed, in UTC milliseconds."""
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


def erase_details(connection: Connection, rows: Sequence[Row[Any]], now: int) -> set[str]:
    """Remove the buyers' data of these orders, in the caller's transaction.

    Name, phone, address, e-mail, reasons, claims with photos, notices and the answers to the
    orders' keys are deleted; state, lines, sums and the pseudonym stay. Returns the names of the
    photos, which `ClaimPhotos.remove` deletes from the disk after the commit. It may be called
    again for an order, since a reason may have been written meanwhile.

    The notices' limits lose their counts too; privacy/erasing.py, which a stranger can trigger,
    keeps these.
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
        known[broadcast] += idempotency.legacy_order_keys(connection, broadcast, ids)
    for broadcast, theirs in known.items():
        idempotency.delete_answers(connection, broadcast, theirs)


def _remove_notices(connection: Connection, ids: Sequence[str]) -> None:
    """Delete the orders' notices; notices of other orders that were combined with one go alone."""
    theirs = notices.c.order.in_(ids)
    heads = list(
        connection.execute(
            select(notices.c.id).where(theirs, notices.c.message == notices.c.id)
        ).scalars()
    )
    # Written as the partial index has it.
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
