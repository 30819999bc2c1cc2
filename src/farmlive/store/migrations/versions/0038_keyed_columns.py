"""The columns of tokens and codes, by what is kept in them; the table of the keys goes."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None
# The revision before left all earlier code behind; this one makes reading fail there, too.
oldest_code = "0038"
# What is left of the table.
scrubs = True


def upgrade() -> None:
    """Rename one, drop one, and drop the table."""
    if op.get_bind().dialect.name == "sqlite":
        op.get_bind().exec_driver_sql("PRAGMA secure_delete = ON")
    op.drop_index("ix_orders_code", "orders")
    op.execute(sa.text("ALTER TABLE orders RENAME COLUMN token TO token_hash"))
    op.execute(sa.text("ALTER TABLE orders DROP COLUMN code"))
    op.drop_table("secrets")
