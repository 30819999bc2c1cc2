"""What a county asks of every lot before it is sold: a passed test, a certificate, or neither.

Owns `lots.missing`, which the till reads in its own transaction. Stops are another thing
(stops.py): here what was sold before is packed and handed over, and nobody lifts anything. The SQL,
in the caller's transaction.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, literal, null, select, update

from farmlive.origin.tables import lots


@dataclass(frozen=True, slots=True)
class Requirements:
    """`test`: no lot is sold without a passed test; `certificate`: none without a certificate."""

    test: bool = False
    certificate: bool = False

    def missing(self) -> ColumnElement[Any]:
        """Return SQL for what a row of `lots` lacks, `test` or `certificate`; NULL for nothing."""
        lacks = []
        if self.test:
            lacks.append((lots.c.passed.is_not(True), literal("test")))
        if self.certificate:
            lacks.append((lots.c.certificate.is_(None), literal("certificate")))
        return case(*lacks, else_=null()) if lacks else null()


def settle(connection: Connection, wanted: Requirements, lot: str | None = None) -> list[str]:
    """Write down what each lot lacks, or this one alone; return those of which that changed."""
    changes = lots.c.missing.is_distinct_from(wanted.missing())
    if lot is not None:
        changes &= lots.c.id == lot
    changed = list(connection.execute(select(lots.c.id).where(changes)).scalars())
    if changed:
        connection.execute(update(lots).where(changes).values(missing=wanted.missing()))
    return changed
