"""The index of devices with a past order, by a condition that costs an order nothing.

SQLite made a table of the four states for each order that was put in, to look for its own there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None
# Older code finds the same without the index it had, only slower.
oldest_code = "0027"


def upgrade() -> None:
    """Replace the index."""
    those = sa.text("state <> 'placed' AND state <> 'cancelled'")
    op.create_index(
        "ix_orders_device_past", "orders", ["device"], postgresql_where=those, sqlite_where=those
    )
    op.drop_index("ix_orders_device_packed", "orders")
