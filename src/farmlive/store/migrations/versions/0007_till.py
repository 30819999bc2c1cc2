"""The till: flash batches, what of a lot is taken, waiting lists, fees, claims, notices."""

import sqlalchemy as sa
from alembic import op

from farmlive.store.tables import Json

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was sold and held of each lot so far is counted from its offers."""
    op.add_column(
        "lots", sa.Column("wasted_g", sa.BigInteger(), nullable=False, server_default="0")
    )
    # Written out, so that SQLite takes the constraint without making the table anew.
    op.execute(
        "ALTER TABLE offers ADD COLUMN kept BIGINT DEFAULT '0' NOT NULL "
        "CONSTRAINT ck_offers_kept CHECK (kept >= 0 AND sold + held + kept <= released)"
    )
    op.add_column("offer_prices", sa.Column("corrected_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "lot_stock",
        sa.Column("lot", sa.String(26), nullable=False),
        sa.Column("sold_g", sa.BigInteger(), nullable=False),
        sa.Column("held_g", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("sold_g >= 0 AND held_g >= 0", name=op.f("ck_lot_stock_whole")),
        sa.ForeignKeyConstraint(["lot"], ["lots.id"], name=op.f("fk_lot_stock_lot_lots")),
        sa.PrimaryKeyConstraint("lot", name=op.f("pk_lot_stock")),
    )
    op.execute(
        "INSERT INTO lot_stock (lot, sold_g, held_g) "
        "SELECT offers.lot, SUM(offers.sold * products.net_weight_g), "
        "SUM(offers.held * products.net_weight_g) "
        "FROM offers JOIN products ON products.id = offers.product GROUP BY offers.lot"
    )
    op.create_table(
        "flashes",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("broadcast", sa.String(26), nullable=False),
        sa.Column("offer", sa.String(26), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("boxes", sa.BigInteger(), nullable=False),
        sa.Column("per_buyer", sa.Integer(), nullable=True),
        sa.Column("sold", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("held", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.String(12), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "sold >= 0 AND held >= 0 AND sold + held <= boxes", name=op.f("ck_flashes_slice")
        ),
        sa.ForeignKeyConstraint(
            ["broadcast"], ["broadcasts.id"], name=op.f("fk_flashes_broadcast_broadcasts")
        ),
        sa.ForeignKeyConstraint(["offer"], ["offers.id"], name=op.f("fk_flashes_offer_offers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flashes")),
    )
    op.create_index(op.f("ix_flashes_offer"), "flashes", ["offer"])
    op.create_index("ix_flashes_state_starts_at", "flashes", ["state", "starts_at"])
    op.create_index("ix_flashes_broadcast", "flashes", ["broadcast"])
    op.create_table(
        "waits",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("broadcast", sa.String(26), nullable=False),
        sa.Column("offer", sa.String(26), nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast"], ["broadcasts.id"], name=op.f("fk_waits_broadcast_broadcasts")
        ),
        sa.ForeignKeyConstraint(["offer"], ["offers.id"], name=op.f("fk_waits_offer_offers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waits")),
        sa.UniqueConstraint("offer", "device", name=op.f("uq_waits_offer_device")),
    )
    op.create_index("ix_waits_broadcast_device", "waits", ["broadcast", "device"])
    op.create_index("ix_waits_offer_since", "waits", ["offer", "since", "id", "quantity"])
    for column in (
        sa.Column("region", sa.String(6), nullable=True),
        sa.Column("buyer_email", sa.String(254), nullable=True),
        sa.Column("language", sa.String(2), nullable=True),
        sa.Column("fee", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("code", sa.String(6), nullable=True),
        sa.Column("flags", Json, nullable=True),
    ):
        op.add_column("orders", column)
    op.create_index("ix_orders_buyer", "orders", ["buyer"])
    op.create_index("ix_orders_code", "orders", ["code"])
    flash = "flash VARCHAR(26) CONSTRAINT fk_order_lines_flash_flashes REFERENCES flashes (id)"
    op.execute(f"ALTER TABLE order_lines ADD COLUMN {flash}")
    op.create_index(op.f("ix_order_lines_flash"), "order_lines", ["flash"])
    op.execute(
        "ALTER TABLE order_lines ADD COLUMN returned INTEGER DEFAULT '0' NOT NULL "
        "CONSTRAINT ck_order_lines_returned CHECK (returned >= 0 AND returned <= quantity)"
    )
    op.add_column("order_changes", sa.Column("move", sa.String(26), nullable=True))
    op.add_column(
        "order_changes",
        sa.Column("undone", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index(op.f("ix_order_changes_move"), "order_changes", ["move"])
    op.create_table(
        "claims",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("order", sa.String(26), nullable=False),
        sa.Column("broadcast", sa.String(26), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("photos", Json, nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name=op.f("fk_claims_order_orders")),
        sa.ForeignKeyConstraint(
            ["broadcast"], ["broadcasts.id"], name=op.f("fk_claims_broadcast_broadcasts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
    )
    op.create_index(op.f("ix_claims_order"), "claims", ["order"])
    op.create_index(op.f("ix_claims_broadcast"), "claims", ["broadcast"])
    op.create_table(
        "notices",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("order", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("person", sa.String(254), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name=op.f("fk_notices_order_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "order", "seq", "provider", "person", name=op.f("uq_notices_order_seq_provider_person")
        ),
    )
    op.create_index("ix_notices_state_next_at", "notices", ["state", "next_at"])
    op.create_table(
        "parcel_fees",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("upto_g", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_fees")),
        sa.UniqueConstraint("region", "upto_g", name=op.f("uq_parcel_fees_region_upto_g")),
    )
