"""Owners of uploaded files, for quotas and so that a photo belongs to one order."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
oldest_code = "0012"


def upgrade() -> None:
    """Add the table; photos of existing claims stay with their claims."""
    op.create_table(
        "uploads",
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name="pk_uploads"),
    )
    op.create_index("ix_uploads_name_at", "uploads", ["name", "at"])
