"""Reads a lot's story from its trace events, its tests, its plot's field operations and its
moments.

The pages show it.
"""

from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Select, select

from farmlive.clock import parse_rfc3339
from farmlive.origin.core import epcis
from farmlive.origin.core.models import Inspection, Lot, Work
from farmlive.origin.core.tables import inspections, moments, trace_events, works
from farmlive.origin.core.tables import lots as lots_table
from farmlive.origin.lots import declarations, farms, lots
from farmlive.origin.stops import reasons
from farmlive.origin.stops.stops import YEAR_MS
from farmlive.origin.story.models import ShownMoment, Station, Story


def build_story(connection: Connection, lot_id: str) -> Story:
    """Return the lot's story. Raises UnknownLot."""
    lot = lots.find(connection, lot_id)
    tests = [
        lots.as_inspection(row)
        for row in connection.execute(
            select(inspections)
            .where(inspections.c.lot == lot_id)
            .order_by(inspections.c.at, inspections.c.id)
        )
    ]
    shown = connection.execute(
        select(moments).where(moments.c.lot == lot_id).order_by(moments.c.at, moments.c.seq)
    )
    said = connection.execute(
        select(
            lots_table.c.waiting_period_overridden,
            lots_table.c.doubts,
            lots_table.c.plausibility_reason,
        ).where(lots_table.c.id == lot_id)
    ).one()
    standing = [test for test in tests if test.withdrawn_at is None]
    before = _on_the_plot(connection, lot)
    return Story(
        lot=lot,
        farm=farms.find(connection, lot.farm),
        plot=farms.find_plot(connection, lot.plot.id) if lot.plot else None,
        stations=[*before, *_on_its_way(connection, lot, tests)],
        inspection=standing[-1] if standing else None,
        inspections=tests,
        withdrawn_works=_withdrawn(connection, lot),
        within_waiting_period=any(
            station.until is not None and lot.harvested_at < station.until for station in before
        ),
        waiting_period_overridden=said.waiting_period_overridden,
        doubts=said.doubts or [],
        plausibility_reason=said.plausibility_reason,
        findings=reasons.findings_of(connection, lot_id),
        lifts=reasons.lifts_of(connection, lot_id),
        moments=[ShownMoment(broadcast=row.broadcast, seq=row.seq, at=row.at) for row in shown],
        events_url=events_url(lot),
    )


def events_url(lot: Lot) -> str:
    """Return the URL of the lot's trace events (EPCIS 2.0, section 12.6: by identifier)."""
    return f"/epcis/v2/epcs/{quote(lot.class_uri, safe='')}/events"


def _on_the_plot(connection: Connection, lot: Lot) -> list[Station]:
    """Return the last flowering of the year before the harvest, and the sprayings since then.

    An earlier spraying is included if its waiting period ended after the harvest.
    """
    if lot.plot is None:
        return []
    rows = connection.execute(
        _works_before(lot.plot.id, lot.harvested_at).where(works.c.withdrawn_at.is_(None))
    ).all()
    flowered = max((place for place, row in enumerate(rows) if row.kind == "flowered"), default=0)
    return [
        Station(step=row.kind, at=row.at, event=None, substance=row.substance, until=row.until)
        for place, row in enumerate(rows)
        if place >= flowered or (row.until is not None and row.until > lot.harvested_at)
    ]


def _withdrawn(connection: Connection, lot: Lot) -> list[Work]:
    """Return the withdrawn field operations of the plot in the year before the harvest."""
    if lot.plot is None:
        return []
    before = _works_before(lot.plot.id, lot.harvested_at)
    rows = connection.execute(before.where(works.c.withdrawn_at.is_not(None)))
    return [farms.as_work(row) for row in rows]


def _works_before(plot: str, harvested_at: int) -> Select[Any]:
    """Return the query of the plot's field operations in the year before the harvest, oldest
    first.
    """
    return (
        select(works)
        .where(works.c.plot == plot)
        .where(works.c.at <= harvested_at, works.c.at > harvested_at - YEAR_MS)
        .order_by(works.c.at, works.c.id)
    )


def _on_its_way(connection: Connection, lot: Lot, tests: list[Inspection]) -> list[Station]:
    """Return the steps of the lot's trace events; a test and its certificate are one.

    An event that was declared an error is replaced by the right one, and marked as corrected.
    """
    verdicts = {test.id: test.passed for test in tests}
    stations: dict[str, Station] = {}
    rows = connection.execute(
        select(trace_events.c.at, trace_events.c.biz_step, trace_events.c.document)
        .where(trace_events.c.lot == lot.id)
        .order_by(trace_events.c.at, trace_events.c.id)
    ).all()
    stands = declarations.standing(row.document for row in rows)
    for row in rows:
        event: dict[str, Any] = row.document
        if event["eventID"] not in stands:
            continue
        test = str(event.get("farmlive:inspection", event["eventID"]))
        weighed = row.biz_step in ("commissioning", "destroying")
        stations[test] = Station.model_validate(
            {
                "step": epcis.STEPS[row.biz_step],
                "at": row.at,
                "event": event["eventID"],
                "passed": verdicts.get(test),
                "boxes": event.get("farmlive:boxes"),
                "to": epcis.words_of(event, "farmlive:to"),
                "weight_g": epcis.grams_of(event) if weighed and "quantityList" in event else None,
                "reason": event.get("farmlive:reason"),
            }
        )
    told = [*stations.values(), *_put_right([row.document for row in rows])]
    return sorted(told, key=lambda station: station.at)


def _put_right(events: list[epcis.Document]) -> list[Station]:
    """Return the corrections of the harvest's weight: when, from what to what."""
    # Older events may lack the weight; those were never corrected either.
    weights = {
        event["eventID"]: epcis.grams_of(event)
        for event in events
        if _is_harvest(event) and "quantityList" in event
    }
    changed = [
        (event, declared)
        for event in events
        if _is_harvest(event)
        and (declared := event.get("errorDeclaration"))
        and weights[event["eventID"]] != weights[declared["correctiveEventIDs"][0]]
    ]
    return [
        Station(
            step="corrected",
            at=parse_rfc3339(declared["declarationTime"]),
            event=declared["correctiveEventIDs"][0],
            was_g=weights[event["eventID"]],
            weight_g=weights[declared["correctiveEventIDs"][0]],
            reason=declared["farmlive:reason"],
        )
        for event, declared in changed
    ]


def _is_harvest(event: epcis.Document) -> bool:
    return bool(event["bizStep"] == "commissioning")
