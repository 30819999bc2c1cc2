"""Tables of origin: farms, plots and field operations, lots with their identifiers and tests,
findings and lifts, trace events and moments.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from farmlive.store import Json, metadata

farms = Table(
    "farms",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("name", Json, nullable=False),
    Column("place", Json, nullable=False),
    Column("person", Json),
    Column("story", Json),
    Column("photo", String(80)),
    Column("person_photo", String(80)),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("gs1_prefix", String(12)),
    Column("created_at", BigInteger, nullable=False),
)

plots = Table(
    "plots",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("farm", ForeignKey("farms.id"), nullable=False, index=True),
    Column("name", Json, nullable=False),
    Column("crop", Json),
    Column("area_m2", BigInteger),
    Column("planted_year", Integer),
    Column("outline", Json),
    Column("created_at", BigInteger, nullable=False),
)

# Field operations on a plot; `until` is when picking is allowed again.
works = Table(
    "works",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("plot", ForeignKey("plots.id"), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("substance", Json),
    Column("waiting_days", Integer),
    Column("until", BigInteger),
    Column("recorded_at", BigInteger, nullable=False),
    # When and why it was withdrawn; it then counts for nothing and stays readable.
    Column("withdrawn_at", BigInteger),
    Column("withdrawn_reason", String(120)),
    Index("ix_works_plot_at", "plot", "at"),
)

# A product of a farm without a GS1 prefix: the {id} in /origin/class/{id}/lot/{code}.
classes = Table(
    "classes",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("farm", ForeignKey("farms.id"), nullable=False, index=True),
    Column("name", Json, nullable=False),
)

lots = Table(
    "lots",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("farm", ForeignKey("farms.id"), nullable=False),
    Column("plot", ForeignKey("plots.id")),
    Column("code", String(20), nullable=False),
    Column("product_name", Json, nullable=False),
    Column("gtin", String(14)),
    Column("class", ForeignKey("classes.id")),
    # The identifier in its trace events; it never changes, whatever the server's URL becomes.
    Column("class_uri", String(512), nullable=False),
    Column("harvested_at", BigInteger, nullable=False),
    Column("quantity_g", BigInteger, nullable=False),
    # Thrown away, so that it can't be sold.
    Column("wasted_g", BigInteger, nullable=False, server_default="0"),
    # The reason to pick within a waiting period, if it was.
    Column("waiting_period_overridden", String(200)),
    # The reasons to doubt the harvest (`Doubt`s), and the reason to believe it all the same.
    Column("doubts", Json),
    Column("plausibility_reason", String(200)),
    # These four are computed from its tests and trace events, so that a card needs no second query.
    Column("tested_at", BigInteger),
    Column("passed", Boolean),
    Column("certificate", String(80)),
    Column("packed_at", BigInteger),
    Column("shipped_at", BigInteger),
    # The county's requirement that the lot lacks: `test` or `certificate`.
    Column("missing", String(12)),
    # Since when nothing of it may be sold or handed over; null without an open finding.
    Column("stopped_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("farm", "code"),
    Index("ix_lots_class_code", "class", "code"),
    # For paginated lists.
    Index("ix_lots_harvested_at", "harvested_at", "id"),
    Index("ix_lots_farm_harvested_at", "farm", "harvested_at", "id"),
    # To find the harvests within the waiting period of a spraying that is recorded late.
    Index("ix_lots_plot_harvested_at", "plot", "harvested_at"),
    # Stopped lots only, which are few.
    Index(
        "ix_lots_stopped_at",
        "stopped_at",
        postgresql_where=text("stopped_at IS NOT NULL"),
        sqlite_where=text("stopped_at IS NOT NULL"),
    ),
)

# The GTINs of a lot: its own, and those of the boxes that it is packed in.
lot_gtins = Table(
    "lot_gtins",
    metadata,
    Column("gtin", String(14), primary_key=True),
    Column("code", String(20), primary_key=True),
    Column("lot", ForeignKey("lots.id"), nullable=False),
    # To find the latest lot of a GTIN.
    Index("ix_lot_gtins_gtin_lot", "gtin", "lot"),
)

inspections = Table(
    "inspections",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("lot", ForeignKey("lots.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("result", Json, nullable=False),
    Column("laboratory", String(120)),
    Column("passed", Boolean, nullable=False),
    Column("certificate", String(80)),
    Column("recorded_at", BigInteger, nullable=False),
    # When and why it was withdrawn, as for field operations.
    Column("withdrawn_at", BigInteger),
    Column("withdrawn_reason", String(120)),
    Index("ix_inspections_lot_at", "lot", "at"),
)

# Lifts: a coordinator's public sentence for the findings that refer to it.
lot_lifts = Table(
    "lot_lifts",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("lot", ForeignKey("lots.id"), nullable=False, index=True),
    Column("sentence", String(200), nullable=False),
    # Null for a program's key; the audit list has the key's label.
    Column("account", String(26)),
    Column("at", BigInteger, nullable=False),
    # When and why it was withdrawn, and the ids of the findings that are open again since.
    Column("withdrawn_at", BigInteger),
    Column("withdrawn_reason", String(120)),
    Column("withdrawn_findings", Json),
)

# Findings, which stop a lot: a failed test, or a spraying in whose waiting period it was picked.
# Never deleted; `lift` is null while it is open.
lot_findings = Table(
    "lot_findings",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("lot", ForeignKey("lots.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("inspection", ForeignKey("inspections.id")),
    Column("work", ForeignKey("works.id")),
    Column("at", BigInteger, nullable=False),
    Column("lift", ForeignKey("lot_lifts.id")),
    UniqueConstraint("lot", "inspection"),
    UniqueConstraint("lot", "work"),
    CheckConstraint("(inspection IS NULL) <> (work IS NULL)", name="cause"),
)

trace_events = Table(
    "trace_events",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("lot", ForeignKey("lots.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("biz_step", String(40), nullable=False),
    Column("document", Json, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Index("ix_trace_events_lot_at", "lot", "at"),
    Index("ix_trace_events_at", "at", "id"),
    Index("ix_trace_events_biz_step_at", "biz_step", "at", "id"),
)

# When a lot was shown: one row per pinned card, by the `seq` of its event in the broadcast's log.
moments = Table(
    "moments",
    metadata,
    Column("broadcast", String(26), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("lot", ForeignKey("lots.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
)
