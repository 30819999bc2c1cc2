"""When a password that another made ends, and whether a password breaks a rule that came later."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None
# Older code lets first passwords in as they are, and marks no weak ones.
oldest_code = "0027"


def upgrade() -> None:
    """Add both columns: every password from before is its owner's, and not known to be weak."""
    op.add_column("accounts", sa.Column("password_until", sa.BigInteger()))
    op.add_column(
        "accounts",
        sa.Column("password_weak", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
