"""The row in which servers agree on the time."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None
# Older code goes by its machine's clock, as it did.
oldest_code = "0038"


def upgrade() -> None:
    """Make the table, and its row of a time that nothing was moved by."""
    table = op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("shift_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.String(40)),
        sa.Column("base_ms", sa.BigInteger()),
    )
    op.bulk_insert(table, [{"id": 1, "epoch": 0, "shift_ms": 0, "seen_at": 0}])
