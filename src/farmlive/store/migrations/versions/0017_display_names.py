"""Display names, which viewers see in place of sign-in names."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
oldest_code = "0016"


def upgrade() -> None:
    """Add the column, null at first: pages then show the role."""
    op.add_column("accounts", sa.Column("display_name", sa.String(40), nullable=True))
