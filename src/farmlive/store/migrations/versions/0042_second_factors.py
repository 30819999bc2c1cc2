"""Second factors: authenticator apps, passkeys, recovery codes; and when a session was proved."""

import sqlalchemy as sa
from alembic import op

from farmlive.store.tables import Json

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None
# Older code would let in by the password alone whoever has set a factor up.
oldest_code = "0042"


def upgrade() -> None:
    """Add them: nobody has a factor yet, and who is signed in was proved by signing in."""
    op.add_column(
        "accounts",
        sa.Column("second_factor", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("accounts", sa.Column("factor_asked_at", sa.BigInteger()))
    op.add_column("sessions", sa.Column("proved_at", sa.BigInteger()))
    op.create_table(
        "totp",
        sa.Column("account", sa.String(26), nullable=False),
        sa.Column("secret", sa.String(200), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_totp_account_accounts")
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_totp")),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("account", sa.String(26), nullable=False),
        sa.Column("rp_id", sa.String(253), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("credential", sa.String(1400), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("transports", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_passkeys_account_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential", name=op.f("uq_passkeys_credential")),
    )
    op.create_index("passkeys_by_account", "passkeys", ["account"])
    op.create_table(
        "passkey_challenges",
        sa.Column("challenge", sa.String(64), nullable=False),
        sa.Column("account", sa.String(26), nullable=False),
        sa.Column("device", sa.String(32), nullable=False),
        sa.Column("purpose", sa.String(8), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("challenge", name=op.f("pk_passkey_challenges")),
    )
    op.create_index("passkey_challenges_by_account", "passkey_challenges", ["account"])
    op.create_table(
        "recovery_codes",
        sa.Column("account", sa.String(26), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_recovery_codes_account_accounts")
        ),
        sa.PrimaryKeyConstraint("account", "hash", name=op.f("pk_recovery_codes")),
    )
    op.create_table(
        "factor_tries",
        sa.Column("account", sa.String(26), nullable=False),
        sa.Column("device", sa.String(32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "device", name=op.f("pk_factor_tries")),
    )
