"""Tables of broadcasts: the broadcast itself, its log, the senders of messages, and watch
sessions.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    false,
)

from farmlive.store import Json, metadata
from farmlive.store.running import runs, runs_until

broadcasts = Table(
    "broadcasts",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("title", Json, nullable=False),
    Column("note", Json),
    Column("state", String(12), nullable=False),
    Column("starts_at", BigInteger),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    # URL path of a frame of its picture, which the start page shows.
    Column("frame", String(80)),
    # The log's head: the last `seq` and the last time, updated in each event's transaction.
    Column("seq", BigInteger, nullable=False, server_default="0"),
    Column("last_at", BigInteger, nullable=False, server_default="0"),
)

events = Table(
    "events",
    metadata,
    Column("broadcast", ForeignKey("broadcasts.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("audience", Json, nullable=False),
    Column("data", Json, nullable=False),
    Index("ix_events_broadcast_kind", "broadcast", "kind"),
)

# The state of a broadcast after an event, so that a hub need not read its log from the start; see
# checkpoints.py. Whoever changes stored events, a migration too, must delete the checkpoints from
# the first changed event on, since they hold the old data.
log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("broadcast", ForeignKey("broadcasts.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    # The version of the code that folded it.
    Column("version", String(16), nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# The device that sent a message, so that a host can mute it. Not part of the log: no reader needs
# it.
senders = Table(
    "senders",
    metadata,
    Column("broadcast", String(26), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("device", String(64), nullable=False),
)

# See mutes.py. `block` and `likeness` are keyed pseudonyms.
mutes = Table(
    "mutes",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("broadcast", String(26), nullable=False),
    Column("everywhere", Boolean, nullable=False),
    Column("device", String(64), nullable=False),
    Column("block", String(32)),
    Column("likeness", String(32)),
    Column("nickname", String(64), nullable=False),
    Column("message", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    # None: until the broadcast ends.
    Column("until", BigInteger),
    Column("by", String(26)),
    Index("ix_mutes_device", "device"),
    Index("ix_mutes_block_likeness", "block", "likeness"),
)

# The pseudonyms that identify the sender of a message without the cookie, kept for a week.
chat_traces = Table(
    "chat_traces",
    metadata,
    Column("broadcast", String(26), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("block", String(32)),
    Column("likeness", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_chat_traces_at", "at"),
)

watches = Table(
    "watches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False, index=True),
    Column("device", String(64), nullable=False),
    Column("from_at", BigInteger, nullable=False),
    # Updated each minute while the session goes on; after a crash it keeps its last value.
    Column("to_at", BigInteger, nullable=False),
    Column("running", Boolean, nullable=False, server_default=false()),
    # The page was open before and only its channel reconnected.
    Column("resumed", Boolean, nullable=False, server_default=false()),
)

# A viewer opened a card, over the video or in the bag.
card_taps = Table(
    "card_taps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("broadcast", ForeignKey("broadcasts.id"), nullable=False, index=True),
    Column("offer", String(26), nullable=False),
    Column("device", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
)

# Deadlines that move with the clock when it is set.
runs_until(mutes, "until", "at")
runs(watches, "from_at", "to_at", which=lambda _now: watches.c.running)
