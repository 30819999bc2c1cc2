"""Holds, price history, the life of an order."""

import sqlalchemy as sa
from alembic import op

from farmlive.store.tables import Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("products", sa.Column("archived_at", sa.BigInteger(), nullable=True))
    # Written out, so that SQLite takes the constraint without making the table anew.
    op.execute(
        "ALTER TABLE offers ADD COLUMN held BIGINT DEFAULT '0' NOT NULL "
        "CONSTRAINT ck_offers_held CHECK (held >= 0 AND sold + held <= released)"
    )
    op.create_index(op.f("ix_offers_lot"), "offers", ["lot"], unique=False)
    op.add_column("orders", sa.Column("held_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "orders", sa.Column("refunded", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.create_table(
        "offer_prices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("offer", sa.String(length=26), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["offer"], ["offers.id"], name=op.f("fk_offer_prices_offer_offers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_prices")),
    )
    op.create_index(op.f("ix_offer_prices_offer"), "offer_prices", ["offer"], unique=False)
    op.execute(
        "INSERT INTO offer_prices (offer, price, from_at) "
        "SELECT id, price, created_at FROM offers ORDER BY id"
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("broadcast", sa.String(length=26), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("lines", Json, nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("held_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast"], ["broadcasts.id"], name=op.f("fk_holds_broadcast_broadcasts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
        sa.UniqueConstraint("broadcast", "device", name=op.f("uq_holds_broadcast_device")),
    )
    op.create_index(op.f("ix_holds_until_at"), "holds", ["until_at"], unique=False)
    op.create_table(
        "order_changes",
        sa.Column("order", sa.String(length=26), nullable=False),
        sa.Column("change", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("payment", sa.String(length=14), nullable=False),
        sa.Column("by", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order"], ["orders.id"], name=op.f("fk_order_changes_order_orders")
        ),
        sa.PrimaryKeyConstraint("order", "change", name=op.f("pk_order_changes")),
    )
