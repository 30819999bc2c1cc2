"""The tables of people: accounts, their credentials, and the cameras that may publish.

Passwords, sessions and keys are stored only as hashes. A `broadcast` here is an id; its table
belongs to the room above. An `owner` is the account responsible for a credential, which ends with
it (keys/credentials.py); null for credentials from before there were owners, and for those that the
command or a key without an owner made. `made_by` is the account that was shown a credential's
secret, by making or renewing it.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
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

from farmlive.store import Json, metadata
from farmlive.store.running import runs, runs_until

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("password_hash", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
    # Shown in place of `name`: viewers never see a sign-in name.
    Column("display_name", String(40)),
    # Ids of farms, for a seller; their table belongs to the room above.
    Column("farms", Json, nullable=False, server_default="[]"),
    # Ids of centres, for a clerk. Null: from before clerks belonged to centres.
    Column("centres", Json),
    # When a password that another person made expires; null for one that its owner chose.
    Column("password_until", BigInteger),
    # Whether the password breaks a newer rule, as its last sign-in showed.
    Column("password_weak", Boolean, nullable=False, server_default=false()),
    # Whether a sign-in needs more than the password; factors/setups.py keeps it consistent with the
    # factors.
    Column("second_factor", Boolean, nullable=False, server_default=false()),
    # When its seven days without a second factor began, after which it can't sign in without; in
    # the future if a coordinator extended them, and how often.
    Column("factor_asked_at", BigInteger),
    Column("factor_extensions", Integer, nullable=False, server_default="0"),
    # The account that made or invited it; null if the command did.
    Column("made_by", String(26)),
)

# The authenticator app of an account. `secret` is encrypted with a key that is not in the database,
# `step` is that of the last code (factors/totp.py).
totp = Table(
    "totp",
    metadata,
    Column("account", String(26), ForeignKey("accounts.id"), primary_key=True),
    Column("secret", String(200), nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

# Passkeys, in base64url: `credential` is the id, of at most 1023 bytes.
passkeys = Table(
    "passkeys",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("account", String(26), ForeignKey("accounts.id"), nullable=False),
    # The host that it is for; another host name of the server can't use it.
    Column("rp_id", String(253), nullable=False),
    Column("name", String(40), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("sign_count", BigInteger, nullable=False),
    Column("credential", String(1400), nullable=False, unique=True),
    Column("public_key", Text, nullable=False),
    Column("transports", Json, nullable=False),
    Index("ix_passkeys_account", "account"),
)

# Single-use challenges for a browser to sign; each for one account, device (a pseudonym) and
# purpose.
passkey_challenges = Table(
    "passkey_challenges",
    metadata,
    Column("challenge", String(64), primary_key=True),
    Column("account", String(26), nullable=False),
    Column("device", String(32), nullable=False),
    Column("purpose", String(8), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_passkey_challenges_account", "account"),
)

# Keyed hashes of the codes that replace a lost factor.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("account", String(26), ForeignKey("accounts.id"), primary_key=True),
    Column("hash", String(64), primary_key=True),
    Column("used_at", BigInteger),
)

# Consecutive wrong codes on a device that the account knows, or on all others (an empty one).
factor_tries = Table(
    "factor_tries",
    metadata,
    Column("account", String(26), primary_key=True),
    Column("device", String(32), primary_key=True),
    Column("tries", Integer, nullable=False),
    # When the next code is accepted.
    Column("next_at", BigInteger, nullable=False),
)

# The CSRF token is derived from the session's token, which only its browser has.
sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("account", String(26), ForeignKey("accounts.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # The latest end, used or not.
    Column("expires_at", BigInteger, nullable=False),
    # These four are null in a row from an earlier version's server. `device` is a pseudonym.
    Column("id", String(26)),
    Column("device", String(32)),
    Column("browser", String(40)),
    Column("used_at", BigInteger),
    # When its owner last authenticated (accounts/reauthentication.py); null: at the sign-in, in an
    # earlier version.
    Column("authenticated_at", BigInteger),
    Index("ix_sessions_account", "account"),
    Index("ix_sessions_expires_at", "expires_at"),
    Index("ix_sessions_device", "device"),
)

# Devices, by pseudonym, on which an account has signed in: a stranger's wrong passwords do not
# count against them. See accounts/sign_ins.py.
account_devices = Table(
    "account_devices",
    metadata,
    Column("account", String(26), ForeignKey("accounts.id"), primary_key=True),
    Column("device", String(32), primary_key=True),
    Column("at", BigInteger, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("label", String(80), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("farms", Json, nullable=False, server_default="[]"),
    Column("centres", Json),
    Column("owner", String(26)),
    Column("made_by", String(26)),
    Column("expires_at", BigInteger),
    # Written at most once a minute; see keys/key_uses.py.
    Column("used_at", BigInteger),
)

# `device` is the pseudonym of the device whose camera the studio uses; null for an encoder such as
# OBS, and for a guest, who may use any device.
sources = Table(
    "sources",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("broadcast", String(26), nullable=False),
    Column("label", String(80), nullable=False),
    Column("device", String(32)),
    Column("created_at", BigInteger, nullable=False),
    Column("guest", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("broadcast", "device", name="sources_one_a_device"),
)

stream_keys = Table(
    "stream_keys",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("source", String(26), ForeignKey("sources.id"), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    # When its owner was shut out: a session opened with it ends, too.
    Column("ended_at", BigInteger),
    Column("owner", String(26)),
    Column("made_by", String(26)),
    Column("used_at", BigInteger),
    Index("ix_stream_keys_source", "source"),
)

# Links by which people without an account send a camera; tokens are stored only as hashes.
guests = Table(
    "guests",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("source", String(26), ForeignKey("sources.id"), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("owner", String(26)),
    Column("made_by", String(26)),
)

# Links by which people make an account of their own; tokens are stored only as hashes.
invitations = Table(
    "invitations",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("farms", Json, nullable=False),
    Column("centres", Json),
    Column("label", String(80)),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    # The account that accepted it; `owner` made it.
    Column("account", String(26), ForeignKey("accounts.id")),
    Column("owner", String(26)),
    Column("made_by", String(26)),
)

# Blocks: pseudonyms of devices, phones and IPs. `order`, or `broadcast` with `message`, are what
# the block was made from; their tables belong to rooms above.
blocks = Table(
    "blocks",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("mark", String(32), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(80), nullable=False),
    Column("order", String(26)),
    Column("broadcast", String(26)),
    Column("message", BigInteger),
    UniqueConstraint("kind", "mark"),
)

# The audit log; see audit.py.
audit = Table(
    "audit",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("account", String(26)),
    Column("name", String(80), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(64)),
    Column("broadcast", String(26)),
    Column("detail", Json, nullable=False),
    # The role of the account or program then, and its API key. Null from before these were
    # recorded.
    Column("role", String(16)),
    Column("key", String(26)),
    Index("audit_by_account", "account", "id"),
    Index("audit_by_key", "key", "id"),
    Index("audit_by_subject", "subject", "id"),
)

# Columns that run by the clock, and move with it when it is set.
runs_until(sessions, "expires_at", "created_at", "used_at", "authenticated_at")
runs(accounts, "factor_asked_at")
runs_until(factor_tries, "next_at")
runs_until(passkey_challenges, "expires_at")
runs_until(accounts, "password_until")
runs_until(api_keys, "expires_at")
runs_until(stream_keys, "expires_at")
runs_until(guests, "expires_at")
runs_until(invitations, "expires_at")
