"""What is kept of persons that were erased: what is still to do, what limits count, and codes."""

import sqlalchemy as sa
from alembic import op

from farmlive.store.tables import Json

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None
# Older code sends more to whom was erased, and leaves its own outbox as it is.
oldest_code = "0040"


def upgrade() -> None:
    """Make three tables."""
    op.create_table(
        "notice_counts",
        sa.Column("recipient", sa.String(32), nullable=False),
        sa.Column("times", Json, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("recipient", name=op.f("pk_notice_counts")),
    )
    op.create_index("ix_notice_counts_until", "notice_counts", ["until"])
    op.create_table(
        "person_codes",
        sa.Column("phone", sa.String(32), nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("tried_at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("phone", name=op.f("pk_person_codes")),
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("buyers", Json, nullable=False),
        sa.Column("order", sa.String(26)),
        sa.Column("buyer", sa.String(64), nullable=False),
        sa.Column("done_at", sa.BigInteger),
        sa.Column("scrubbed_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index("ix_person_codes_until", "person_codes", ["until"])
    op.create_index("ix_erasures_at", "erasures", ["at"])
    op.create_index("ix_erasures_left", "erasures", ["scrubbed_at", "id"])
