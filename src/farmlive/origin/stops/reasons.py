"""Reads stops: findings, lifts, and reasons for cards and refusals.

The functions run SQL within the caller's transaction. stops.py opens and closes findings.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, bindparam, select

from farmlive.bilingual import Bilingual
from farmlive.clock import rfc3339
from farmlive.origin.core.models import Inspection, Work
from farmlive.origin.core.problems import LotStopped, UnknownLot
from farmlive.origin.core.tables import inspections, lot_findings, lot_lifts, lots, works
from farmlive.origin.stops.models import CardLift, Finding, Lift, MissingKind, StopReason

T = TypeVar("T", Inspection, Work)

# The most findings on a card, in an event or a refusal; a lot's page has all. Otherwise a thousand
# failed tests would be in each event.
TOLD = 5

_FINDINGS = (
    select(
        lot_findings,
        inspections.c.at.label("tested_at"),
        inspections.c.result,
        works.c.at.label("sprayed_at"),
        works.c.substance,
        works.c.until,
    )
    .outerjoin(inspections, inspections.c.id == lot_findings.c.inspection)
    .outerjoin(works, works.c.id == lot_findings.c.work)
    .where(lot_findings.c.lot.in_(bindparam("lots", expanding=True)))
    .order_by(lot_findings.c.lot, lot_findings.c.id)
)
_OPEN = _FINDINGS.where(lot_findings.c.lift.is_(None))
_MISSING = select(lots.c.id, lots.c.missing, lots.c.harvested_at).where(
    lots.c.id.in_(bindparam("lots", expanding=True)), lots.c.missing.is_not(None)
)
_LIFTS = (
    select(lot_lifts)
    .where(lot_lifts.c.lot.in_(bindparam("lots", expanding=True)))
    .order_by(lot_lifts.c.lot, lot_lifts.c.id)
)
_STANDING = _LIFTS.where(lot_lifts.c.withdrawn_at.is_(None))
_COVERED = (
    select(lot_findings.c.id, lot_findings.c.lift)
    .where(lot_findings.c.lot == bindparam("lot"), lot_findings.c.lift.is_not(None))
    .order_by(lot_findings.c.id)
)


@dataclass(frozen=True, slots=True)
class CardStop:
    """A lot's stop on cards: the reasons, or the sentence of the last lift if it is not stopped.

    A lifted lot may still lack what the county requires.
    """

    reasons: Sequence[StopReason]
    lift: CardLift | None


NEVER_STOPPED = CardStop((), None)


def findings_of(connection: Connection, lot: str) -> list[Finding]:
    """Return all findings of the lot, oldest first."""
    rows = connection.execute(_FINDINGS, {"lots": [lot]}).all()
    tests = _by_id(connection, select(inspections).where(inspections.c.lot == lot))
    sprayings = select(works).where(works.c.id.in_([row.work for row in rows if row.work]))
    done = _by_id(connection, sprayings)
    return [
        Finding(
            id=row.id,
            kind=row.kind,
            at=row.at,
            inspection=_shape(Inspection, tests.get(row.inspection)),
            work=_shape(Work, done.get(row.work)),
            lift=row.lift,
        )
        for row in rows
    ]


def lifts_of(connection: Connection, lot: str) -> list[Lift]:
    """Return all lifts of the lot, oldest first."""
    stopped = is_stopped(connection, lot)
    covered: dict[str, list[str]] = {}
    for row in connection.execute(_COVERED, {"lot": lot}):
        covered.setdefault(row.lift, []).append(row.id)
    return [
        Lift(
            id=row.id,
            lot=row.lot,
            at=row.at,
            sentence=row.sentence,
            findings=row.withdrawn_findings or covered.get(row.id, []),
            stopped=stopped,
            withdrawn_at=row.withdrawn_at,
            withdrawn_reason=row.withdrawn_reason,
        )
        for row in connection.execute(_LIFTS, {"lots": [lot]})
    ]


def reasons_of(connection: Connection, lot: str) -> list[StopReason]:
    """Return why nothing of the lot is sold: its first open findings, and what it lacks."""
    return _reasons(connection, [lot]).get(lot, [])


def _reasons(connection: Connection, wanted: list[str]) -> dict[str, list[StopReason]]:
    reasons: dict[str, list[StopReason]] = {}
    for row in connection.execute(_OPEN, {"lots": wanted}):
        of_lot = reasons.setdefault(row.lot, [])
        if len(of_lot) < TOLD:
            of_lot.append(_reason(row))
    for row in connection.execute(_MISSING, {"lots": wanted}):
        kind: MissingKind = "test_missing" if row.missing == "test" else "certificate_missing"
        reasons.setdefault(row.id, []).append(StopReason(kind=kind, at=row.harvested_at))
    return reasons


def on_cards(connection: Connection, wanted: Iterable[str]) -> dict[str, CardStop]:
    """Return the stops of these lots; lots that were never stopped are left out."""
    named = {"lots": sorted(set(wanted))}
    reasons = _reasons(connection, named["lots"])
    stopped = {lot for lot, why in reasons.items() if any(each.finding for each in why)}
    lifts = {
        row.lot: CardLift(sentence=row.sentence, at=row.at)
        for row in connection.execute(_STANDING, named)
    }
    return {
        lot: CardStop(reasons.get(lot, []), None if lot in stopped else lifts.get(lot))
        for lot in {*reasons, *lifts}
    }


def refusal(
    connection: Connection, lot: str, offers: Iterable[str] = (), *, for_buyer: bool = False
) -> LotStopped:
    """Return the refusal to sell or hand over a stopped lot.

    `for_buyer`: tell what buyers can do, not what staff have to.
    """
    code = connection.execute(select(lots.c.code).where(lots.c.id == lot)).scalar_one()
    reasons = reasons_of(connection, lot)
    why = " ".join(_sentence(reason) for reason in reasons)
    told = [reason.model_dump(exclude_none=True) for reason in reasons]
    return LotStopped(lot, code, told, why, sorted(offers), for_buyer=for_buyer)


_LACKS = {
    "test_missing": "No passed test of it is recorded, and none is sold here without.",
    "certificate_missing": "It has no certificate of a passed test, and none is sold here without.",
}


def _sentence(reason: StopReason) -> str:
    at = rfc3339(reason.at)
    if reason.kind in _LACKS:
        return _LACKS[reason.kind]
    if reason.kind == "test_failed":
        return f"Its test of {at} failed: {_words(reason.result)}."
    what = _words(reason.substance)
    what = f" with {what}" if what else ""
    until = rfc3339(reason.until or 0)
    return f"Its plot was sprayed{what} at {at}, and it was picked before {until}."


def _words(words: Bilingual | None) -> str:
    return "" if words is None else (words.en or words.zh).strip().rstrip(".。")


def _reason(row: Row[Any]) -> StopReason:
    tested = row.kind == "test_failed"
    return StopReason(
        finding=row.id,
        kind=row.kind,
        at=row.tested_at if tested else row.sprayed_at,
        result=row.result,
        substance=row.substance,
        until=row.until,
    )


def is_stopped(connection: Connection, lot: str) -> bool:
    """Return whether the lot has an open finding. Raises UnknownLot."""
    row = connection.execute(select(lots.c.stopped_at).where(lots.c.id == lot)).one_or_none()
    if row is None:
        raise UnknownLot("There is no such lot. Record the harvest first.")
    return row.stopped_at is not None


def _by_id(connection: Connection, query: Select[Any]) -> dict[str, Row[Any]]:
    return {row.id: row for row in connection.execute(query)}


def _shape(model: type[T], row: Row[Any] | None) -> T | None:
    if row is None:
        return None
    return model.model_validate({name: getattr(row, name) for name in model.model_fields})
