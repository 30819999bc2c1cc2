"""Taps on cards, and watch sessions that survive a crash."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Sessions say whether they run and whether their page was open before; taps are kept."""
    for name in ("running", "resumed"):
        op.add_column(
            "watches", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.create_table(
        "card_taps",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("broadcast", sa.String(26), sa.ForeignKey("broadcasts.id"), nullable=False),
        sa.Column("offer", sa.String(26), nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_card_taps_broadcast", "card_taps", ["broadcast"])
