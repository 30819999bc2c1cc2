"""The first tables."""

import sqlalchemy as sa
from alembic import op

from farmlive.store.tables import Json

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
    )
    op.create_table(
        "broadcasts",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("title", Json, nullable=False),
        sa.Column("note", Json, nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
    )
    op.create_table(
        "centres",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", Json, nullable=False),
        sa.Column("address", Json, nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_centres")),
    )
    op.create_table(
        "farms",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", Json, nullable=False),
        sa.Column("place", Json, nullable=False),
        sa.Column("person", Json, nullable=True),
        sa.Column("story", Json, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_farms")),
    )
    op.create_table(
        "mutes",
        sa.Column("broadcast", sa.String(length=26), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=26), nullable=True),
        sa.PrimaryKeyConstraint("broadcast", "device", name=op.f("pk_mutes")),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secrets")),
    )
    op.create_table(
        "senders",
        sa.Column("broadcast", sa.String(length=26), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "seq", name=op.f("pk_senders")),
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("broadcast", sa.String(length=26), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("device", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("broadcast", "device", name="sources_one_a_device"),
    )
    op.create_table(
        "classes",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("farm", sa.String(length=26), nullable=False),
        sa.Column("name", Json, nullable=False),
        sa.ForeignKeyConstraint(["farm"], ["farms.id"], name=op.f("fk_classes_farm_farms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classes")),
    )
    op.create_index(op.f("ix_classes_farm"), "classes", ["farm"], unique=False)
    op.create_table(
        "events",
        sa.Column("broadcast", sa.String(length=26), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("audience", Json, nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast"], ["broadcasts.id"], name=op.f("fk_events_broadcast_broadcasts")
        ),
        sa.PrimaryKeyConstraint("broadcast", "seq", name=op.f("pk_events")),
    )
    op.create_index("ix_events_broadcast_kind", "events", ["broadcast", "kind"], unique=False)
    op.create_table(
        "order_keys",
        sa.Column("broadcast", sa.String(length=26), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("answer", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast"], ["broadcasts.id"], name=op.f("fk_order_keys_broadcast_broadcasts")
        ),
        sa.PrimaryKeyConstraint("broadcast", "key", name=op.f("pk_order_keys")),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("broadcast", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=26), nullable=True),
        sa.Column("buyer", sa.String(length=64), nullable=False),
        sa.Column("buyer_name", sa.String(length=60), nullable=False),
        sa.Column("buyer_phone", sa.String(length=20), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("centre", sa.String(length=26), nullable=True),
        sa.Column("payment_method", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("payment", sa.String(length=14), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast"], ["broadcasts.id"], name=op.f("fk_orders_broadcast_broadcasts")
        ),
        sa.ForeignKeyConstraint(["centre"], ["centres.id"], name=op.f("fk_orders_centre_centres")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("broadcast", "number", name=op.f("uq_orders_broadcast_number")),
        sa.UniqueConstraint("token", name=op.f("uq_orders_token")),
    )
    op.create_index("ix_orders_broadcast_device", "orders", ["broadcast", "device"], unique=False)
    op.create_table(
        "products",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("farm", sa.String(length=26), nullable=False),
        sa.Column("name", Json, nullable=False),
        sa.Column("unit", Json, nullable=False),
        sa.Column("net_weight_g", sa.BigInteger(), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=True),
        sa.Column("picture", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["farm"], ["farms.id"], name=op.f("fk_products_farm_farms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
    )
    op.create_index(op.f("ix_products_farm"), "products", ["farm"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=26), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.id"], name=op.f("fk_sessions_account_accounts")
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sessions")),
    )
    op.create_index("sessions_by_account", "sessions", ["account"], unique=False)
    op.create_index("sessions_by_expiry", "sessions", ["expires_at"], unique=False)
    op.create_table(
        "stream_keys",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=26), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["source"], ["sources.id"], name=op.f("fk_stream_keys_source_sources")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stream_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_stream_keys_hash")),
    )
    op.create_index("stream_keys_by_source", "stream_keys", ["source"], unique=False)
    op.create_table(
        "watches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("broadcast", sa.String(length=26), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast"], ["broadcasts.id"], name=op.f("fk_watches_broadcast_broadcasts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
    )
    op.create_index(op.f("ix_watches_broadcast"), "watches", ["broadcast"], unique=False)
    op.create_table(
        "lots",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("farm", sa.String(length=26), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("product_name", Json, nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=True),
        sa.Column("class", sa.String(length=26), nullable=True),
        sa.Column("class_uri", sa.String(length=512), nullable=False),
        sa.Column("harvested_at", sa.BigInteger(), nullable=False),
        sa.Column("quantity_g", sa.BigInteger(), nullable=False),
        sa.Column("tested_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["class"], ["classes.id"], name=op.f("fk_lots_class_classes")),
        sa.ForeignKeyConstraint(["farm"], ["farms.id"], name=op.f("fk_lots_farm_farms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
        sa.UniqueConstraint("farm", "code", name=op.f("uq_lots_farm_code")),
    )
    op.create_index("ix_lots_class_code", "lots", ["class", "code"], unique=False)
    op.create_table(
        "lot_gtins",
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("lot", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(["lot"], ["lots.id"], name=op.f("fk_lot_gtins_lot_lots")),
        sa.PrimaryKeyConstraint("gtin", "code", name=op.f("pk_lot_gtins")),
    )
    op.create_table(
        "moments",
        sa.Column("broadcast", sa.String(length=26), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lot", sa.String(length=26), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lot"], ["lots.id"], name=op.f("fk_moments_lot_lots")),
        sa.PrimaryKeyConstraint("broadcast", "seq", name=op.f("pk_moments")),
    )
    op.create_index(op.f("ix_moments_lot"), "moments", ["lot"], unique=False)
    op.create_table(
        "offers",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("broadcast", sa.String(length=26), nullable=False),
        sa.Column("product", sa.String(length=26), nullable=False),
        sa.Column("lot", sa.String(length=26), nullable=False),
        sa.Column("farm", sa.String(length=26), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("list_price", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("released", sa.BigInteger(), nullable=False),
        sa.Column("sold", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("sold >= 0 AND sold <= released", name=op.f("ck_offers_stock")),
        sa.ForeignKeyConstraint(
            ["broadcast"], ["broadcasts.id"], name=op.f("fk_offers_broadcast_broadcasts")
        ),
        sa.ForeignKeyConstraint(["farm"], ["farms.id"], name=op.f("fk_offers_farm_farms")),
        sa.ForeignKeyConstraint(["lot"], ["lots.id"], name=op.f("fk_offers_lot_lots")),
        sa.ForeignKeyConstraint(
            ["product"], ["products.id"], name=op.f("fk_offers_product_products")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("broadcast", "position", name=op.f("uq_offers_broadcast_position")),
    )
    op.create_table(
        "trace_events",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("lot", sa.String(length=26), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("biz_step", sa.String(length=40), nullable=False),
        sa.Column("document", Json, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lot"], ["lots.id"], name=op.f("fk_trace_events_lot_lots")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace_events")),
    )
    op.create_index("ix_trace_events_lot_at", "trace_events", ["lot", "at"], unique=False)
    op.create_table(
        "order_lines",
        sa.Column("order", sa.String(length=26), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offer", sa.String(length=26), nullable=False),
        sa.Column("lot", sa.String(length=26), nullable=False),
        sa.Column("farm", sa.String(length=26), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["farm"], ["farms.id"], name=op.f("fk_order_lines_farm_farms")),
        sa.ForeignKeyConstraint(["lot"], ["lots.id"], name=op.f("fk_order_lines_lot_lots")),
        sa.ForeignKeyConstraint(["offer"], ["offers.id"], name=op.f("fk_order_lines_offer_offers")),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name=op.f("fk_order_lines_order_orders")),
        sa.PrimaryKeyConstraint("order", "line", name=op.f("pk_order_lines")),
    )
    op.create_index(op.f("ix_order_lines_lot"), "order_lines", ["lot"], unique=False)
    op.create_index(op.f("ix_order_lines_offer"), "order_lines", ["offer"], unique=False)
