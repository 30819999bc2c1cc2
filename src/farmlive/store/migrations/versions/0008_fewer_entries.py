"""Indexes of orders without the rows that nobody looks for in them, which are most."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each order and line is an entry fewer in them; a phone's orders are found by one alone."""
    op.drop_index("ix_orders_buyer", "orders")
    op.create_index("ix_orders_buyer", "orders", ["buyer", "broadcast"])
    op.drop_index("ix_orders_code", "orders")
    op.drop_index("ix_order_lines_flash", "order_lines")
    for name, table, column, those in (
        ("ix_orders_code", "orders", "code", "code IS NOT NULL"),
        ("ix_orders_buyer_cancelled", "orders", "buyer", "state = 'cancelled'"),
        ("ix_order_lines_flash", "order_lines", "flash", "flash IS NOT NULL"),
    ):
        where = sa.text(those)
        op.create_index(name, table, [column], postgresql_where=where, sqlite_where=where)
