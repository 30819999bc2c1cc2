"""A frame of each broadcast's picture, for the start page."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0050"
branch_labels = None
depends_on = None
# Older code shows none.
oldest_code = "0046"


def upgrade() -> None:
    """Add the column; broadcasts of the past have no frame."""
    op.add_column("broadcasts", sa.Column("frame", sa.String(80)))
