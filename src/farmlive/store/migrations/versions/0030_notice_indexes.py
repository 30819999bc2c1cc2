"""Indexes of notices that hold those alone that are looked for: fewer are written by an order."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None
# Older code finds the same without the indexes it had, only slower.
oldest_code = "0027"

_notices = sa.table(
    "notices",
    *(sa.column(name, sa.String) for name in ("id", "person", "message", "recipient")),
)


def upgrade() -> None:
    """Replace four indexes, after what code from before messages wrote has got its message."""
    op.execute(
        sa.update(_notices)
        .where(_notices.c.message == "")
        .values(message=_notices.c.id, recipient=_notices.c.person)
    )
    for name, columns, those in (
        ("ix_notices_due", ["provider", "next_at", "id"], "state IN ('waiting', 'sending')"),
        (
            "ix_notices_told",
            ["recipient", "created_at"],
            "cause = 'stranger' AND held_by IS NULL",
        ),
        ("ix_notices_open", ["recipient"], "cause = 'staff' AND state = 'waiting'"),
        ("ix_notices_together", ["message"], "message <> id"),
        (
            "ix_notices_unsent",
            ["state", "id"],
            "state = 'held' OR state = 'failed' OR state = 'void'",
        ),
    ):
        where = sa.text(those)
        op.create_index(name, "notices", columns, postgresql_where=where, sqlite_where=where)
    # Last, so that readers wait for the drops alone.
    for name in ("state_next_at", "message", "held", "recipient"):
        op.drop_index(f"ix_notices_{name}", "notices")
