"""What a county asks of every lot before it is sold: a passed test, a certificate, or neither.

Owns `lots.missing`, which the till reads in its own transaction. Stops are another thing
(stops.py): here what was sold before is packed and handed over, and nobody lifts anything. The SQL,
in the caller's transaction.
"""

from collections.abc import Sequence
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


def differing(connection: Connection, wanted: Requirements, after: str, most: int) -> list[str]:
    """The first lots after that id that are to be settled, in the order of their ids."""
    found = (
        select(lots.c.id)
        .where(lots.c.id > after, lots.c.missing.is_distinct_from(wanted.missing()))
        .order_by(lots.c.id)
        .limit(most)
    )
    return list(connection.execute(found).scalars())


def settle(connection: Connection, wanted: Requirements, among: Sequence[str]) -> list[str]:
    """Write down what these lots lack; return those of which that changed."""
    changes = lots.c.id.in_(among) & lots.c.missing.is_distinct_from(wanted.missing())
    changed = list(connection.execute(select(lots.c.id).where(changes)).scalars())
    if changed:
        those = update(lots).where(lots.c.id.in_(changed))
        connection.execute(those.values(missing=wanted.missing()))
    return changed
