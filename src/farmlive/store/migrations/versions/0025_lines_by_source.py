"""An index of the order lines that count for an IP."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None
oldest_code = "0024"


def upgrade() -> None:
    """Add a partial index."""
    those = sa.text("source IS NOT NULL")
    op.create_index(
        "ix_order_lines_source",
        "order_lines",
        ["source", "offer", "quantity", "returned"],
        postgresql_where=those,
        sqlite_where=those,
    )
