"""An index of devices with a past order, that is, a packed one."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
oldest_code = "0025"


def upgrade() -> None:
    """Add a partial index."""
    those = sa.text("state IN ('packed', 'shipped', 'at_centre', 'received')")
    op.create_index(
        "ix_orders_device_packed", "orders", ["device"], postgresql_where=those, sqlite_where=those
    )
