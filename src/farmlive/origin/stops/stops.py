"""Stops and lifts: the findings that stop a lot, and coordinators' lifts.

The functions run SQL within the caller's transaction. This module owns `lot_findings`, `lot_lifts`
and `lots.stopped_at`.

Invariants: a lot is stopped exactly while it has an open finding. A finding is never deleted and
never closes by itself: neither a later passed test nor a withdrawn test or field operation closes
it. Withdrawing a lift reopens its findings. The handler applies the consequences for sales in the
same transaction: `StopHandler`. reasons.py reads findings and lifts.
"""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection, bindparam, insert, select, update

from farmlive.clock import DAY_MS, now_ms
from farmlive.ids import ulid
from farmlive.origin.core.models import Undo, Work
from farmlive.origin.core.problems import UnknownFinding, UnknownLift
from farmlive.origin.core.tables import lot_findings, lot_lifts, lots, works
from farmlive.origin.stops.models import CardLift, FindingKind, Lift, NewLift, StopReason
from farmlive.origin.stops.reasons import is_stopped, lifts_of, reasons_of
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.problems import Forbidden

# Field operations older than this belong to another harvest; no waiting period is longer.
YEAR_MS = 367 * DAY_MS

_FINDINGS = (
    select(lot_findings.c.id, lot_findings.c.lift)
    .where(lot_findings.c.lot == bindparam("lot"))
    .order_by(lot_findings.c.id)
)
_STANDING = select(lot_lifts.c.id).where(
    lot_lifts.c.id == bindparam("lift"),
    lot_lifts.c.lot == bindparam("lot"),
    lot_lifts.c.withdrawn_at.is_(None),
)
_COVERED = (
    select(lot_findings.c.id)
    .where(lot_findings.c.lot == bindparam("lot"), lot_findings.c.lift == bindparam("lift"))
    .order_by(lot_findings.c.id)
)
_LACKING = select(lots.c.id).where(lots.c.id == bindparam("lot"), lots.c.missing.is_not(None))


class StopHandler(Protocol):
    """The handler of stops and lifts, called within their transaction."""

    def on_stopped(
        self, connection: Connection, lot: str, reasons: Sequence[StopReason], *, again: bool
    ) -> None:
        """Handle a stop with all its reasons.

        `again`: the lot was stopped before the last of them.
        """

    def on_resumed(self, connection: Connection, lot: str, lift: CardLift) -> None:
        """Handle a lift: no finding of the lot is open any more."""

    def on_proof_changed(self, connection: Connection, changed: Sequence[str]) -> None:
        """Handle lots that may be sold now, or may not any more, after a change of a test or a
        certificate.
        """


class Stops:
    """Stores findings and lifts, and calls the handler."""

    def __init__(self, handler: StopHandler) -> None:
        self._handler = handler

    def test_failed(
        self, connection: Connection, caller: Caller, lot: str, inspection: str
    ) -> None:
        """Stop the lot because of a failed test."""
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
        """Stop a new lot for each waiting period in which it was picked.

        A coordinator's reason for picking all the same lifts these findings; the reason of anybody
        else, or of a program with a coordinator's key, does not.
        """
        query = (
            select(works.c.id)
            .where(works.c.plot == plot, works.c.until > harvested_at)
            .where(works.c.withdrawn_at.is_(None))
            .where(works.c.at <= harvested_at, works.c.at > harvested_at - YEAR_MS)
            .order_by(works.c.at, works.c.id)
        )
        found = [
            self._find(connection, caller, lot, "waiting_period", work=work)
            for work in connection.execute(query).scalars().all()
        ]
        by_coordinator = caller.role == "coordinator" and caller.account is not None
        if found and overridden is not None and by_coordinator:
            self._lift(connection, caller, lot, found, overridden)

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
        """Call the handler for lots that may be sold now, or may not any more."""
        if changed:
            self._handler.on_proof_changed(connection, changed)

    def lift(self, connection: Connection, caller: Caller, lot: str, new: NewLift) -> Lift:
        """Lift these findings of the lot with a public sentence.

        The lot is sold again once no finding is open. A finding that is lifted already stays so.
        Raises Forbidden, UnknownLot, UnknownFinding.
        """
        if caller.role != "coordinator":
            raise Forbidden("Nothing was lifted: only a coordinator lifts a lot that is stopped.")
        return self._lift(connection, caller, lot, new.findings, new.sentence)

    def withdraw_lift(
        self, connection: Connection, caller: Caller, lot: str, lift: str, undo: Undo
    ) -> None:
        """Withdraw a mistaken lift: its findings are open again and stop the lot.

        The lift stays readable, with the reason. Raises Forbidden, UnknownLot, UnknownLift.
        """
        if caller.role != "coordinator":
            raise Forbidden("Nothing was taken back: only a coordinator takes back a lift.")
        again = is_stopped(connection, lot)
        named = {"lot": lot, "lift": lift}
        if connection.execute(_STANDING, named).first() is None:
            raise UnknownLift(
                "Nothing was taken back: the lot has no such lift, or it was taken back already. "
                "Load its page again."
            )
        opened = list(connection.execute(_COVERED, named).scalars())
        said = {"withdrawn_at": now_ms(), "withdrawn_reason": undo.reason}
        here = update(lot_lifts).where(lot_lifts.c.id == lift)
        connection.execute(here.values(**said, withdrawn_findings=opened))
        connection.execute(
            update(lot_findings).where(lot_findings.c.lift == lift).values(lift=None)
        )
        record_action(connection, caller, "lot.withdraw_lift", lot, lift=lift, findings=opened)
        self._stop(connection, lot, again=again)

    def _lift(
        self,
        connection: Connection,
        caller: Caller,
        lot: str,
        findings: Sequence[str],
        sentence: str,
    ) -> Lift:
        is_stopped(connection, lot)  # raises UnknownLot
        known = {row.id: row for row in connection.execute(_FINDINGS, {"lot": lot})}
        if any(finding not in known for finding in findings):
            raise UnknownFinding(
                "Nothing was lifted: the lot has no such finding. Load its page again and look at "
                "its findings."
            )
        wanted = [each for each in dict.fromkeys(findings) if known[each].lift is None]
        left = {row.id for row in known.values() if row.lift is None} - set(wanted)
        if not wanted:
            return _lift_of(connection, lot, known[findings[0]].lift)
        made, now = ulid(), now_ms()
        kept = {"id": made, "lot": lot, "sentence": sentence}
        connection.execute(insert(lot_lifts), {**kept, "account": caller.account, "at": now})
        connection.execute(
            update(lot_findings).where(lot_findings.c.id.in_(wanted)).values(lift=made)
        )
        record_action(
            connection, caller, "lot.lift", lot, lift=made, findings=wanted, open=len(left)
        )
        if left:
            self._stop(connection, lot, again=True)
            return _lift_of(connection, lot, made)
        connection.execute(update(lots).where(lots.c.id == lot).values(stopped_at=None))
        said = CardLift(sentence=sentence, at=now)
        self._handler.on_resumed(connection, lot, said)
        # It may still lack what the county requires, and is not sold then.
        lacks = connection.execute(_LACKING, {"lot": lot}).scalars()
        self.proof_changed(connection, list(lacks))
        return _lift_of(connection, lot, made)

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
        """Store a finding, stop the lot, and call the handlers."""
        again = is_stopped(connection, lot)
        row = {"id": ulid(), "lot": lot, "kind": kind, "inspection": inspection, "work": work}
        connection.execute(insert(lot_findings), {**row, "at": now_ms()})
        record_action(connection, caller, "lot.stop", lot, finding=row["id"], kind=kind)
        self._stop(connection, lot, again=again)
        return str(row["id"])

    def _stop(self, connection: Connection, lot: str, *, again: bool) -> None:
        """Stop the lot for its open findings, and call the handlers.

        `again`: it is stopped already.
        """
        if not again:
            connection.execute(update(lots).where(lots.c.id == lot).values(stopped_at=now_ms()))
        reasons = reasons_of(connection, lot)
        self._handler.on_stopped(connection, lot, reasons, again=again)


def _lift_of(connection: Connection, lot: str, lift: str) -> Lift:
    return next(each for each in lifts_of(connection, lot) if each.id == lift)
