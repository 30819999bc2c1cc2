"""The test or certificate that a lot lacks where the county's settings require one."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None
# Earlier code would sell a lot that lacks the required test or certificate.
oldest_code = "0019"


def upgrade() -> None:
    """Add the column, which a starting server fills by its settings."""
    op.add_column("lots", sa.Column("missing", sa.String(12), nullable=True))
