"""The tables of the shop: products, offers with their prices and flash batches, what of a lot is
taken, holds and who waits, orders with what became of them, fees, pick-up points.
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
    text,
)

from farmlive.store import Json, metadata
from farmlive.store.running import runs, runs_until


def _index_of_some(name: str, *columns: str, those: str) -> Index:
    """An index of those rows alone: most are not among them, and cost nothing."""
    return Index(name, *columns, postgresql_where=text(those), sqlite_where=text(those))


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
    _index_of_some("ix_offers_proof_until", "proof_until", those="proof_until IS NOT NULL"),
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
    _index_of_some("ix_waits_source", "offer", "source", "quantity", those="source IS NOT NULL"),
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
    _index_of_some("ix_holds_source", "source", "boxes", those="source IS NOT NULL"),
)


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
    # When its person was removed (person.py), and when retention.py looks again at one that it
    # passed over, as it was open or had changed since.
    Column("person_gone_at", BigInteger),
    Column("person_check_at", BigInteger),
    UniqueConstraint("broadcast", "number"),
    UniqueConstraint("token_hash", name="uq_orders_token"),
    Index("ix_orders_broadcast_device", "broadcast", "device"),
    # Both in one: of two indexes PostgreSQL would look through all of a broadcast's orders.
    Index("ix_orders_buyer", "buyer", "broadcast"),
    _index_of_some("ix_orders_code_hash", "code_hash", those="code_hash IS NOT NULL"),
    _index_of_some("ix_orders_buyer_cancelled", "buyer", those="state = 'cancelled'"),
    _index_of_some(
        "ix_orders_person_check", "person_check_at", "id", those="person_check_at IS NOT NULL"
    ),
    # Devices with a past order: one that was packed.
    _index_of_some(
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
    _index_of_some("ix_order_lines_flash", "flash", those="flash IS NOT NULL"),
    _index_of_some(
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

# What is to be told to whom of an order's change, by which provider: once each.
notices = Table(
    "notices",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("order", ForeignKey("orders.id"), nullable=False),
    # What it tells: its kind (notices_kinds.py), and the event's `seq` in the broadcast's log.
    Column("kind", String(40), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("provider", String(20), nullable=False),
    Column("person", String(254), nullable=False),
    # waiting, sending, sent, failed; held: a limit held it back, and staff may send it; void: what
    # it told was overtaken before it was sent.
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    # stranger or staff: who caused it. One that was held back and that staff sent is staff's.
    Column("cause", String(8), nullable=False, server_default="staff"),
    # The first notice of the message that it goes with, which may be itself.
    Column("message", String(26), nullable=False, server_default=""),
    # As whom limits count the person: other spellings of one mailbox are one.
    Column("recipient", String(254), nullable=False, server_default=""),
    # Which limit held it back: number, address, block, prefix or unheard.
    Column("held_by", String(8)),
    UniqueConstraint("order", "seq", "provider", "person"),
    # Of these an order writes into the first two alone; what was told stays where it is while the
    # notice is sent. Queries repeat the predicates as literals.
    _index_of_some(
        "ix_notices_due", "provider", "next_at", "id", those="state IN ('waiting', 'sending')"
    ),
    _index_of_some(
        "ix_notices_told",
        "recipient",
        "created_at",
        those="cause = 'stranger' AND held_by IS NULL",
    ),
    # Messages that others may still go with.
    _index_of_some("ix_notices_open", "recipient", those="cause = 'staff' AND state = 'waiting'"),
    # Those that go with another, which most do not.
    _index_of_some("ix_notices_together", "message", those="message <> id"),
    _index_of_some(
        "ix_notices_unsent",
        "state",
        "id",
        those="state = 'held' OR state = 'failed' OR state = 'void'",
    ),
)

# How many notices strangers caused from where in a clock hour: `sender` is the pseudonym of an
# address, or of a block of them. Nothing here names an order; hours that are over go.
notice_budgets = Table(
    "notice_budgets",
    metadata,
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("sender", String(64), primary_key=True),
    Column("used", Integer, nullable=False),
)

# When strangers had notices told to whom, of which no row is kept: of an order that was erased, and
# codes (person_codes.py). `recipient` is the keyed pseudonym of a notice's, `times` are UTC
# milliseconds; gone a day after the last of them.
notice_counts = Table(
    "notice_counts",
    metadata,
    Column("recipient", String(32), primary_key=True),
    Column("times", Json, nullable=False),
    Column("until", BigInteger, nullable=False, index=True),
)

# A code that was asked for to a phone, by a keyed pseudonym of it, and the wrong ones since; a row
# whether the phone has orders. The code is derived from `seed`: when it was issued, by the clock of
# then, since `issued_at` moves when the clock is set.
person_codes = Table(
    "person_codes",
    metadata,
    Column("phone", String(32), primary_key=True),
    Column("issued_at", BigInteger, nullable=False),
    Column("seed", BigInteger, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False),
    Column("tried_at", BigInteger, nullable=False),
    # When nothing of it counts any more.
    Column("until", BigInteger, nullable=False, index=True),
)

# Persons that are erased, or were within the days of the outbox: `buyers` are the pseudonyms that
# go, unless it is one `order`; `buyer` is the one that comes, empty once it is done.
erasures = Table(
    "erasures",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("buyers", Json, nullable=False),
    Column("order", String(26)),
    Column("buyer", String(64), nullable=False),
    Column("done_at", BigInteger),
    # The WAL and, on PostgreSQL, dead rows are gone: nothing is left to do.
    Column("scrubbed_at", BigInteger),
    Index("ix_erasures_at", "at"),
    Index("ix_erasures_left", "scrubbed_at", "id"),
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

# One namespace a broadcast for the channel's keys and HTTP's: what was asked and what was answered.
order_keys = Table(
    "order_keys",
    metadata,
    Column("broadcast", ForeignKey("broadcasts.id"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("answer", Json, nullable=False),
)

# Up to which order retention.py has looked: those before it were dealt with or are looked at again.
retention_marks = Table(
    "retention_marks",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("upto", String(26), nullable=False),
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
runs_until(person_codes, "until", "issued_at", "tried_at")
runs(notices, "next_at", which=lambda _now: notices.c.state.in_(("waiting", "sending")))
