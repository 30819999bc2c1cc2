"""Causes of notices, the messages that gather them, and budgets of strangers by source."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
# Rows that earlier code writes meanwhile are adopted by the next sender (shop/notices/notices.py).
oldest_code = "0012"


def upgrade() -> None:
    """Add columns, indexes and a table; waiting notices are adopted when they are sent."""
    for column in (
        sa.Column("cause", sa.String(8), nullable=False, server_default="staff"),
        sa.Column("message", sa.String(26), nullable=False, server_default=""),
        sa.Column("recipient", sa.String(254), nullable=False, server_default=""),
        sa.Column("held_by", sa.String(8), nullable=True),
    ):
        op.add_column("notices", column)
    for name, columns, those in (
        ("ix_notices_message", ["message"], "message <> ''"),
        ("ix_notices_held", ["id"], "state = 'held'"),
        ("ix_notices_recipient", ["recipient", "created_at"], "state <> 'held'"),
    ):
        where = sa.text(those)
        op.create_index(name, "notices", columns, postgresql_where=where, sqlite_where=where)
    op.create_table(
        "notice_budgets",
        sa.Column("hour", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("sender", sa.String(64), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "sender", name=op.f("pk_notice_budgets")),
    )
