"""When a session's owner last authenticated, under the field's own name."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None
# Older code asks for the column by the name before.
oldest_code = "0045"


def upgrade() -> None:
    """Rename the column; challenges of the purpose's old name, good for five minutes, go."""
    op.execute(sa.text("ALTER TABLE sessions RENAME COLUMN proved_at TO authenticated_at"))
    challenges = sa.table("passkey_challenges", sa.column("purpose"))
    op.execute(challenges.delete().where(challenges.c.purpose == "proof"))
