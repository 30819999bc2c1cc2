"""The tables of what is on offer: products, offers with their prices and flash batches, what of a
lot is taken, holds and who waits, fees, pick-up points.
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
    # Set aside for the flash batch that runs: what of it can be had.
    Column("kept", BigInteger, nullable=False, server_default="0"),
    # Of what is held: by devices without a past order.
    Column("held_new", BigInteger, nullable=False, server_default="0"),
    # What such devices took within the minute that began at `rush_at`, and within the one before;
    # from `proof_from` until `proof_until` they need a proof of work for it (rush.py).
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

# What of a lot is sold and held, net grams, by every offer that draws on it in any broadcast:
# together never more than was harvested and not wasted. A row as soon as a lot is offered.
lot_stock = Table(
    "lot_stock",
    metadata,
    Column("lot", ForeignKey("lots.id"), primary_key=True),
    Column("sold_g", BigInteger, nullable=False),
    Column("held_g", BigInteger, nullable=False),
    # Of what is held: by devices without a past order.
    Column("held_new_g", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("sold_g >= 0 AND held_g >= 0", name="whole"),
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
    # It was a mistake, and was put right at this time; until then orders were taken at it.
    Column("corrected_at", BigInteger),
)

# A flash batch: so many boxes of an offer at a price of their own, for a time of their own.
# `planned` until `starts_at`, then `running`, then `ended`; `why` says what ended it.
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
    # Of what is held: by devices without a past order.
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

# Who waits for an offer that is sold out, first come, first served: what comes back is held for
# them. A device waits for an offer once.
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
    # Whether the limits of boxes hold for it, which they do not for staff; its `source` and whether
    # it `is_new` are as in `holds`.
    Column("is_limited", Boolean, nullable=False, server_default=false()),
    Column("source", String(32)),
    Column("is_new", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("offer", "device"),
    Index("ix_waits_broadcast_device", "broadcast", "device"),
    # In their order, and counted without looking at each.
    Index("ix_waits_offer_since", "offer", "since", "id", "quantity"),
    index_of_some("ix_waits_source", "offer", "source", "quantity", those="source IS NOT NULL"),
)

# Orders in the state `held`, one a device and broadcast: gone once placed, dropped or expired.
holds = Table(
    "holds",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False),
    Column("device", String(64), nullable=False),
    # Each {offer, lot, farm, quantity, price, total}, as in the order's events, and `flash` where
    # the boxes are of a flash batch.
    Column("lines", Json, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("held_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False, index=True),
    # How many boxes all lines have, and the network address that they count for: a pseudonym of
    # this broadcast alone. Null where no limits of boxes hold, as for staff.
    Column("boxes", Integer, nullable=False, server_default="0"),
    Column("source", String(32)),
    # The device has no past order: what it holds counts in `held_new`.
    Column("is_new", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("broadcast", "device"),
    index_of_some("ix_holds_source", "source", "boxes", those="source IS NOT NULL"),
)


# What a parcel costs, by weight and region: the row whose region is the longest prefix of the
# parcel's and whose weight is the least that holds it. The empty region is everywhere else.
parcel_fees = Table(
    "parcel_fees",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("region", String(6), nullable=False),
    Column("upto_g", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    UniqueConstraint("region", "upto_g"),
)

# As long as a price may count that is over.
_LATELY_MS = 600_000

# What runs by the clock, and moves with it when it is set. A price that ended lately counts a while
# longer; who waits keeps the place before those who come later.
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
