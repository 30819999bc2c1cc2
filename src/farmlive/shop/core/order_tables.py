"""Tables of orders: orders and their lines, history, claims, and idempotency keys."""

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
    false,
)

from farmlive.store import Json, index_of_some, metadata

orders = Table(
    "orders",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False),
    # Counts from 1 in each broadcast; `models.order_number` formats it.
    Column("number", Integer, nullable=False),
    # Keyed hash of the page's token, to look the order up. The token is derived from the id
    # (order_links.py); an order from before the key has a mask.
    Column("token_hash", String(32), nullable=False),
    Column("token_mask", String(64)),
    Column("device", String(64), nullable=False),
    Column("account", String(26)),
    # The buyer's pseudonym, as in the log; the personal data is stored in this table only.
    Column("buyer", String(64), nullable=False),
    Column("buyer_name", String(60), nullable=False),
    Column("buyer_phone", String(20), nullable=False),
    Column("way", String(10), nullable=False),
    Column("address", Text),
    # The GB/T 2260 code of the county, city or province, if the buyer chose one.
    Column("region", String(6)),
    Column("centre", ForeignKey("centres.id")),
    Column("buyer_email", String(254)),
    # The language of the buyer's page, if known: zh or en.
    Column("language", String(2)),
    Column("payment_method", String(20), nullable=False),
    Column("state", String(12), nullable=False),
    Column("payment", String(14), nullable=False),
    # The sum of all lines and the fee.
    Column("total", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False, server_default="0"),
    Column("currency", String(3), nullable=False),
    Column("simulated", Boolean, nullable=False),
    # Keyed hash of pick-up point and code, to look the order up. The code is derived from the id
    # and the shift.
    Column("code_hash", String(22)),
    Column("code_shift", Integer, nullable=False, server_default="0"),
    # Reasons to check the order before it is packed: a list of short names, or null.
    Column("flags", Json),
    Column("placed_at", BigInteger, nullable=False),
    Column("held_at", BigInteger),
    # Refunded so far, or taken off the total before payment.
    Column("refunded", BigInteger, nullable=False, server_default="0"),
    # The idempotency key of the order; its stored answer is deleted with the buyer's data.
    Column("key", String(64)),
    # When the buyer's data was removed (orders/buyer_data.py), and when privacy/retention.py should
    # check again an order that it passed over, because it was open or had changed.
    Column("person_gone_at", BigInteger),
    Column("person_check_at", BigInteger),
    UniqueConstraint("broadcast", "number"),
    UniqueConstraint("token_hash", name="uq_orders_token"),
    Index("ix_orders_broadcast_device", "broadcast", "device"),
    # One index for both: with two, PostgreSQL may scan all orders of a broadcast.
    Index("ix_orders_buyer", "buyer", "broadcast"),
    index_of_some("ix_orders_code_hash", "code_hash", those="code_hash IS NOT NULL"),
    index_of_some("ix_orders_buyer_cancelled", "buyer", those="state = 'cancelled'"),
    index_of_some(
        "ix_orders_person_check", "person_check_at", "id", those="person_check_at IS NOT NULL"
    ),
    # Devices with a past order, which is one that was packed.
    index_of_some(
        "ix_orders_device_past", "device", those="state <> 'placed' AND state <> 'cancelled'"
    ),
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
    Column("flash", ForeignKey("flashes.id")),
    # Boxes that were refunded before packing and returned to stock.
    Column("returned", Integer, nullable=False, server_default="0"),
    CheckConstraint("returned >= 0 AND returned <= quantity", name="returned"),
    # Pseudonym of the IP address that ordered, as in `holds`; deleted when the order is packed or
    # cancelled, and after a day at the latest.
    Column("source", String(32)),
    index_of_some("ix_order_lines_flash", "flash", those="flash IS NOT NULL"),
    index_of_some(
        "ix_order_lines_source",
        "source",
        "offer",
        "quantity",
        "returned",
        those="source IS NOT NULL",
    ),
)

# The history of orders after they were placed. Reasons are stored here only, never in the log.
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
    # Shared by all changes of a bulk action; an `undone` change was undone by a later change with
    # the same value.
    Column("move", String(26), index=True),
    Column("undone", Boolean, nullable=False, server_default=false()),
    # A refund's `amount`, and where it has them the returned boxes (`back`, a list of `{offer,
    # quantity}`), the `offer` whose price was mistaken, and the `claim` that it answered; `alone`
    # once only its money was undone.
    Column("refund", Json),
)

# Claims of buyers about damaged goods, with the staff's answer: a refund, or a refusal.
claims = Table(
    "claims",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("order", ForeignKey("orders.id"), nullable=False, index=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False, index=True),
    Column("state", String(8), nullable=False),
    Column("text", Text, nullable=False),
    # File names in the data folder's `claims`, which no public URL serves.
    Column("photos", Json, nullable=False),
    Column("claimed_at", BigInteger, nullable=False),
    Column("amount", BigInteger),
    Column("answer", Text),
    Column("answered_at", BigInteger),
)

# Idempotency keys, one namespace per broadcast for channel and HTTP: request hash and answer.
order_keys = Table(
    "order_keys",
    metadata,
    Column("broadcast", ForeignKey("broadcasts.id"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("answer", Json, nullable=False),
)
