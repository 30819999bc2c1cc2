"""What stops a lot, and who lifted it; lots that failed a test, or were picked within a waiting
period, are stopped by it, and the broadcasts that offer them hear so.
"""

import time
from typing import Any

import sqlalchemy as sa
from alembic import op

from farmlive.ids import ulid
from farmlive.store.tables import Json
from farmlive.store.writer_lock import TAKE_TURN

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _table(name: str, *columns: str) -> Any:
    kinds = {"result": Json, "substance": Json, "audience": Json, "data": Json}
    return sa.table(name, *(sa.column(column, kinds.get(column)) for column in columns))


lots = _table(
    "lots",
    "id",
    "plot",
    "harvested_at",
    "waiting_period_overridden",
    "passed",
    "stopped_at",
)
works = _table("works", "id", "plot", "at", "substance", "until")
inspections = _table("inspections", "id", "lot", "at", "result", "passed")
findings = _table("lot_findings", "id", "lot", "kind", "inspection", "work", "at", "lift")
lifts = _table("lot_lifts", "id", "lot", "sentence", "account", "at")
accounts = _table("accounts", "id", "role")
audit = _table("audit", "account", "action", "subject")
offers = _table("offers", "broadcast", "lot")
broadcasts = _table("broadcasts", "id", "seq", "last_at")
events = _table("events", "broadcast", "seq", "at", "kind", "audience", "data")


def upgrade() -> None:
    """Add two tables and a column, and fill them from the records."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        # Events are numbered by turns, and servers sell meanwhile. Before a table is locked, since
        # whoever has the turn may want it.
        connection.exec_driver_sql(TAKE_TURN)
    op.add_column("lots", sa.Column("stopped_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_lots_plot_harvested_at", "lots", ["plot", "harvested_at"])
    some = sa.text("stopped_at IS NOT NULL")
    op.create_index(
        "ix_lots_stopped_at", "lots", ["stopped_at"], postgresql_where=some, sqlite_where=some
    )
    op.create_table(
        "lot_lifts",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("lot", sa.String(26), nullable=False),
        sa.Column("sentence", sa.String(200), nullable=False),
        sa.Column("account", sa.String(26), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lot"], ["lots.id"], name=op.f("fk_lot_lifts_lot_lots")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_lifts")),
    )
    op.create_index(op.f("ix_lot_lifts_lot"), "lot_lifts", ["lot"])
    op.create_table(
        "lot_findings",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("lot", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("inspection", sa.String(26), nullable=True),
        sa.Column("work", sa.String(26), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("lift", sa.String(26), nullable=True),
        sa.CheckConstraint(
            "(inspection IS NULL) <> (work IS NULL)", name=op.f("ck_lot_findings_cause")
        ),
        sa.ForeignKeyConstraint(
            ["inspection"], ["inspections.id"], name=op.f("fk_lot_findings_inspection_inspections")
        ),
        sa.ForeignKeyConstraint(
            ["lift"], ["lot_lifts.id"], name=op.f("fk_lot_findings_lift_lot_lifts")
        ),
        sa.ForeignKeyConstraint(["lot"], ["lots.id"], name=op.f("fk_lot_findings_lot_lots")),
        sa.ForeignKeyConstraint(["work"], ["works.id"], name=op.f("fk_lot_findings_work_works")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_findings")),
        sa.UniqueConstraint("lot", "inspection", name=op.f("uq_lot_findings_lot_inspection")),
        sa.UniqueConstraint("lot", "work", name=op.f("uq_lot_findings_lot_work")),
    )
    _stop(connection, time.time_ns() // 1_000_000)


def _stop(connection: sa.Connection, now: int) -> None:
    failed = connection.execute(
        sa.select(inspections).where(~inspections.c.passed).order_by(inspections.c.id)
    ).all()
    early = connection.execute(
        sa.select(
            lots.c.id.label("lot"),
            lots.c.waiting_period_overridden.label("sentence"),
            works.c.id,
            works.c.at,
            works.c.substance,
            works.c.until,
        )
        .join(works, works.c.plot == lots.c.plot)
        .where(works.c.at <= lots.c.harvested_at, works.c.until > lots.c.harvested_at)
        .order_by(lots.c.id, works.c.at, works.c.id)
    ).all()
    coordinators = _recorded_by_coordinators(connection)
    made: dict[str, str] = {}
    reasons: dict[str, list[dict[str, Any]]] = {}
    for row in early:
        finding, lift = ulid(), None
        if row.sentence is not None and row.lot in coordinators:
            lift = made.get(row.lot)
            if lift is None:
                lift = made[row.lot] = ulid()
                kept = {"id": lift, "lot": row.lot, "sentence": row.sentence}
                account = {"account": coordinators[row.lot], "at": now}
                connection.execute(sa.insert(lifts), {**kept, **account})
        else:
            told = {"finding": finding, "kind": "waiting_period", "at": row.at}
            told |= {"substance": row.substance, "until": row.until}
            reasons.setdefault(row.lot, []).append(told)
        cause = {"kind": "waiting_period", "inspection": None, "work": row.id}
        kept = {"id": finding, "lot": row.lot, "at": now, "lift": lift}
        connection.execute(sa.insert(findings), {**kept, **cause})
    for row in failed:
        finding = ulid()
        told = {"finding": finding, "kind": "test_failed", "at": row.at, "result": row.result}
        reasons.setdefault(row.lot, []).append(told)
        cause = {"kind": "test_failed", "inspection": row.id, "work": None}
        kept = {"id": finding, "lot": row.lot, "at": now, "lift": None}
        connection.execute(sa.insert(findings), {**kept, **cause})
    for lot, why in reasons.items():
        _tell(connection, lot, why, now)


def _recorded_by_coordinators(connection: sa.Connection) -> dict[str, str]:
    """The lots that a coordinator's account recorded, and so gave the reason of, with the account.

    Of a program's key only a label is known: what one recorded stays stopped.
    """
    query = (
        sa.select(audit.c.subject, audit.c.account)
        .join(accounts, accounts.c.id == audit.c.account)
        .where(audit.c.action == "lot.add", accounts.c.role == "coordinator")
    )
    return {row.subject: row.account for row in connection.execute(query)}


def _tell(connection: sa.Connection, lot: str, reasons: list[dict[str, Any]], now: int) -> None:
    """Stop the lot, and write so into the log of each broadcast that offers it."""
    connection.execute(sa.update(lots).where(lots.c.id == lot).values(stopped_at=now))
    data = {
        "lot": lot,
        "reasons": [{k: v for k, v in why.items() if v is not None} for why in reasons],
    }
    query = (
        sa.select(broadcasts)
        .where(broadcasts.c.id.in_(sa.select(offers.c.broadcast).where(offers.c.lot == lot)))
        .order_by(broadcasts.c.id)
    )
    for row in connection.execute(query).all():
        at = max(row.last_at, now)
        event = {"broadcast": row.id, "seq": row.seq + 1, "at": at, "kind": "lot.stopped"}
        connection.execute(sa.insert(events), {**event, "audience": ["public"], "data": data})
        ahead = sa.update(broadcasts).where(broadcasts.c.id == row.id)
        connection.execute(ahead.values(seq=row.seq + 1, last_at=at))
