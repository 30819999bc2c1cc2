"""What each refund was, so that it can be undone; of earlier ones it is not known."""

import sqlalchemy as sa
from alembic import op

from farmlive.store.tables import Json

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One more column of an order's changes."""
    op.add_column("order_changes", sa.Column("refund", Json, nullable=True))
