"""The oldest code that works on the tables, for code that does not know their last revision."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
# Code from before it never looks there, and does not start on a revision that it does not know.
oldest_code = "0012"


def upgrade() -> None:
    """Add the table, whose one row store.migrate writes."""
    op.create_table(
        "schema_compatibility",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("oldest_code", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schema_compatibility")),
    )
