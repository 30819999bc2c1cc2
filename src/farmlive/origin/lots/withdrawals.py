"""Withdraws tests and field operations that did not happen.

The functions run SQL within the caller's transaction. The record stays, with the reason, and counts
for nothing any more. Its findings stay: a stopped lot stays stopped (stops/stops.py). The lot's
trace declares the error.
"""

from typing import Any

from sqlalchemy import Connection, select, update

from farmlive.clock import now_ms, rfc3339
from farmlive.origin.core import epcis
from farmlive.origin.core.models import Undo
from farmlive.origin.core.problems import UnknownWork
from farmlive.origin.core.tables import inspections, works
from farmlive.origin.core.tables import lots as lots_table
from farmlive.origin.lots import declarations, farms, harvests, lots
from farmlive.origin.stops.stops import YEAR_MS, Stops
from farmlive.people import Caller
from farmlive.people.core.audit import record_action


def withdraw_test(
    connection: Connection,
    caller: Caller,
    policy: lots.LotPolicy,
    stops: Stops,
    lot: str,
    inspection: str,
    undo: Undo,
) -> None:
    """Withdraw a test of the lot, with its certificate.

    Raises UnknownLot, OtherFarm, UnknownInspection.
    """
    kept = lots.find_inspection(connection, caller, lot, inspection)
    here = inspections.c.id == inspection
    connection.execute(update(inspections).where(here).values(**_withdrawn(undo)))
    for event in declarations.standing_of(connection, lot, "inspecting").values():
        if event.get("farmlive:inspection") == inspection:
            declarations.declare(connection, lot, event, undo.reason)
    lots.sum_up_tests(connection, policy, stops, lot)
    record_action(
        connection, caller, "lot.withdraw_test", lot, inspection=inspection, passed=kept.passed
    )


def withdraw_work(connection: Connection, caller: Caller, plot: str, work: str, undo: Undo) -> None:
    """Withdraw a field operation; the trace of the plot's harvests does not name it any more.

    Raises UnknownPlot, OtherFarm, UnknownWork.
    """
    farms.check_keeper(caller, farms.find_plot(connection, plot).farm)
    query = select(works).where(works.c.id == work, works.c.plot == plot)
    row = connection.execute(query.where(works.c.withdrawn_at.is_(None))).one_or_none()
    if row is None:
        raise UnknownWork("There is no such work, or it was taken back. Load the page again.")
    connection.execute(update(works).where(works.c.id == work).values(**_withdrawn(undo)))
    if row.kind == "sprayed":
        _name_it_no_more(connection, plot, row.at, undo)
    record_action(connection, caller, "work.withdraw", work, plot=plot, kind=row.kind)


def _name_it_no_more(connection: Connection, plot: str, sprayed_at: int, undo: Undo) -> None:
    """Declare an error the harvest events of the plot that name a spraying which did not happen."""
    picked = (
        select(lots_table.c.id, lots_table.c.harvested_at)
        .where(lots_table.c.plot == plot, lots_table.c.harvested_at >= sprayed_at)
        .where(lots_table.c.harvested_at < sprayed_at + YEAR_MS)
        .order_by(lots_table.c.id)
    )
    for lot in connection.execute(picked).all():
        for wrong in declarations.standing_of(connection, lot.id, "commissioning").values():
            if epcis.sprayed_at(wrong) == rfc3339(sprayed_at):
                sprayed = harvests.last_spraying(connection, plot, lot.harvested_at)
                right = epcis.sprayed_otherwise(wrong, sprayed)
                declarations.declare(connection, lot.id, wrong, undo.reason, right)


def _withdrawn(undo: Undo) -> dict[str, Any]:
    return {"withdrawn_at": now_ms(), "withdrawn_reason": undo.reason}
