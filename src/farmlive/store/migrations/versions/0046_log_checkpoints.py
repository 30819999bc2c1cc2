"""The state of a broadcast after some of its events, so that no log is read from its beginning."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None
# Older code redacts events and leaves what they said in these states.
oldest_code = "0046"


def upgrade() -> None:
    """Add the table; it fills as broadcasts with many events are opened."""
    op.create_table(
        "log_checkpoints",
        sa.Column("broadcast", sa.String(26), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast"], ["broadcasts.id"], name=op.f("fk_log_checkpoints_broadcast_broadcasts")
        ),
        sa.PrimaryKeyConstraint("broadcast", "seq", name=op.f("pk_log_checkpoints")),
    )
    if op.get_context().dialect.name == "postgresql":
        # It is compressed already, and no statistics are to keep what a redaction took away.
        op.execute(
            "ALTER TABLE log_checkpoints"
            " ALTER COLUMN data SET STORAGE EXTERNAL, ALTER COLUMN data SET STATISTICS 0"
        )
