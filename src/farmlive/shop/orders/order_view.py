"""Views of an order: complete for its buyer and staff, reduced for others.

orders.py selects the orders.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, select

from farmlive import phones
from farmlive.origin.core.models import Farm, Lot
from farmlive.origin.origin import Origin
from farmlive.origin.stops.reasons import CardStop
from farmlive.people import Caller
from farmlive.people.core.roles import STAFF
from farmlive.problems import Forbidden
from farmlive.shop.core import regions, state_machine
from farmlive.shop.core.models import Centre, money, order_number
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_models import Order
from farmlive.shop.core.order_tables import claims, order_changes, order_lines
from farmlive.shop.core.order_tables import orders as rows_of
from farmlive.shop.core.problems import OtherCentre
from farmlive.shop.core.tables import centres, offers, products
from farmlive.shop.offers.catalogue import centre_of
from farmlive.shop.orders.buyer_data import is_erased

_READERS = (*STAFF, "clerk", "seller")


def may_read(caller: Caller) -> list[ColumnElement[bool]]:
    """Return the SQL conditions of the orders that the caller may see: all for staff, those of own
    centres for a clerk, those with own farms' lines for a seller. Raises Forbidden.
    """
    if caller.role not in _READERS:
        raise Forbidden("Orders are read by coordinators, hosts, clerks and sellers.")
    if caller.role == "clerk":
        at_centre = [rows_of.c.way == "pickup"]
        if caller.centres is None:
            return at_centre
        return [*at_centre, rows_of.c.centre.in_(sorted(caller.centres))]
    if caller.role == "seller":
        own = order_lines.c.farm.in_(caller.farms)
        return [exists().where(order_lines.c.order == rows_of.c.id, own)]
    return []


def check(connection: Connection, row: Row[Any], caller: Caller) -> None:
    """Raise Forbidden where the caller may not see this order.

    Needed also where nothing would be changed, since the answer is the order.
    """
    conditions = may_read(caller)
    if not conditions:
        return
    own = select(rows_of.c.id).where(rows_of.c.id == row.id, *conditions)
    if connection.execute(own).first() is None:
        raise OtherCentre(
            "Nothing was changed. A clerk keeps the orders that are picked up at own pick-up "
            "points; a coordinator can add a point to the account."
        )


def orders(
    connection: Connection,
    origin: Origin,
    links: OrderLinks,
    rows: Sequence[Row[Any]],
    caller: Caller | None,
) -> list[Order]:
    """Return the orders of these rows as the caller, or without one their buyer, sees them.

    It takes six queries for any number of orders, and three more if a lot is stopped or was lifted.
    """
    ids = [row.id for row in rows]
    query = (
        select(order_lines, products.c.name, products.c.unit, products.c.picture)
        .join(offers, offers.c.id == order_lines.c.offer)
        .join(products, products.c.id == offers.c.product)
        .where(order_lines.c.order.in_(ids))
        .order_by(order_lines.c.order, order_lines.c.line)
    )
    seller = caller is not None and caller.role == "seller"
    if caller is not None and seller:
        query = query.where(order_lines.c.farm.in_(caller.farms))
    found = connection.execute(query).all()
    origins = origin.cards(connection, [line.lot for line in found])
    found_in = {lot.id for lot, _ in origins.values() if lot.stopped or lot.lifted}
    stops = origin.card_stops(connection, found_in) if found_in else {}
    sold = defaultdict(list)
    for line in found:
        sold[line.order].append((line, *origins[line.lot]))
    wanted = {row.centre for row in rows if row.centre is not None}
    points = {
        row.id: centre_of(row)
        for row in connection.execute(select(centres).where(centres.c.id.in_(wanted)))
    }
    changes = defaultdict(list)
    changed = select(order_changes).where(order_changes.c.order.in_(ids))
    for change in connection.execute(changed.order_by(order_changes.c.change)):
        changes[change.order].append(change)
    claimed = _claimed(connection, ids) if caller is None or caller.is_staff else {}
    shown = []
    for row in rows:
        facts = _facts(links, row, sold[row.id], points.get(row.centre), changes[row.id], stops)
        if caller is None:
            facts |= {"can_cancel": state_machine.can_cancel(row.state, "buyer"), "flags": []}
        elif caller.is_staff:
            facts["can_cancel"] = state_machine.can_cancel(row.state, "staff")
        else:
            facts |= {"token": None, "url": None, "code": None}
        if caller is None or not caller.is_staff:
            facts["history"] = [{**change, "refund": None} for change in facts["history"]]
        facts["claims"] = [_claim(links, row, each, caller) for each in claimed.get(row.id, ())]
        if seller:
            _hide_buyer(facts, row.currency)
        shown.append(Order.model_validate(facts))
    return shown


def _facts(
    links: OrderLinks,
    row: Row[Any],
    sold: Sequence[tuple[Row[Any], Lot, Farm]],
    centre: Centre | None,
    changes: Sequence[Row[Any]],
    stops: Mapping[str, CardStop],
) -> dict[str, Any]:
    token = links.token_of(row)
    return {
        "id": row.id,
        "number": order_number(row.number),
        "token": token,
        "url": f"/order/{token}",
        "broadcast": row.broadcast,
        "placed_at": row.placed_at,
        "state": row.state,
        "payment": row.payment,
        "payment_method": row.payment_method,
        "lines": [
            {
                "offer": line.offer,
                "name": line.name,
                "unit": line.unit,
                "picture": line.picture,
                "quantity": line.quantity,
                "price": money(line.price, row.currency),
                "total": money(line.total, row.currency),
                "returned": line.returned,
                "lot": lot.id,
                "lot_code": lot.code,
                "lot_url": lot.url,
                "lot_stopped": stops[lot.id].reasons if lot.stopped else [],
                "lot_lifted": stops[lot.id].lift if lot.lifted else None,
                "farm": farm.id,
                "farm_name": farm.name,
            }
            for line, lot, farm in sold
        ],
        "total": money(row.total, row.currency),
        "fee": money(row.fee, row.currency),
        "refunded": money(row.refunded, row.currency),
        "buyer": buyer(row),
        "person_gone_at": row.person_gone_at,
        "erased": is_erased(row),
        "delivery": {
            "way": row.way,
            "address": regions.postal_address(row.region, row.address),
            "centre": centre,
        },
        "simulated": row.simulated,
        "code": links.code_of(row),
        "flags": _flags(row),
        "can_cancel": False,
        "history": [*_before(row), *_history(row, changes)],
    }


def _flags(row: Row[Any]) -> list[str]:
    """Return the order's flags.

    The doubtful number is computed for orders from before it was stored.
    """
    flags = list(row.flags or [])
    if (
        row.person_gone_at is None
        and "doubtful-phone" not in flags
        and phones.is_doubtful(row.buyer_phone)
    ):
        flags.append("doubtful-phone")
    return flags


def buyer(row: Row[Any]) -> dict[str, Any] | None:
    """Return the order's buyer; None once the personal data was removed."""
    if row.person_gone_at is not None:
        return None
    return {"name": row.buyer_name, "phone": row.buyer_phone, "email": row.buyer_email}


def _history(row: Row[Any], changes: Sequence[Row[Any]]) -> Iterator[dict[str, Any]]:
    """Yield the changes in order; a change that undoes another has the same `move`."""
    undone: set[str] = set()
    alone: set[str] = set()
    for change in changes:
        if change.undone:
            undone.add(change.move)
        undoes = not change.undone and change.move in undone
        told = {**change._mapping, "undoes": undoes, "refund": None}
        told["alone"] = undoes and change.move in alone
        if change.refund is not None:
            amount = money(change.refund["amount"], row.currency)
            told |= {"amount": amount, "refund": change.move}
            if "alone" in change.refund:
                alone.add(change.move)
        yield told


def _claimed(connection: Connection, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    found = defaultdict(list)
    query = select(claims).where(claims.c.order.in_(ids)).order_by(claims.c.id)
    for claim in connection.execute(query):
        found[claim.order].append(claim)
    return found


def _claim(
    links: OrderLinks, row: Row[Any], claim: Row[Any], caller: Caller | None
) -> dict[str, Any]:
    """Return a claim; its photos' URLs need the order's token, or a staff sign-in."""
    where = f"/api/v1/broadcasts/{row.broadcast}/claims/{claim.id}/photos"
    if caller is None:
        where = f"/api/v1/orders/{links.token_of(row)}/claims/photos"
    amount = None if claim.amount is None else money(claim.amount, row.currency)
    photos = [{"url": f"{where}/{name}"} for name in claim.photos]
    return {**claim._mapping, "amount": amount, "photos": photos}


def _before(row: Row[Any]) -> list[dict[str, Any]]:
    """Return the part of the history that is in the order's own row."""
    told = {"payment": "due", "by": "buyer", "reason": None}
    placed = {**told, "state": "placed", "at": row.placed_at}
    return (
        [placed] if row.held_at is None else [{**told, "state": "held", "at": row.held_at}, placed]
    )


def _hide_buyer(facts: dict[str, Any], currency: str) -> None:
    """Reduce an order to a seller's view: own lines and their sum."""
    own = sum(line["total"]["amount"] for line in facts["lines"])
    facts["total"] = money(own, currency)
    facts["fee"] = money(0, currency)
    facts["flags"] = []
    facts["refunded"] = money(0, currency)
    facts["buyer"] = None
    facts["delivery"] = {**facts["delivery"], "address": None}
    hidden = {"reason": None, "amount": None}
    facts["history"] = [{**change, **hidden} for change in facts["history"]]
