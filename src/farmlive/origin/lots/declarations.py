"""Error declarations: which of a lot's trace events are valid, and declaring one an error.

The functions run SQL within the caller's transaction. Wrong events stay in the trace: an event with
the same eventID declares each an error (EPCIS 2.0, section 7.4.1). core/epcis.py has the events'
format; the callers give the reason.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from farmlive.clock import parse_rfc3339
from farmlive.origin.core import epcis
from farmlive.origin.core.tables import trace_events
from farmlive.origin.lots import lots


def standing(documents: Iterable[epcis.Document]) -> dict[str, epcis.Document]:
    """Return the events without an error declaration, by eventID."""
    found: dict[str, epcis.Document] = {}
    wrong = set()
    for document in documents:
        if "errorDeclaration" in document:
            wrong.add(document["eventID"])
        else:
            found[document["eventID"]] = document
    return {event: document for event, document in found.items() if event not in wrong}


def standing_of(connection: Connection, lot: str, step: str) -> dict[str, epcis.Document]:
    """Return the lot's events of a step without an error declaration, by eventID."""
    query = select(trace_events.c.document).where(
        trace_events.c.lot == lot, trace_events.c.biz_step == step
    )
    return standing(connection.execute(query).scalars())


def declare(
    connection: Connection,
    lot: str,
    wrong: epcis.Document,
    reason: str,
    right: epcis.Document | None = None,
) -> None:
    """Declare an event of the lot an error, and store the right one, if there is one."""
    # Both have the time of the event that they are about.
    at = parse_rfc3339(wrong["eventTime"])
    lots.trace(connection, lot, at, epcis.in_error(wrong, reason, right))
    if right is not None:
        lots.trace(connection, lot, at, right)
