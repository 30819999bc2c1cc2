"""Farms with photos and places, plots and their works, tests with certificates.

A test recorded before is read out of its trace event into the table of tests.
"""

import sqlalchemy as sa
from alembic import op

from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.store.tables import Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("farms", sa.Column("photo", sa.String(length=80), nullable=True))
    op.add_column("farms", sa.Column("person_photo", sa.String(length=80), nullable=True))
    op.add_column("farms", sa.Column("latitude", sa.Float(), nullable=True))
    op.add_column("farms", sa.Column("longitude", sa.Float(), nullable=True))
    op.add_column("farms", sa.Column("gs1_prefix", sa.String(length=12), nullable=True))
    op.create_table(
        "plots",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("farm", sa.String(length=26), nullable=False),
        sa.Column("name", Json, nullable=False),
        sa.Column("crop", Json, nullable=True),
        sa.Column("area_m2", sa.BigInteger(), nullable=True),
        sa.Column("planted_year", sa.Integer(), nullable=True),
        sa.Column("outline", Json, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["farm"], ["farms.id"], name=op.f("fk_plots_farm_farms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plots")),
    )
    op.create_index(op.f("ix_plots_farm"), "plots", ["farm"])
    op.create_table(
        "works",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("plot", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("substance", Json, nullable=True),
        sa.Column("waiting_days", sa.Integer(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["plot"], ["plots.id"], name=op.f("fk_works_plot_plots")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_works")),
    )
    op.create_index("ix_works_plot_at", "works", ["plot", "at"])
    # In one statement on both databases; Alembic would copy the table on SQLite for the key's sake.
    op.execute(
        "ALTER TABLE lots ADD COLUMN plot VARCHAR(26) "
        "CONSTRAINT fk_lots_plot_plots REFERENCES plots (id)"
    )
    op.add_column(
        "lots", sa.Column("waiting_period_overridden", sa.String(length=200), nullable=True)
    )
    op.add_column("lots", sa.Column("passed", sa.Boolean(), nullable=True))
    op.add_column("lots", sa.Column("certificate", sa.String(length=80), nullable=True))
    op.add_column("lots", sa.Column("packed_at", sa.BigInteger(), nullable=True))
    op.add_column("lots", sa.Column("shipped_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "inspections",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("lot", sa.String(length=26), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("result", Json, nullable=False),
        sa.Column("laboratory", sa.String(length=120), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("certificate", sa.String(length=80), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lot"], ["lots.id"], name=op.f("fk_inspections_lot_lots")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspections")),
    )
    op.create_index("ix_inspections_lot_at", "inspections", ["lot", "at"])
    _fill()


def _fill() -> None:
    """Tests and packings so far stand in trace events alone."""
    connection = op.get_bind()
    events = sa.table(
        "trace_events",
        sa.column("lot"),
        sa.column("at"),
        sa.column("biz_step"),
        sa.column("document", Json),
    )
    inspections = sa.table(
        "inspections",
        sa.column("id"),
        sa.column("lot"),
        sa.column("at"),
        sa.column("result", Json),
        sa.column("laboratory"),
        sa.column("passed", sa.Boolean()),
        sa.column("recorded_at"),
    )
    lots = sa.table(
        "lots", sa.column("id"), sa.column("passed", sa.Boolean()), sa.column("packed_at")
    )
    for row in connection.execute(sa.select(events)).all():
        here = lots.c.id == row.lot
        if row.biz_step == "packing":
            connection.execute(sa.update(lots).where(here).values(packed_at=row.at))
        elif row.biz_step == "inspecting":
            words = {word["@language"]: word["@value"] for word in row.document["farmlive:result"]}
            connection.execute(
                sa.insert(inspections),
                {
                    "id": ulid(),
                    "lot": row.lot,
                    "at": row.at,
                    "result": {"zh": words.get("zh", ""), "en": words.get("en", "")},
                    "laboratory": row.document.get("farmlive:laboratory"),
                    "passed": True,
                    "recorded_at": now_ms(),
                },
            )
            connection.execute(sa.update(lots).where(here).values(passed=True))
