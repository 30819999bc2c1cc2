"""Six indexes of people's tables are named as all others are, after their table and columns."""

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None
# Older code names none of them.
oldest_code = "0046"

_RENAMED = {
    "passkeys_by_account": ("passkeys", "account"),
    "passkey_challenges_by_account": ("passkey_challenges", "account"),
    "sessions_by_account": ("sessions", "account"),
    "sessions_by_expiry": ("sessions", "expires_at"),
    "sessions_by_device": ("sessions", "device"),
    "stream_keys_by_source": ("stream_keys", "source"),
}


def upgrade() -> None:
    """Rename them; SQLite, which can't, makes them anew."""
    for before, (table, column) in _RENAMED.items():
        after = f"ix_{table}_{column}"
        if op.get_context().dialect.name == "sqlite":
            op.drop_index(before, table)
            op.create_index(after, table, [column])
        else:
            op.execute(f"ALTER INDEX {before} RENAME TO {after}")
