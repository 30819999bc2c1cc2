"""The tables of orders: what was ordered, what became of it, what came damaged, and the keys that
orders were sent with.
"""

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
    # Counted by the broadcast, 1, 2, 3…; `models.order_number` writes it for people.
    Column("number", Integer, nullable=False),
    # A keyed hash of the token of the order's page, by which it is found. The token is derived from
    # the id (order_links.py), with a mask where it was drawn before there was a key.
    Column("token_hash", String(32), nullable=False),
    Column("token_mask", String(64)),
    Column("device", String(64), nullable=False),
    Column("account", String(26)),
    # The pseudonym under which the log knows the buyer; the rest of the buyer is here alone.
    Column("buyer", String(64), nullable=False),
    Column("buyer_name", String(60), nullable=False),
    Column("buyer_phone", String(20), nullable=False),
    Column("way", String(10), nullable=False),
    Column("address", Text),
    # The GB/T 2260 code of the county, city or province, where the buyer chose one.
    Column("region", String(6)),
    Column("centre", ForeignKey("centres.id")),
    Column("buyer_email", String(254)),
    # The language in which the buyer ordered, where it is known: zh or en.
    Column("language", String(2)),
    Column("payment_method", String(20), nullable=False),
    Column("state", String(12), nullable=False),
    Column("payment", String(14), nullable=False),
    # What all lines come to, and the parcel's fee on top.
    Column("total", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False, server_default="0"),
    Column("currency", String(3), nullable=False),
    Column("simulated", Boolean, nullable=False),
    # A keyed hash of pick-up point and code, by which an order is found whose six digits are said.
    # The code is derived from the id too, and moved on by the shift.
    Column("code_hash", String(22)),
    Column("code_shift", Integer, nullable=False, server_default="0"),
    # Why someone should look at it before it is packed: a list of short names, or null.
    Column("flags", Json),
    Column("placed_at", BigInteger, nullable=False),
    Column("held_at", BigInteger),
    # Given back so far, of the total, or taken off it before it was paid.
    Column("refunded", BigInteger, nullable=False, server_default="0"),
    # The key that it was placed with, whose kept answer goes with its person.
    Column("key", String(64)),
    # When its person was removed (buyer_data.py), and when retention.py looks again at one that it
    # passed over, as it was open or had changed since.
    Column("person_gone_at", BigInteger),
    Column("person_check_at", BigInteger),
    UniqueConstraint("broadcast", "number"),
    UniqueConstraint("token_hash", name="uq_orders_token"),
    Index("ix_orders_broadcast_device", "broadcast", "device"),
    # Both in one: of two indexes PostgreSQL would look through all of a broadcast's orders.
    Index("ix_orders_buyer", "buyer", "broadcast"),
    index_of_some("ix_orders_code_hash", "code_hash", those="code_hash IS NOT NULL"),
    index_of_some("ix_orders_buyer_cancelled", "buyer", those="state = 'cancelled'"),
    index_of_some(
        "ix_orders_person_check", "person_check_at", "id", those="person_check_at IS NOT NULL"
    ),
    # Devices with a past order: one that was packed.
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
    # Boxes of it that never left, paid back and put into the stock again.
    Column("returned", Integer, nullable=False, server_default="0"),
    CheckConstraint("returned >= 0 AND returned <= quantity", name="returned"),
    # The network address from which it was ordered, as in `holds`: gone as soon as the order is
    # packed or cancelled, and within a day.
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
    # Changes that one deed made to several orders share it; `undone` by a later one of that move.
    Column("move", String(26), index=True),
    Column("undone", Boolean, nullable=False, server_default=false()),
    # What a refund was: its `amount`, and where it has them the boxes that went `back`, a list of
    # `{offer, quantity}`, the `offer` whose wrong price it was for, and the `claim` that it
    # answered; once it was undone, that its money came back `alone`.
    Column("refund", Json),
)

# A buyer's word that what came is damaged, and what staff answered: money back, or why not.
claims = Table(
    "claims",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("order", ForeignKey("orders.id"), nullable=False, index=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False, index=True),
    Column("state", String(8), nullable=False),
    Column("text", Text, nullable=False),
    # Names of files in the data folder's `claims`, which no public address shows.
    Column("photos", Json, nullable=False),
    Column("claimed_at", BigInteger, nullable=False),
    Column("amount", BigInteger),
    Column("answer", Text),
    Column("answered_at", BigInteger),
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
