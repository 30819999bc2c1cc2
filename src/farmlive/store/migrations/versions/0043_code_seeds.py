"""What a buyer's code is derived from, apart from its time, which moves when the clock is set."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None
# Codes that older code sends would be wrong.
oldest_code = "0043"


def upgrade() -> None:
    """Add it; until now it was the time."""
    op.add_column(
        "person_codes", sa.Column("seed", sa.BigInteger, nullable=False, server_default="0")
    )
    codes = sa.table("person_codes", sa.column("seed"), sa.column("issued_at"))
    op.execute(codes.update().values(seed=codes.c.issued_at))
