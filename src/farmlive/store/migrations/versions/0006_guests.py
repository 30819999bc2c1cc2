"""Guests: those who send their camera by a link, without an account."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A source says whether it is a guest's; the links are kept by their hashes."""
    op.add_column(
        "sources", sa.Column("guest", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "guests",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("source", sa.String(26), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["source"], ["sources.id"], name=op.f("fk_guests_source_sources")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guests")),
        sa.UniqueConstraint("hash", name=op.f("uq_guests_hash")),
        sa.UniqueConstraint("source", name=op.f("uq_guests_source")),
    )
