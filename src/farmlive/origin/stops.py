"""Stops: which findings stop a lot, and how a coordinator lifts them. The SQL, in the caller's
transaction.

Owns `lot_findings`, `lot_lifts` and `lots.stopped_at`. Always: a lot is stopped exactly while one
of its findings is open. A finding is never deleted and never closes by itself: neither a later
passed test nor a test or work that is taken back lifts anything. What a stop means for what is
sold is decided by those who hear of it, in the same transaction: `StopHandler`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from farmlive.bilingual import Bilingual
from farmlive.clock import now_ms, rfc3339
from farmlive.ids import ulid
from farmlive.origin.models import (
    CardLift,
    Finding,
    FindingKind,
    Inspection,
    Lift,
    MissingKind,
    NewLift,
    StopReason,
    Work,
)
from farmlive.origin.problems import LotStopped, UnknownFinding, UnknownLot
from farmlive.origin.tables import inspections, lot_findings, lot_lifts, lots, works
from farmlive.people import Caller
from farmlive.people.audit import note
from farmlive.problems import Forbidden

T = TypeVar("T", Inspection, Work)

# So many findings are told on cards, in events and in refusals; a lot's page tells all. Else who
# records a thousand failed tests would have each event name them all.
TOLD = 5

# Works older than this are of another harvest; no waiting period is longer.
_YEAR_MS = 367 * 86_400_000

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


class StopHandler(Protocol):
    """Who is told of stops and lifts, in their transaction."""

    def stopped(
        self, connection: Connection, lot: str, reasons: Sequence[StopReason], *, again: bool
    ) -> None:
        """The lot is stopped, for all these reasons; `again`: it was before the last of them."""

    def resumed(self, connection: Connection, lot: str, lift: CardLift) -> None:
        """No finding of the lot is open any more, since a coordinator said this."""

    def proof_changed(self, connection: Connection, changed: Sequence[str]) -> None:
        """What keeps these lots from being sold changed: a test or a certificate came, or went."""


@dataclass(frozen=True, slots=True)
class CardStop:
    """What a card tells of its lot: why it is stopped, or with which sentence it was lifted."""

    reasons: Sequence[StopReason]
    lift: CardLift | None


class Stops:
    """Keeps findings and lifts, and tells the handlers of both."""

    def __init__(self) -> None:
        self._handlers: list[StopHandler] = []

    def hear(self, handler: StopHandler) -> None:
        """Tell the handler from now on."""
        self._handlers.append(handler)

    def test_failed(
        self, connection: Connection, caller: Caller, lot: str, inspection: str
    ) -> None:
        """Stop the lot for a test that failed."""
        self._find(connection, caller, lot, "test_failed", inspection=inspection)

    def harvest_recorded(
        self,
        connection: Connection,
        caller: Caller,
        lot: str,
        plot: str,
        harvested_at: int,
        overridden: str | None,
    ) -> None:
        """Stop a new lot for each waiting period that it was picked in.

        The reason that a coordinator gives for picking all the same lifts these findings; that of
        anyone else, or of a program with a coordinator's key, does not.
        """
        query = (
            select(works.c.id)
            .where(works.c.plot == plot, works.c.until > harvested_at)
            .where(works.c.withdrawn_at.is_(None))
            .where(works.c.at <= harvested_at, works.c.at > harvested_at - _YEAR_MS)
            .order_by(works.c.at, works.c.id)
        )
        found = [
            self._find(connection, caller, lot, "waiting_period", work=work)
            for work in connection.execute(query).scalars().all()
        ]
        by_coordinator = caller.role == "coordinator" and caller.account is not None
        if found and overridden is not None and by_coordinator:
            self.lift(connection, caller, lot, NewLift(findings=found, sentence=overridden))

    def work_recorded(self, connection: Connection, caller: Caller, work: Work) -> None:
        """Stop the lots of the plot that were picked within the waiting period of this spraying."""
        if work.until is None:
            return
        query = (
            select(lots.c.id)
            .where(lots.c.plot == work.plot)
            .where(lots.c.harvested_at >= work.at, lots.c.harvested_at < work.until)
            .order_by(lots.c.id)
        )
        for lot in connection.execute(query).scalars().all():
            self._find(connection, caller, lot, "waiting_period", work=work.id)

    def proof_changed(self, connection: Connection, changed: Sequence[str]) -> None:
        """Tell of lots that a test or a certificate lets be sold, or keeps from it."""
        for handler in self._handlers if changed else ():
            handler.proof_changed(connection, changed)

    def lift(self, connection: Connection, caller: Caller, lot: str, new: NewLift) -> Lift:
        """Lift these findings of the lot with a sentence that everyone reads.

        It is sold again once no finding is open. A finding that is lifted already stays so.
        Raises Forbidden, UnknownLot, UnknownFinding.
        """
        if caller.role != "coordinator":
            raise Forbidden("Nothing was lifted: only a coordinator lifts a lot that is stopped.")
        was_stopped = _is_stopped(connection, lot)
        known = {row.id: row for row in connection.execute(_FINDINGS, {"lots": [lot]})}
        if any(finding not in known for finding in new.findings):
            raise UnknownFinding(
                "Nothing was lifted: the lot has no such finding. Load its page again and look at "
                "its findings."
            )
        wanted = [each for each in dict.fromkeys(new.findings) if known[each].lift is None]
        left = {row.id for row in known.values() if row.lift is None} - set(wanted)
        if not wanted:
            return _lifted(connection, known[new.findings[0]].lift, stopped=bool(left))
        made = ulid()
        kept = {"id": made, "lot": lot, "sentence": new.sentence}
        connection.execute(insert(lot_lifts), {**kept, "account": caller.account, "at": now_ms()})
        connection.execute(
            update(lot_findings).where(lot_findings.c.id.in_(wanted)).values(lift=made)
        )
        note(connection, caller, "lot.lift", lot, lift=made, findings=wanted, open=len(left))
        lifted = _lifted(connection, made, stopped=bool(left))
        if not left:
            connection.execute(update(lots).where(lots.c.id == lot).values(stopped_at=None))
        for handler in self._handlers if was_stopped else ():
            if left:
                handler.stopped(connection, lot, reasons_of(connection, lot), again=True)
            else:
                said = CardLift(sentence=lifted.sentence, at=lifted.at)
                handler.resumed(connection, lot, said)
        if not left:  # it may lack what the county asks for, and then is not sold all the same
            lacks = connection.execute(_MISSING, {"lots": [lot]}).all()
            self.proof_changed(connection, [row.id for row in lacks])
        return lifted

    def _find(
        self,
        connection: Connection,
        caller: Caller,
        lot: str,
        kind: FindingKind,
        *,
        inspection: str | None = None,
        work: str | None = None,
    ) -> str:
        """Keep a finding, stop the lot, and tell of it."""
        again = _is_stopped(connection, lot)
        now = now_ms()
        row = {"id": ulid(), "lot": lot, "kind": kind, "inspection": inspection, "work": work}
        connection.execute(insert(lot_findings), {**row, "at": now})
        if not again:
            connection.execute(update(lots).where(lots.c.id == lot).values(stopped_at=now))
        note(connection, caller, "lot.stop", lot, finding=row["id"], kind=kind)
        for handler in self._handlers:
            handler.stopped(connection, lot, reasons_of(connection, lot), again=again)
        return str(row["id"])


def findings_of(connection: Connection, lot: str) -> list[Finding]:
    """All that ever stopped the lot, oldest first."""
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
    """What coordinators said when they lifted findings of the lot, oldest first."""
    stopped = _is_stopped(connection, lot)
    found = connection.execute(_LIFTS, {"lots": [lot]}).all()
    return [_lifted(connection, row.id, stopped=stopped) for row in found]


def reasons_of(connection: Connection, lot: str) -> list[StopReason]:
    """Why nothing of the lot is sold: its first open findings, and what it lacks."""
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
    """What cards tell of these lots; one that was never stopped is left out."""
    named = {"lots": sorted(set(wanted))}
    reasons = _reasons(connection, named["lots"])
    lifts = {
        row.lot: CardLift(sentence=row.sentence, at=row.at)
        for row in connection.execute(_LIFTS, named)
    }
    return {
        lot: CardStop(reasons.get(lot, []), None if lot in reasons else lifts.get(lot))
        for lot in {*reasons, *lifts}
    }


def refusal(connection: Connection, lot: str, offers: Iterable[str] = ()) -> LotStopped:
    """What is answered where something of a stopped lot was to be sold or handed over."""
    code = connection.execute(select(lots.c.code).where(lots.c.id == lot)).scalar_one()
    reasons = reasons_of(connection, lot)
    why = " ".join(_sentence(reason) for reason in reasons)
    told = [reason.model_dump(exclude_none=True) for reason in reasons]
    return LotStopped(lot, code, told, why, sorted(offers))


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


def _is_stopped(connection: Connection, lot: str) -> bool:
    """Whether the lot is stopped. Raises UnknownLot."""
    row = connection.execute(select(lots.c.stopped_at).where(lots.c.id == lot)).one_or_none()
    if row is None:
        raise UnknownLot("There is no such lot. Record the harvest first.")
    return row.stopped_at is not None


def _lifted(connection: Connection, lift: str, *, stopped: bool) -> Lift:
    row = connection.execute(select(lot_lifts).where(lot_lifts.c.id == lift)).one()
    covered = (
        select(lot_findings.c.id).where(lot_findings.c.lift == lift).order_by(lot_findings.c.id)
    )
    findings = list(connection.execute(covered).scalars())
    return Lift(
        id=row.id,
        lot=row.lot,
        at=row.at,
        sentence=row.sentence,
        findings=findings,
        stopped=stopped,
    )


def _by_id(connection: Connection, query: Select[Any]) -> dict[str, Row[Any]]:
    return {row.id: row for row in connection.execute(query)}


def _shape(model: type[T], row: Row[Any] | None) -> T | None:
    if row is None:
        return None
    return model.model_validate({name: getattr(row, name) for name in model.model_fields})
