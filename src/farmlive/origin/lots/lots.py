"""Lots: records tests, packing and shipping as trace events, and reads lots.

The functions run SQL within the caller's transaction. harvests.py creates lots; core/epcis.py has
the events' format; balance.py records waste and corrections; origin.py and story/story.py find lots
and tell their story.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, func, insert, select, tuple_, update

from farmlive.clock import now_ms, rfc3339
from farmlive.edge.paging import Position
from farmlive.ids import ulid
from farmlive.origin.core import epcis, requirements
from farmlive.origin.core.models import (
    MOST_EVENTS,
    MOST_TEST_EVENTS,
    MOST_TESTS,
    Inspection,
    Lot,
    NewInspection,
    NewPacking,
    NewShipping,
    PlotName,
    Traced,
)
from farmlive.origin.core.problems import (
    LotTaken,
    UnknownInspection,
    UnknownLot,
    WrongOrder,
)
from farmlive.origin.core.requirements import Requirements
from farmlive.origin.core.tables import (
    inspections,
    lot_gtins,
    lot_lifts,
    lots,
    plots,
    trace_events,
)
from farmlive.origin.lots import farms
from farmlive.origin.stops.stops import Stops
from farmlive.people import Caller
from farmlive.people.core.audit import record_action


@dataclass(frozen=True, slots=True)
class LotPolicy:
    """This server's public URL and time zone, the maximum yield of plots, and the requirements for
    selling a lot.
    """

    url: str
    time_zone: str
    max_yield_g_per_m2: int
    requirements: Requirements


def inspect(
    connection: Connection,
    caller: Caller,
    policy: LotPolicy,
    stops: Stops,
    lot: str,
    new: NewInspection,
) -> Inspection:
    """Record a test of the lot; a failed one stops it, however long it was before the harvest.

    Raises UnknownLot, OtherFarm, InFuture, EarlyTest, TooManyRecords.
    """
    farms.check_past(inspected=new.at)
    harvest = find(connection, lot)
    farms.check_keeper(caller, harvest.farm)
    if new.passed:
        requirements.check_time(new.at, harvest.harvested_at)
    tests = select(func.count()).where(inspections.c.lot == lot)
    farms.check_record_limit(connection, caller, tests, MOST_TESTS, "tests of the lot")
    row = {"id": ulid(), "lot": lot, **new.model_dump(), "certificate": None}
    connection.execute(insert(inspections), {**row, "recorded_at": now_ms()})
    kept = Inspection.model_validate(row)
    subject = subject_of(policy, connection, lot)
    trace(connection, lot, new.at, epcis.inspecting(subject, kept, None))
    sum_up_tests(connection, policy, stops, lot)
    record_action(connection, caller, "lot.inspect", lot, inspection=kept.id, passed=new.passed)
    if not new.passed:
        stops.test_failed(connection, caller, lot, kept.id)
    return kept


def find_inspection(
    connection: Connection, caller: Caller, lot: str, inspection: str
) -> Inspection:
    """Return a valid test of a lot of the caller's farm.

    Raises UnknownLot, OtherFarm, UnknownInspection.
    """
    farms.check_keeper(caller, find(connection, lot).farm)
    query = select(inspections).where(inspections.c.id == inspection, inspections.c.lot == lot)
    row = connection.execute(query).one_or_none()
    if row is None or row.withdrawn_at is not None:
        raise UnknownInspection(
            "The lot has no such test, or it was taken back. Record the test first."
        )
    return as_inspection(row)


def find_certifiable(
    connection: Connection, caller: Caller, lot: str, inspection: str
) -> Inspection:
    """Do as `find_inspection`, and check that a certificate can be added. Raises TooManyRecords."""
    kept = find_inspection(connection, caller, lot, inspection)
    what = "records of tests of the lot"
    check_record_limit(connection, caller, lot, "inspecting", what, MOST_TEST_EVENTS)
    return kept


def certify(
    connection: Connection,
    caller: Caller,
    policy: LotPolicy,
    stops: Stops,
    lot: str,
    inspection: str,
    url: str,
) -> None:
    """Add the certificate at `url` to a test; a further trace event of the test names it.

    Raises UnknownLot, OtherFarm, UnknownInspection, TooManyRecords.
    """
    kept = find_certifiable(connection, caller, lot, inspection)
    if kept.certificate == url:
        return
    here = inspections.c.id == inspection
    connection.execute(update(inspections).where(here).values(certificate=url))
    subject = subject_of(policy, connection, lot)
    trace(connection, lot, kept.at, epcis.inspecting(subject, kept, policy.url + url))
    sum_up_tests(connection, policy, stops, lot)
    record_action(connection, caller, "lot.certify", lot, inspection=inspection, certificate=url)


def pack(
    connection: Connection, caller: Caller, policy: LotPolicy, lot: str, new: NewPacking
) -> Traced:
    """Record that the lot was packed.

    Raises UnknownLot, OtherFarm, InFuture, WrongOrder, TooManyRecords.
    """
    before = happened(connection, caller, lot, "packed", new.at)
    check_record_limit(connection, caller, lot, "packing", "packings of the lot")
    if before.packed_at is None or new.at < before.packed_at:
        connection.execute(update(lots).where(lots.c.id == lot).values(packed_at=new.at))
    record_action(connection, caller, "lot.pack", lot, boxes=new.boxes)
    subject = subject_of(policy, connection, lot)
    return trace(connection, lot, new.at, epcis.packing(subject, new))


def ship(
    connection: Connection, caller: Caller, policy: LotPolicy, lot: str, new: NewShipping
) -> Traced:
    """Record that the lot left the farm.

    Raises UnknownLot, OtherFarm, InFuture, WrongOrder, TooManyRecords.
    """
    before = happened(connection, caller, lot, "shipped", new.at)
    check_record_limit(connection, caller, lot, "shipping", "shippings of the lot")
    if before.shipped_at is None or new.at < before.shipped_at:
        connection.execute(update(lots).where(lots.c.id == lot).values(shipped_at=new.at))
    record_action(connection, caller, "lot.ship", lot)
    subject = subject_of(policy, connection, lot)
    return trace(connection, lot, new.at, epcis.shipping(subject, new))


def query() -> Select[Any]:
    """Return the query whose rows `as_lot` reads: lots with their plot's name and whether they were
    lifted.
    """
    lifts = exists().where(lot_lifts.c.lot == lots.c.id, lot_lifts.c.withdrawn_at.is_(None))
    return select(lots, plots.c.name.label("plot_name"), lifts.label("lifted")).join(
        plots, plots.c.id == lots.c.plot, isouter=True
    )


def find(connection: Connection, lot: str) -> Lot:
    """Return the lot with that id. Raises UnknownLot."""
    row = connection.execute(query().where(lots.c.id == lot)).one_or_none()
    if row is None:
        raise UnknownLot("There is no such lot. Record the harvest first, then offer it.")
    return as_lot(row)


def some(connection: Connection, ids: Iterable[str]) -> list[Lot]:
    """Return the lots with these ids, in no order; unknown ids are left out."""
    return [as_lot(row) for row in connection.execute(query().where(lots.c.id.in_(set(ids))))]


def page(farm: str | None, before: Position | None, limit: int) -> Select[Any]:
    """Return the query of at most `limit` lots of one farm or all, latest harvest first, after
    `before`.
    """
    place = lots.c.harvested_at, lots.c.id
    wanted = query().order_by(*(column.desc() for column in place)).limit(limit)
    if farm is not None:
        wanted = wanted.where(lots.c.farm == farm)
    if before is not None:
        wanted = wanted.where(tuple_(*place) < tuple_(*before))
    return wanted


def latest(
    connection: Connection,
    farm: str | None = None,
    before: Position | None = None,
    limit: int = 100,
) -> list[Lot]:
    """List at most `limit` lots of one farm or all, latest harvest first, after `before`."""
    return [as_lot(row) for row in connection.execute(page(farm, before, limit))]


def stopped(connection: Connection) -> list[Lot]:
    """List the stopped lots, the last stopped first; a hundred at most."""
    wanted = query().where(lots.c.stopped_at.is_not(None)).order_by(lots.c.stopped_at.desc())
    return [as_lot(row) for row in connection.execute(wanted.limit(100))]


def take_gtin(connection: Connection, gtin: str, code: str, lot: str) -> None:
    """Assign that GTIN with that code to the lot. Raises LotTaken."""
    holder = connection.execute(
        select(lot_gtins.c.lot).where(lot_gtins.c.gtin == gtin, lot_gtins.c.code == code)
    ).scalar_one_or_none()
    if holder == lot:
        return
    if holder is not None:
        raise LotTaken(
            f"The GTIN {gtin} with the lot code {code} already names another lot. One of the two "
            "must differ: compare both with the label."
        )
    connection.execute(insert(lot_gtins), {"gtin": gtin, "code": code, "lot": lot})


def as_lot(row: Row[Any]) -> Lot:
    """Return the lot of a row of `query()`."""
    stopped = row.stopped_at is not None
    return Lot(
        id=row.id,
        farm=row.farm,
        plot=PlotName(id=row.plot, name=row.plot_name) if row.plot else None,
        code=row.code,
        product_name=row.product_name,
        gtin=row.gtin,
        class_uri=row.class_uri,
        url=f"/origin/lot/{row.id}",
        harvested_at=row.harvested_at,
        quantity_g=row.quantity_g,
        wasted_g=row.wasted_g,
        stopped=stopped,
        lifted=row.lifted,
        missing=row.missing,
        tested=bool(row.passed) and not stopped and not _is_early(row),
        passed=row.passed,
        certificate=None if stopped else row.certificate,
        packed_at=row.packed_at,
        shipped_at=row.shipped_at,
    )


def _is_early(row: Row[Any]) -> bool:
    """Return whether its latest test is too early for the harvest, as older versions accepted."""
    return row.tested_at is not None and requirements.is_early(row.tested_at, row.harvested_at)


def as_inspection(row: Row[Any]) -> Inspection:
    """Return the test of a row of `inspections`."""
    return Inspection.model_validate({name: getattr(row, name) for name in Inspection.model_fields})


def subject_of(policy: LotPolicy, connection: Connection, lot: str) -> epcis.Subject:
    """Return the subject of the lot's trace events."""
    row = connection.execute(
        select(lots.c.class_uri, lots.c.code, lots.c.farm).where(lots.c.id == lot)
    ).one()
    where = f"{policy.url}/origin/farm/{row.farm}"
    return epcis.Subject(row.class_uri, row.code, where, policy.time_zone)


def trace(connection: Connection, lot: str, at: int, document: epcis.Document) -> Traced:
    """Store a trace event of the lot."""
    row = {
        "id": ulid(),
        "lot": lot,
        "at": at,
        "biz_step": document["bizStep"],
        "document": document,
        "recorded_at": now_ms(),
    }
    connection.execute(insert(trace_events), row)
    return Traced(id=document["eventID"], at=at)


def happened(connection: Connection, caller: Caller, lot: str, what: str, at: int) -> Lot:
    """Return the lot, after checking that the caller may record this for that time.

    Raises UnknownLot, OtherFarm, InFuture, WrongOrder.
    """
    farms.check_past(**{what: at})
    before = find(connection, lot)
    farms.check_keeper(caller, before.farm)
    if at < before.harvested_at:
        raise WrongOrder(
            f"A lot can't be {what} before it is harvested, and nothing was kept. It was harvested "
            f"at {rfc3339(before.harvested_at)}; correct the time."
        )
    return before


def check_record_limit(
    connection: Connection, caller: Caller, lot: str, step: str, what: str, most: int | None = None
) -> None:
    """Refuse a further trace event of this step where the lot has reached the limit.

    Raises TooManyRecords.
    """
    query = select(func.count()).where(trace_events.c.lot == lot, trace_events.c.biz_step == step)
    farms.check_record_limit(connection, caller, query, MOST_EVENTS if most is None else most, what)


def sum_up_tests(connection: Connection, policy: LotPolicy, stops: Stops, lot: str) -> None:
    """Update the lot's columns from its tests: the latest verdict, and the latest certificate of a
    passed one; notify the handlers where the lot may be sold now, or may not any more.

    Withdrawn tests do not count.
    """
    found = connection.execute(
        select(inspections)
        .where(inspections.c.lot == lot, inspections.c.withdrawn_at.is_(None))
        .order_by(inspections.c.at.desc(), inspections.c.id.desc())
    ).all()
    certificates = [row.certificate for row in found if row.certificate and row.passed]
    connection.execute(
        update(lots)
        .where(lots.c.id == lot)
        .values(
            tested_at=found[0].at if found else None,
            passed=found[0].passed if found else None,
            certificate=certificates[0] if certificates else None,
        )
    )
    stops.proof_changed(
        connection, requirements.update_missing(connection, policy.requirements, [lot])
    )
