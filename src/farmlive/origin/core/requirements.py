"""The county's requirements for selling a lot: a passed test, a certificate, or neither.

They include how long before the harvest a test may be. This module owns `lots.missing`, which the
till reads in its own transaction. A missing proof is not a stop (stops/stops.py): what was sold
earlier is still packed and handed over, and nobody lifts it. The functions run SQL within the
caller's transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    case,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    update,
)

from farmlive.clock import DAY_MS, rfc3339
from farmlive.origin.core.problems import EarlyTest
from farmlive.origin.core.tables import inspections, lots

SAMPLE_DAYS = 30
"""How many days before the harvest a sample of it may be taken. Samples are taken in the field some
days before picking, so that the result is there by then; what was found longer before says nothing
of this harvest, since the plot may have been sprayed since.
"""
_SAMPLE_MS = SAMPLE_DAYS * DAY_MS
_FIRST_AT = lots.c.harvested_at - _SAMPLE_MS

TESTED: ColumnElement[bool] = func.coalesce(
    lots.c.passed.is_(True) & (lots.c.tested_at >= _FIRST_AT), false()
)
"""SQL for whether a row of `lots` has a passed test that counts. Its latest test alone is asked:
where that is too early, all are.
"""
_CERTIFIED = (
    exists()
    .where(inspections.c.lot == lots.c.id, inspections.c.at >= _FIRST_AT)
    .where(inspections.c.passed.is_(True), inspections.c.certificate.is_not(None))
    .where(inspections.c.withdrawn_at.is_(None))
    .correlate(lots)
)


@dataclass(frozen=True, slots=True)
class Requirements:
    """`test`: a lot needs a passed test to be sold; `certificate`: it needs a certificate."""

    test: bool = False
    certificate: bool = False

    def missing(self) -> ColumnElement[Any]:
        """Return the SQL expression of what a row of `lots` lacks: `test`, `certificate`, or NULL
        for nothing.

        A test that is too early, recorded by a version that did not refuse it, counts for neither.
        """
        lacks = []
        if self.test:
            lacks.append((~TESTED, literal("test")))
        if self.certificate:
            none = or_(lots.c.certificate.is_(None), ~_CERTIFIED)
            lacks.append((none, literal("certificate")))
        return case(*lacks, else_=null()) if lacks else null()


def is_early(tested_at: int, harvested_at: int) -> bool:
    """Return whether a test is too early for this harvest; both in milliseconds since 1970."""
    return tested_at < harvested_at - _SAMPLE_MS


def check_time(tested_at: int, harvested_at: int) -> None:
    """Raise EarlyTest for a passed test that is too early to count for this harvest.

    A failed one is always accepted, and stops the lot.
    """
    if is_early(tested_at, harvested_at):
        raise EarlyTest(rfc3339(tested_at), rfc3339(harvested_at), SAMPLE_DAYS)


def differing(connection: Connection, wanted: Requirements, after: str, most: int) -> list[str]:
    """Return the first lots after that id whose `missing` is outdated, by id."""
    found = (
        select(lots.c.id)
        .where(lots.c.id > after, lots.c.missing.is_distinct_from(wanted.missing()))
        .order_by(lots.c.id)
        .limit(most)
    )
    return list(connection.execute(found).scalars())


def update_missing(connection: Connection, wanted: Requirements, among: Sequence[str]) -> list[str]:
    """Update `missing` of these lots; return the lots that changed."""
    changes = lots.c.id.in_(among) & lots.c.missing.is_distinct_from(wanted.missing())
    changed = list(connection.execute(select(lots.c.id).where(changes)).scalars())
    if changed:
        those = update(lots).where(lots.c.id.in_(changed))
        connection.execute(those.values(missing=wanted.missing()))
    return changed
