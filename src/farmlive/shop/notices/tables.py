"""Tables of notices: the notices themselves, and counts of what strangers have caused."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, UniqueConstraint

from farmlive.store import Json, index_of_some, metadata
from farmlive.store.running import runs

# One row per change of an order, provider and recipient.
notices = Table(
    "notices",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("order", ForeignKey("orders.id"), nullable=False),
    # Its kind (core/notice_kinds.py), and the event's `seq` in the broadcast's log.
    Column("kind", String(40), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("provider", String(20), nullable=False),
    Column("person", String(254), nullable=False),
    # waiting, sending, sent, failed; held: a limit held it back, and staff may send it; void: it
    # became obsolete before it was sent.
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    # stranger or staff. A held notice that staff send becomes staff's.
    Column("cause", String(8), nullable=False, server_default="staff"),
    # The first notice of the message that it is combined into, which may be itself.
    Column("message", String(26), nullable=False, server_default=""),
    # The normalized recipient under which limits count.
    Column("recipient", String(254), nullable=False, server_default=""),
    # The limit that held it back: number, address, block, prefix or unheard.
    Column("held_by", String(8)),
    UniqueConstraint("order", "seq", "provider", "person"),
    # An order writes into the first two of these indexes only, and sending a notice does not touch
    # the second. Queries repeat the predicates as literals.
    index_of_some(
        "ix_notices_due", "provider", "next_at", "id", those="state IN ('waiting', 'sending')"
    ),
    index_of_some(
        "ix_notices_told",
        "recipient",
        "created_at",
        those="cause = 'stranger' AND held_by IS NULL",
    ),
    # Messages that can still take further notices.
    index_of_some("ix_notices_open", "recipient", those="cause = 'staff' AND state = 'waiting'"),
    # Notices that are combined with another one, which are few.
    index_of_some("ix_notices_together", "message", those="message <> id"),
    index_of_some(
        "ix_notices_unsent",
        "state",
        "id",
        those="state = 'held' OR state = 'failed' OR state = 'void'",
    ),
)

# How many notices strangers caused from a sender in a clock hour: `sender` is the pseudonym of an
# IP address, or of a block. No reference to orders; past hours are deleted.
notice_budgets = Table(
    "notice_budgets",
    metadata,
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("sender", String(64), primary_key=True),
    Column("used", Integer, nullable=False),
)

# Times of strangers' notices without a row: those of erased orders, and codes (privacy/codes.py).
# `recipient` is the keyed pseudonym of the normalized recipient, `times` are in UTC milliseconds;
# deleted a day after the last of them.
notice_counts = Table(
    "notice_counts",
    metadata,
    Column("recipient", String(32), primary_key=True),
    Column("times", Json, nullable=False),
    Column("until", BigInteger, nullable=False, index=True),
)

# Moves with the clock when it is set.
runs(notices, "next_at", which=lambda _now: notices.c.state.in_(("waiting", "sending")))
