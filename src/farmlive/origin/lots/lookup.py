"""Finds lots by their identifiers, and trace events by query parameters.

The functions run SQL within the caller's transaction. Identifiers are compared by their path,
whatever the host (gs1.py).
"""

from typing import Any

from sqlalchemy import Connection, Select, select, tuple_

from farmlive.edge.paging import Position
from farmlive.origin.core import gs1
from farmlive.origin.core.problems import UnknownLot, WrongIdentifier
from farmlive.origin.core.tables import lot_gtins, lots, trace_events


def find(connection: Connection, gtin: str, code: str) -> str:
    """Return the lot with this code and this GTIN, of 8 to 14 digits.

    Raises UnknownLot, WrongIdentifier.
    """
    digits = _gtin(gtin)
    return _found(
        connection,
        select(lot_gtins.c.lot).where(lot_gtins.c.gtin == digits, lot_gtins.c.code == code),
        f"No lot {code[:20]} of the GTIN {digits} is known here. Compare both with the label, or "
        "ask the seller.",
    )


def newest(connection: Connection, gtin: str) -> str:
    """Return the lot of this GTIN with the latest harvest, of the hundred recorded last.

    Raises UnknownLot, WrongIdentifier.
    """
    digits = _gtin(gtin)
    return _found(
        connection,
        newest_query(digits),
        f"No lot of the GTIN {digits} is known here. Compare it with the label, or ask the seller.",
    )


def find_private(connection: Connection, identifier: str, code: str) -> str:
    """Return the lot with this code in a class of a farm without a GS1 prefix.

    Raises UnknownLot.
    """
    return _found(
        connection,
        select(lots.c.id).where(lots.c["class"] == identifier, lots.c.code == code),
        f"No lot {code[:20]} of that produce is known here. Compare it with the label, or ask the "
        "seller.",
    )


def find_uri(connection: Connection, uri: str) -> str:
    """Return the lot of a class URI. Raises UnknownLot, WrongIdentifier."""
    match gs1.segments(uri):
        case ["01", gtin, "10", code]:
            return find(connection, gtin, code)
        case ["01", gtin]:
            return newest(connection, gtin)
        case ["origin", "class", identifier, "lot", code]:
            return find_private(connection, identifier, code)
    raise UnknownLot(
        "That is not the identifier of a lot: write https://…/01/{GTIN}/10/{lot} or "
        "https://…/origin/class/{id}/lot/{lot}."
    )


def _found(connection: Connection, query: Select[Any], sentence: str) -> str:
    lot: str | None = connection.execute(query).scalar()
    if lot is None:
        raise UnknownLot(sentence)
    return lot


def events_query(
    lot: str | None,
    step: str | None,
    since: int | None,
    until: int | None,
    after: Position | None,
    limit: int,
) -> Select[Any]:
    """Return the query of the matching trace events, in order of time: each combination of
    parameters has an index.
    """
    place = trace_events.c.at, trace_events.c.id
    wanted = select(*place, trace_events.c.document).order_by(*place).limit(limit)
    if lot is not None:
        wanted = wanted.where(trace_events.c.lot == lot)
    if step is not None:
        wanted = wanted.where(trace_events.c.biz_step == step)
    if since is not None:
        wanted = wanted.where(trace_events.c.at >= since)
    if until is not None:
        wanted = wanted.where(trace_events.c.at < until)
    if after is not None:
        wanted = wanted.where(tuple_(*place) > tuple_(*after))
    return wanted


def newest_query(gtin: str) -> Select[Any]:
    """Return the query of the lot with the latest harvest, of those of a GTIN that were recorded
    last.
    """
    recorded = (
        select(lot_gtins.c.lot)
        .where(lot_gtins.c.gtin == gtin)
        .order_by(lot_gtins.c.lot.desc())
        .limit(100)
        .subquery()
    )
    return (
        select(recorded.c.lot)
        .join(lots, lots.c.id == recorded.c.lot)
        .order_by(lots.c.harvested_at.desc(), lots.c.id.desc())
        .limit(1)
    )


def _gtin(text: str) -> str:
    try:
        return gs1.gtin14(text)
    except ValueError as error:
        raise WrongIdentifier(str(error)) from error
