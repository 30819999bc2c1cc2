"""The tables of the shop: products, offers and their prices, holds, orders, pick-up points."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from farmlive.store import Json, metadata

centres = Table(
    "centres",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("name", Json, nullable=False),
    Column("address", Json, nullable=False),
    Column("phone", String(20)),
    Column("created_at", BigInteger, nullable=False),
)

products = Table(
    "products",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("farm", ForeignKey("farms.id"), nullable=False, index=True),
    Column("name", Json, nullable=False),
    Column("unit", Json, nullable=False),
    Column("net_weight_g", BigInteger, nullable=False),
    Column("gtin", String(14)),
    Column("picture", String(200)),
    Column("created_at", BigInteger, nullable=False),
    Column("archived_at", BigInteger),
)

offers = Table(
    "offers",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False),
    Column("product", ForeignKey("products.id"), nullable=False),
    Column("lot", ForeignKey("lots.id"), nullable=False, index=True),
    Column("farm", ForeignKey("farms.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("list_price", BigInteger),
    Column("currency", String(3), nullable=False),
    Column("released", BigInteger, nullable=False),
    Column("sold", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("broadcast", "position"),
    CheckConstraint("sold >= 0 AND sold <= released", name="stock"),
    CheckConstraint("held >= 0 AND sold + held <= released", name="held"),
)

# What an offer cost when: the price of now has no end.
offer_prices = Table(
    "offer_prices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("offer", ForeignKey("offers.id"), nullable=False, index=True),
    Column("price", BigInteger, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("until_at", BigInteger),
)

# Orders in the state `held`, one a device and broadcast: gone once placed, dropped or expired.
holds = Table(
    "holds",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False),
    Column("device", String(64), nullable=False),
    # Each {offer, lot, farm, quantity, price, total}, as in the order's events.
    Column("lines", Json, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("held_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False, index=True),
    UniqueConstraint("broadcast", "device"),
)

orders = Table(
    "orders",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False),
    # Counted by the broadcast, 1, 2, 3…; `models.order_number` writes it for people.
    Column("number", Integer, nullable=False),
    Column("token", String(32), nullable=False, unique=True),
    Column("device", String(64), nullable=False),
    Column("account", String(26)),
    # The pseudonym under which the log knows the buyer; the rest of the buyer is here alone.
    Column("buyer", String(64), nullable=False),
    Column("buyer_name", String(60), nullable=False),
    Column("buyer_phone", String(20), nullable=False),
    Column("way", String(10), nullable=False),
    Column("address", Text),
    Column("centre", ForeignKey("centres.id")),
    Column("payment_method", String(20), nullable=False),
    Column("state", String(12), nullable=False),
    Column("payment", String(14), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    Column("held_at", BigInteger),
    # Given back so far, of the total.
    Column("refunded", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("broadcast", "number"),
    Index("ix_orders_broadcast_device", "broadcast", "device"),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order", ForeignKey("orders.id"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("offer", ForeignKey("offers.id"), nullable=False, index=True),
    Column("lot", ForeignKey("lots.id"), nullable=False, index=True),
    Column("farm", ForeignKey("farms.id"), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
)

# What became of an order after it was placed. A reason is here alone, never in the log.
order_changes = Table(
    "order_changes",
    metadata,
    Column("order", ForeignKey("orders.id"), primary_key=True),
    Column("change", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("state", String(12), nullable=False),
    Column("payment", String(14), nullable=False),
    Column("by", String(8), nullable=False),
    Column("reason", Text),
)

# One namespace a broadcast for the channel's keys and HTTP's: what was asked and what was answered.
order_keys = Table(
    "order_keys",
    metadata,
    Column("broadcast", ForeignKey("broadcasts.id"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("answer", Json, nullable=False),
)
