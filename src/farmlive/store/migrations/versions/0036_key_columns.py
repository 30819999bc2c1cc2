"""Columns for the keyed hashes by which orders are found, and the fingerprint of the keys."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None
# Older code leaves them empty; the next revision fills them.
oldest_code = "0027"


def upgrade() -> None:
    """Add a table, and columns that the database fills."""
    op.create_table(
        "key_fingerprint",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("made_at", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_fingerprint")),
    )
    op.add_column("orders", sa.Column("token_mask", sa.String(64), nullable=True))
    op.add_column("orders", sa.Column("code_hash", sa.String(22), nullable=True))
    op.add_column(
        "orders", sa.Column("code_shift", sa.Integer(), nullable=False, server_default="0")
    )
    where = sa.text("code_hash IS NOT NULL")
    op.create_index(
        "ix_orders_code_hash",
        "orders",
        ["code_hash"],
        postgresql_where=where,
        sqlite_where=where,
    )
