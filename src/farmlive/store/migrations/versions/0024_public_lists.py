"""Indexes of public queries: lots by harvest, trace events by time."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
oldest_code = "0023"


def upgrade() -> None:
    """Add five indexes."""
    op.create_index("ix_lots_harvested_at", "lots", ["harvested_at", "id"])
    op.create_index("ix_lots_farm_harvested_at", "lots", ["farm", "harvested_at", "id"])
    op.create_index("ix_trace_events_at", "trace_events", ["at", "id"])
    op.create_index("ix_trace_events_biz_step_at", "trace_events", ["biz_step", "at", "id"])
    op.create_index("ix_lot_gtins_gtin_lot", "lot_gtins", ["gtin", "lot"])
