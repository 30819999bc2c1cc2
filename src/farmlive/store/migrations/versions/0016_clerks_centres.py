"""The centres that a clerk belongs to; clerks from before have null, which is all of them."""

import sqlalchemy as sa
from alembic import op

from farmlive.store.tables import Json

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
# Earlier code shows every clerk the orders of every centre.
oldest_code = "0016"


def upgrade() -> None:
    """Add a column to the tables of accounts, API keys and invitations."""
    for table in ("accounts", "api_keys", "invitations"):
        op.add_column(table, sa.Column("centres", Json, nullable=True))
