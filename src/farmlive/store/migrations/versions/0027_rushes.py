"""An index of offers that need a proof of work, polled every second for the next end."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None
oldest_code = "0026"


def upgrade() -> None:
    """Add a partial index."""
    those = sa.text("proof_until IS NOT NULL")
    op.create_index(
        "ix_offers_proof_until",
        "offers",
        ["proof_until"],
        postgresql_where=those,
        sqlite_where=those,
    )
