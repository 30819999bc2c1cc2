"""The county's name, contact, mark and colour, which the settings had alone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None
# Older code shows what its settings say.
oldest_code = "0046"


def upgrade() -> None:
    """Add the table. It stays empty until somebody saves the profile."""
    json = sa.JSON(none_as_null=True).with_variant(
        postgresql.JSONB(none_as_null=True), "postgresql"
    )
    op.create_table(
        "county",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", json, nullable=False),
        sa.Column("contact", sa.String(200), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("colour", sa.String(20), nullable=False),
        sa.Column("mark", sa.String(100), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_county")),
    )
