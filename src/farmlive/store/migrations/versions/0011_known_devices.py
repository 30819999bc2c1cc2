"""Devices on which an account signed in, which a stranger's wrong passwords do not lock out."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, empty: a device becomes known at its next sign-in."""
    op.create_table(
        "account_devices",
        sa.Column("account", sa.String(26), nullable=False),
        sa.Column("device", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_account_devices_account_accounts")
        ),
        sa.PrimaryKeyConstraint("account", "device", name=op.f("pk_account_devices")),
    )
