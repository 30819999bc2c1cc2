"""Tests and works that were taken back, and harvests that are hard to believe."""

import sqlalchemy as sa
from alembic import op

from farmlive.store.tables import Json

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
# Older code counts what was taken back: it may show a test that nobody made.
oldest_code = "0015"


def upgrade() -> None:
    """Add columns of works, tests and lots."""
    for table in ("works", "inspections"):
        op.add_column(table, sa.Column("withdrawn_at", sa.BigInteger, nullable=True))
        op.add_column(table, sa.Column("withdrawn_reason", sa.String(120), nullable=True))
    op.add_column("lots", sa.Column("doubts", Json, nullable=True))
    op.add_column("lots", sa.Column("plausibility_reason", sa.String(200), nullable=True))
