"""Which server has the media of a broadcast, where several share the database."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None
# Older code takes no lease, and writes what its media tells as it did.
oldest_code = "0038"


def upgrade() -> None:
    """Add the table; on SQLite, which serves one server alone, it stays empty."""
    op.create_table(
        "media_leases",
        sa.Column("broadcast", sa.String(26), primary_key=True),
        sa.Column("node", sa.String(26), nullable=False),
        sa.Column("url", sa.String(200), nullable=False),
        sa.Column("place", sa.String(300), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
