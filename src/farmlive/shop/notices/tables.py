"""The tables of notices: what is to be told to whom, and how much strangers have caused."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, UniqueConstraint

from farmlive.store import Json, index_of_some, metadata
from farmlive.store.running import runs

# What is to be told to whom of an order's change, by which provider: once each.
notices = Table(
    "notices",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("order", ForeignKey("orders.id"), nullable=False),
    # What it tells: its kind (notice_kinds.py), and the event's `seq` in the broadcast's log.
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
    index_of_some(
        "ix_notices_due", "provider", "next_at", "id", those="state IN ('waiting', 'sending')"
    ),
    index_of_some(
        "ix_notices_told",
        "recipient",
        "created_at",
        those="cause = 'stranger' AND held_by IS NULL",
    ),
    # Messages that others may still go with.
    index_of_some("ix_notices_open", "recipient", those="cause = 'staff' AND state = 'waiting'"),
    # Those that go with another, which most do not.
    index_of_some("ix_notices_together", "message", those="message <> id"),
    index_of_some(
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
# codes (codes.py). `recipient` is the keyed pseudonym of a notice's, `times` are UTC
# milliseconds; gone a day after the last of them.
notice_counts = Table(
    "notice_counts",
    metadata,
    Column("recipient", String(32), primary_key=True),
    Column("times", Json, nullable=False),
    Column("until", BigInteger, nullable=False, index=True),
)

# Moves with the clock when it is set.
runs(notices, "next_at", which=lambda _now: notices.c.state.in_(("waiting", "sending")))
