"""Tables of goods: products, offers with prices and flash batches, lots' stock, holds, waits, fees
and pick-up points.
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
    UniqueConstraint,
    false,
)

from farmlive.store import Json, index_of_some, metadata
from farmlive.store.running import runs

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
    # Set aside for the running flash batch, and still available in it.
    Column("kept", BigInteger, nullable=False, server_default="0"),
    # The part of `held` by devices without a past order.
    Column("held_new", BigInteger, nullable=False, server_default="0"),
    # Boxes that devices without a past order took within the minute that began at `rush_at`, and
    # within the minute before; from `proof_from` until `proof_until` they need a proof of work
    # (checkout/rush.py).
    Column("rush_at", BigInteger, nullable=False, server_default="0"),
    Column("rush_boxes", BigInteger, nullable=False, server_default="0"),
    Column("rush_before", BigInteger, nullable=False, server_default="0"),
    Column("proof_from", BigInteger),
    Column("proof_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("broadcast", "position"),
    index_of_some("ix_offers_proof_until", "proof_until", those="proof_until IS NOT NULL"),
    CheckConstraint("sold >= 0 AND sold <= released", name="stock"),
    CheckConstraint("held >= 0 AND sold + held <= released", name="held"),
    CheckConstraint("kept >= 0 AND sold + held + kept <= released", name="kept"),
)

# Net grams of a lot that are sold and held, over all its offers in any broadcast: together never
# more than was harvested and not wasted. The row is created with the lot's first offer.
lot_stock = Table(
    "lot_stock",
    metadata,
    Column("lot", ForeignKey("lots.id"), primary_key=True),
    Column("sold_g", BigInteger, nullable=False),
    Column("held_g", BigInteger, nullable=False),
    # The part of `held_g` by devices without a past order.
    Column("held_new_g", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("sold_g >= 0 AND held_g >= 0", name="whole"),
)

# The history of an offer's prices: the current one has no end.
offer_prices = Table(
    "offer_prices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("offer", ForeignKey("offers.id"), nullable=False, index=True),
    Column("price", BigInteger, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("until_at", BigInteger),
    # When the price was marked as a mistake; until then orders were taken at it.
    Column("corrected_at", BigInteger),
)

# Flash batches: a number of an offer's boxes at a price of their own, for a limited time. `planned`
# until `starts_at`, then `running`, then `ended`; `why` says what ended it.
flashes = Table(
    "flashes",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False),
    Column("offer", ForeignKey("offers.id"), nullable=False, index=True),
    Column("state", String(8), nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("boxes", BigInteger, nullable=False),
    Column("per_buyer", Integer),
    Column("sold", BigInteger, nullable=False, server_default="0"),
    Column("held", BigInteger, nullable=False, server_default="0"),
    # The part of `held` by devices without a past order.
    Column("held_new", BigInteger, nullable=False, server_default="0"),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("why", String(12)),
    Column("created_at", BigInteger, nullable=False),
    CheckConstraint("sold >= 0 AND held >= 0 AND sold + held <= boxes", name="slice"),
    Index("ix_flashes_state_starts_at", "state", "starts_at"),
    Index("ix_flashes_broadcast", "broadcast"),
)

# The waiting list of sold-out offers, first come, first served: returned boxes are held for its
# devices. A device has at most one row per offer.
waits = Table(
    "waits",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False),
    Column("offer", ForeignKey("offers.id"), nullable=False),
    Column("device", String(64), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("simulated", Boolean, nullable=False),
    # Whether the limits of boxes apply, as they do not for staff; `source` and `is_new` as in
    # `holds`.
    Column("is_limited", Boolean, nullable=False, server_default=false()),
    Column("source", String(32)),
    Column("is_new", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("offer", "device"),
    Index("ix_waits_broadcast_device", "broadcast", "device"),
    # Covers the queue's order and the sum of quantities.
    Index("ix_waits_offer_since", "offer", "since", "id", "quantity"),
    index_of_some("ix_waits_source", "offer", "source", "quantity", those="source IS NOT NULL"),
)

# Orders in the state `held`, one per device and broadcast; deleted when placed, dropped or expired.
holds = Table(
    "holds",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False),
    Column("device", String(64), nullable=False),
    # A list of {offer, lot, farm, quantity, price, total}, as in the order's events, with `flash`
    # where the boxes are of a flash batch.
    Column("lines", Json, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("held_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False, index=True),
    # The number of boxes of all lines, and the source that they count for: a pseudonym of the IP
    # address, different in each broadcast. Null where no limits of boxes apply, as for staff.
    Column("boxes", Integer, nullable=False, server_default="0"),
    Column("source", String(32)),
    # The device has no past order: its boxes count in `held_new`.
    Column("is_new", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("broadcast", "device"),
    index_of_some("ix_holds_source", "source", "boxes", those="source IS NOT NULL"),
)


# Parcel fees by weight and region: the row applies whose region is the longest prefix of the
# parcel's, and of these the one with the least sufficient weight. The empty region matches
# everywhere.
parcel_fees = Table(
    "parcel_fees",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("region", String(6), nullable=False),
    Column("upto_g", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    UniqueConstraint("region", "upto_g"),
)

# The longest time for which an ended price is still accepted.
_LATELY_MS = 600_000

# Times that move with the clock when it is set. An ended price is accepted for its grace time;
# waits keep their positions.
runs(holds, "until_at", "held_at")
runs(flashes, "starts_at", "ends_at", which=lambda _now: flashes.c.state == "running")
runs(offers, "proof_until", "proof_from", which=lambda _now: offers.c.proof_until.is_not(None))
runs(offers, "rush_at", which=lambda _now: offers.c.rush_at != 0)
runs(
    offer_prices,
    "until_at",
    which=lambda now: offer_prices.c.until_at > now - _LATELY_MS,
)
runs(waits, "since")
