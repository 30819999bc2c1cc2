"""Lifts of stopped lots that were taken back."""

import sqlalchemy as sa
from alembic import op

from farmlive.store.tables import Json

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None
# Older code shows a sentence that was taken back; what is stopped it knows.
oldest_code = "0027"


def upgrade() -> None:
    """Columns of lifts."""
    op.add_column("lot_lifts", sa.Column("withdrawn_at", sa.BigInteger, nullable=True))
    op.add_column("lot_lifts", sa.Column("withdrawn_reason", sa.String(120), nullable=True))
    op.add_column("lot_lifts", sa.Column("withdrawn_findings", Json, nullable=True))
