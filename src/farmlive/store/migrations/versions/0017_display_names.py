"""What viewers read of an account in place of the name by which it signs in."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
oldest_code = "0016"


def upgrade() -> None:
    """Nobody has one at first: pages say the role."""
    op.add_column("accounts", sa.Column("display_name", sa.String(40), nullable=True))
