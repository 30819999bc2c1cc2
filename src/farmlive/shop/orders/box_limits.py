"""Limits of boxes: per order, and of an offer per device, phone and IP address.

Held boxes count, and ordered ones until they are packed. Staff and clerks order for others: they
are not limited, and their boxes don't count for their IP address. checkout/new_devices.py limits
the holds of devices without a past order.

An IP address counts as its `source`, a keyed pseudonym that differs in each broadcast. It is stored
with a hold, and with an order's lines until the order is packed or cancelled, for a day at most:
see `forget` and `forget_old`.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    select,
    union_all,
    update,
)

from farmlive.clock import DAY_MS, now_ms
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.shop.core.checkout_models import OrderLine
from farmlive.shop.core.order_tables import order_lines, orders
from farmlive.shop.core.problems import BoxLimit, OrderTooLarge
from farmlive.shop.core.tables import holds, waits
from farmlive.shop.notices.limits import Pseudonym
from farmlive.shop.stock.line_items import Hold, personal_device
from farmlive.store import FILE_S, Store, hot, tally

# No limit, which a setting of 0 means.
_ENDLESS = sys.maxsize
# How long after an order the source of its lines is stored.
KEPT_MS = DAY_MS

_boxes = order_lines.c.quantity - order_lines.c.returned


def _sum(boxes: Any) -> Any:
    return func.coalesce(func.sum(boxes), literal_column("0"))


_theirs = orders.alias("theirs")
_placed = _theirs.c.state == literal_column("'placed'")
_of_device = (
    (_theirs.c.broadcast == bindparam("broadcast"))
    & (_theirs.c.device == bindparam("person"))
    & _placed
)
_of_phone = (
    (_theirs.c.buyer == bindparam("buyer"))
    & (_theirs.c.broadcast == bindparam("broadcast"))
    & _placed
)
_lines_of = _theirs.join(order_lines, order_lines.c.order == _theirs.c.id)
_of_source = order_lines.c.source == bindparam("source")


def _boxes_placed(those: Any) -> Any:
    """Return a subquery: the number of boxes of these orders that are not packed.

    No join: before PostgreSQL has analyzed new tables it may scan all lines, for each order of a
    rush.
    """
    of_one = select(_sum(_boxes)).where(order_lines.c.order == _theirs.c.id).correlate(_theirs)
    return select(cast(_sum(of_one.scalar_subquery()), BigInteger)).where(those).scalar_subquery()


_held_by_source = holds.c.source == bindparam("source")
# Column for a context query: whether the source has any boxes.
BOXES_OF_SOURCE = (
    exists(select(order_lines.c.source).where(_of_source))
    | exists(select(holds.c.source).where(_held_by_source))
).label("source_took")
# Boxes over all offers of the broadcast: while these are within the limit of a single offer, no
# further query is needed. Not sent at all for those without boxes.
_TAKEN = hot(
    select(
        _boxes_placed(_of_device).label("device"),
        _boxes_placed(_of_phone).label("phone"),
        (
            select(_sum(_boxes)).where(_of_source).scalar_subquery()
            + select(_sum(holds.c.boxes)).where(_held_by_source).scalar_subquery()
        ).label("address"),
    )
)

_wanted = order_lines.c.offer.in_(bindparam("offers", expanding=True))
_OF_OFFERS = hot(
    union_all(
        *(
            select(
                literal_column(f"'{kind}'").label("kind"),
                order_lines.c.offer,
                _sum(_boxes).label("boxes"),
            )
            .select_from(of)
            .where(those, _wanted)
            .group_by(order_lines.c.offer)
            for kind, of, those in (
                ("device", _lines_of, _of_device),
                ("phone", _lines_of, _of_phone),
                ("address", order_lines, _of_source),
            )
        )
    )
)
_HELD = hot(select(holds.c.id, holds.c.lines).where(holds.c.source == bindparam("source")))
_WAITED = select(_sum(waits.c.quantity)).where(
    waits.c.offer == bindparam("of_offer"), waits.c.source == bindparam("source")
)
_FORGET = (
    update(order_lines)
    .where(order_lines.c.order.in_(bindparam("those", expanding=True)))
    .where(order_lines.c.source.is_not(None))
    .values(source=None)
)
_OLD = (
    select(orders.c.id)
    .join(order_lines, order_lines.c.order == orders.c.id)
    .where(order_lines.c.source.is_not(None), orders.c.placed_at < bindparam("before"))
    .limit(500)
)


@dataclass(frozen=True, slots=True)
class BoxOwner:
    """The device, phone and IP address for which a caller's boxes count, as pseudonyms.

    All are empty for callers who order for others.
    """

    person: str
    buyer: str
    source: str | None

    @property
    def is_limited(self) -> bool:
        """Whether the limits apply."""
        return bool(self.person)

    @property
    def named(self) -> dict[str, str]:
        """The parameters of the queries, without the buyer's pseudonym."""
        return {"person": self.person, "source": self.source or ""}


async def box_owner(
    settings: Settings,
    caller: Caller,
    broadcast: str,
    address_pseudonym: Pseudonym,
    buyer: str = "",
) -> BoxOwner:
    """Return the device, phone and source for which the caller's boxes count."""
    device = personal_device(caller)
    if not device:
        return BoxOwner("", "", None)
    # No source where all callers share one IP address, as behind a proxy that the settings don't
    # name.
    hidden = caller.address is None or settings.address_boxes == 0
    source = None if hidden else await address_pseudonym(f"{broadcast} {caller.address}")
    return BoxOwner(device, buyer, source)


def check_order(settings: Settings, caller: Caller, lines: Iterable[OrderLine]) -> None:
    """Raise OrderTooLarge where an order or a hold has too many boxes."""
    if personal_device(caller) and boxes_of(lines) > settings.order_boxes:
        raise OrderTooLarge(settings.order_boxes)


def boxes_of(lines: Iterable[OrderLine]) -> int:
    """Return the total of boxes of the lines."""
    return sum(line.quantity for line in lines)


def check(
    connection: Connection,
    settings: Settings,
    broadcast: str,
    wanted: Sequence[OrderLine],
    of: BoxOwner,
    asked: Row[Any],
    before: Hold | None,
) -> None:
    """Raise BoxLimit where an offer's boxes exceed a limit; otherwise count them.

    `asked` says whether the device, the phone and the source have any boxes; `before` is the hold
    that is replaced, whose boxes don't count.
    """
    if not of.is_limited:
        return
    if not (settings.device_boxes or of.source):
        return
    more = boxes_of(wanted)
    own = before.boxes if before is not None and before.source == of.source else 0
    counted = tally(connection)
    # Other requests of the same source may run between the prefetch and this transaction, since a
    # source is no key of the prefetch: the transaction's own count is newer.
    known: int | None = counted.known(_key(of)) if of.source else 0
    limits = _limits(settings)
    kinds = ["device", *(["phone"] if of.buyer else ()), *(["address"] if of.source else ())]
    had = dict.fromkeys(kinds, 0)
    ordered = asked.orders_of_device or (of.buyer and asked.orders_of_phone)
    if (settings.device_boxes and ordered) or (known is None and asked.source_took):
        named = {"broadcast": broadcast, "buyer": of.buyer, **of.named}
        taken = connection.execute(_TAKEN, named).one()
        had = {kind: int(getattr(taken, kind)) for kind in kinds}
    there = had.get("address", 0) if known is None else known
    if of.source:
        had["address"] = there - own
    over = {kind for kind, boxes in had.items() if boxes + more > limits[kind]}
    if over:
        names = [line.offer for line in wanted]
        of_offers = _of_offers(connection, broadcast, names, of, before.id if before else None)
        for line in wanted:
            for kind in sorted(over):
                boxes = of_offers[kind, line.offer]
                if boxes + line.quantity > limits[kind]:
                    left = max(0, limits[kind] - boxes) if kind == "device" else None
                    raise BoxLimit(line.offer, kind, limits[kind], left)
    if of.source:
        counted.know(_key(of), there - own + more)


def remaining_boxes(
    connection: Connection,
    settings: Settings,
    broadcast: str,
    offer: str,
    boxes: int,
    of: BoxOwner,
    own: str | None,
) -> dict[str, int]:
    """Return how many more boxes of an offer a `device` and an `address` may have after `boxes`,
    which include their hold `own`; negative over the limit.
    """
    found = _of_offers(connection, broadcast, [offer], of, own)
    limits = _limits(settings)
    return {kind: limits[kind] - found[kind, offer] - boxes for kind in ("device", "address")}


def check_wait(
    connection: Connection, settings: Settings, offer: str, boxes: int, of: BoxOwner, own: int
) -> None:
    """Raise BoxLimit where a device, or all devices of its source, would wait for too many boxes.

    `own` is the device's current wait for the offer, which is replaced.
    """
    if not of.is_limited:
        return
    limits = _limits(settings)
    if boxes > limits["device"]:
        raise BoxLimit(offer, "device", limits["device"], limits["device"])
    if of.source:
        named = {"of_offer": offer, "source": of.source}
        there = int(connection.execute(_WAITED, named).scalar_one()) - own
        if there + boxes > limits["address"]:
            raise BoxLimit(offer, "waits", limits["address"], None)


def forget(connection: Connection, order_ids: Sequence[str]) -> None:
    """Delete the sources of these orders."""
    connection.execute(_FORGET, {"those": list(order_ids)})


async def forget_old(store: Store) -> int:
    """Delete the sources of all orders older than a day; return how many orders had one.

    Readers find them, so that orders need not wait.
    """

    def read(connection: Connection) -> list[str]:
        found = connection.execute(_OLD, {"before": now_ms() - KEPT_MS}).scalars()
        return sorted(set(found))

    done = 0
    while old := await store.read(read, within_s=FILE_S):
        await store.write(partial(forget, order_ids=old))
        done += len(old)
    return done


def _limits(settings: Settings) -> dict[str, int]:
    of_person = settings.device_boxes or _ENDLESS
    return {
        "device": of_person,
        "phone": of_person,
        "address": settings.address_boxes or _ENDLESS,
    }


def _key(of: BoxOwner) -> tuple[str, str | None]:
    return ("boxes of a source", of.source)


def _of_offers(
    connection: Connection,
    broadcast: str,
    offers: list[str],
    of: BoxOwner,
    own: str | None,
) -> Mapping[tuple[str, str], int]:
    """Return the boxes of each offer without the hold `own`, by what they count for and by
    offer.
    """
    named = {"broadcast": broadcast, "buyer": of.buyer, "offers": offers, **of.named}
    found: Counter[tuple[str, str]] = Counter()
    for row in connection.execute(_OF_OFFERS, named):
        found[row.kind, row.offer] = int(row.boxes)
    if of.source:
        for hold in connection.execute(_HELD, {"source": of.source}):
            for line in hold.lines if hold.id != own else ():
                found["address", line["offer"]] += line["quantity"]
    return found
