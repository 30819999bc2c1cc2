"""The audit list keeps the role of whoever did it, and the API key; it is found by person."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None
# Older code writes entries without them.
oldest_code = "0046"

_BY = {"audit_by_account": "account", "audit_by_key": "key", "audit_by_subject": "subject"}


def upgrade() -> None:
    """Of an entry from before nobody knows the role: it may be another now."""
    op.add_column("audit", sa.Column("role", sa.String(16)))
    op.add_column("audit", sa.Column("key", sa.String(26)))
    for name, column in _BY.items():
        op.create_index(name, "audit", [column, "id"])
