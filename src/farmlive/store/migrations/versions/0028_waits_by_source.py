"""An index of waiting boxes by IP."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None
oldest_code = "0027"


def upgrade() -> None:
    """Add a partial index."""
    those = sa.text("source IS NOT NULL")
    op.create_index(
        "ix_waits_source",
        "waits",
        ["offer", "source", "quantity"],
        postgresql_where=those,
        sqlite_where=those,
    )
