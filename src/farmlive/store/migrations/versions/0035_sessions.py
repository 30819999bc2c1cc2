"""Sessions that end when they are not used, by device, and that their owners can tell apart."""

import sqlalchemy as sa
from alembic import op

from farmlive.clock import now_ms
from farmlive.ids import ulid

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None
# Older code begins sessions without these, which then last as it says, and ends none for idling.
oldest_code = "0027"

_sessions = sa.table(
    "sessions",
    *(sa.column(name, sa.String) for name in ("hash", "id")),
    sa.column("used_at", sa.BigInteger),
)


def upgrade() -> None:
    """Add the columns; who is signed in stays so, as if used just now."""
    op.add_column("sessions", sa.Column("id", sa.String(26)))
    op.add_column("sessions", sa.Column("device", sa.String(32)))
    op.add_column("sessions", sa.Column("browser", sa.String(40)))
    op.add_column("sessions", sa.Column("used_at", sa.BigInteger()))
    connection = op.get_bind()
    connection.execute(sa.update(_sessions).values(used_at=now_ms()))
    for hashed in connection.execute(sa.select(_sessions.c.hash)).scalars().all():
        connection.execute(sa.update(_sessions).where(_sessions.c.hash == hashed).values(id=ulid()))
    op.create_index("sessions_by_device", "sessions", ["device"])
