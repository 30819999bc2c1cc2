"""Tokens and codes of orders leave the database, as does the key of the pseudonyms: keyed hashes
stay, by which orders are found, and the keys stand in a file beside the database.

The links and codes that buyers have go on working: what the derived ones differ by is kept, and
tells nothing without the key. The file is on the disk before anything here is changed, and one that
is there is used, so that an interruption loses nothing.
"""

import hmac
from base64 import urlsafe_b64encode
from typing import Any

import sqlalchemy as sa
from alembic import op

from farmlive.store.keys import KeyFile, Keys

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None
# Older code would write tokens and codes as they are, and look for them so.
oldest_code = "0037"
# Nothing of them may stay in the file's free space.
scrubs = True

AT_ONCE = 5_000
_orders = sa.table(
    "orders",
    *(sa.column(name, sa.String) for name in ("id", "token", "token_mask", "code", "code_hash")),
    sa.column("centre", sa.String),
    sa.column("code_shift", sa.Integer),
)
_secrets = sa.table("secrets", sa.column("name", sa.String), sa.column("value", sa.String))
_fingerprint = sa.table(
    "key_fingerprint",
    sa.column("id", sa.Integer),
    sa.column("fingerprint", sa.String),
    sa.column("made_at", sa.String),
)
_SQLITE_ANSWERS = """
    UPDATE order_keys SET answer = json_remove(answer, '$.token', '$.code', '$.url')
    WHERE json_extract(answer, '$.token') IS NOT NULL
"""
_POSTGRESQL_ANSWERS = """
    UPDATE order_keys SET answer = answer - 'token' - 'code' - 'url'
    WHERE jsonb_exists(answer, 'token')
"""
_POSTGRESQL_ORDERS = """
    UPDATE orders SET token = kept.token_hash, token_mask = kept.mask, code = NULL,
        code_hash = kept.code_hash, code_shift = kept.code_shift
    FROM unnest(
        CAST(:ids AS varchar[]), CAST(:token_hashes AS varchar[]), CAST(:masks AS varchar[]),
        CAST(:code_hashes AS varchar[]), CAST(:code_shifts AS integer[])
    ) AS kept(id, token_hash, mask, code_hash, code_shift)
    WHERE orders.id = kept.id
"""


def upgrade() -> None:
    """Have the keys kept, then rewrite orders and answers by them."""
    connection = op.get_bind()
    config = op.get_context().config
    file = config.attributes.get("keys") if config else None
    if not isinstance(file, KeyFile):
        raise LookupError("run it by store.migrate, which says where the keys stand")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    value = connection.execute(
        sa.select(_secrets.c.value).where(_secrets.c.name == "pseudonyms")
    ).scalar()
    keys = file.adopt(None if value is None else bytes.fromhex(value))
    connection.execute(
        sa.insert(_fingerprint), {"id": 1, "fingerprint": keys.fingerprint, "made_at": file.place}
    )
    _rewrite(connection, keys)
    sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql(_SQLITE_ANSWERS if sqlite else _POSTGRESQL_ANSWERS)
    connection.execute(sa.delete(_secrets).where(_secrets.c.name == "pseudonyms"))


def _rewrite(connection: sa.Connection, keys: Keys) -> None:
    """Replace the tokens and codes of all orders, some at a time."""
    last = ""
    page = (
        sa.select(_orders.c.id, _orders.c.token, _orders.c.code, _orders.c.centre)
        .where(_orders.c.id > sa.bindparam("last"))
        .order_by(_orders.c.id)
        .limit(AT_ONCE)
    )
    one = (
        sa.update(_orders)
        .where(_orders.c.id == sa.bindparam("ids"))
        .values(
            token=sa.bindparam("token_hashes"),
            token_mask=sa.bindparam("masks"),
            code=None,
            code_hash=sa.bindparam("code_hashes"),
            code_shift=sa.bindparam("code_shifts"),
        )
    )
    while rows := list[sa.Row[Any]](connection.execute(page, {"last": last})):
        last = rows[-1].id
        kept = [_kept(keys, row) for row in rows]
        if connection.dialect.name == "sqlite":
            connection.execute(one, kept)
        else:
            columns = {name: [each[name] for each in kept] for name in kept[0]}
            connection.execute(sa.text(_POSTGRESQL_ORDERS), columns)


def _kept(keys: Keys, row: sa.Row[Any]) -> dict[str, Any]:
    """What is kept of an order's token and code, as shop/core/order_links.py reads it."""

    def derived(use: str, text: str) -> bytes:
        return hmac.digest(keys.orders, f"{use} {text}".encode(), "sha256")

    pad = derived("pad of token", row.id)
    code_hash, code_shift = None, 0
    if row.code is not None:
        code_hash = _text(derived("hash of code", f"{row.centre or ''} {row.code}"))
        drawn = int.from_bytes(derived("order code", row.id)[:8], "big")
        code_shift = (int(row.code) - drawn) % 1_000_000
    return {
        "ids": row.id,
        "token_hashes": _text(derived("hash of token", row.token)),
        "masks": bytes(a ^ b for a, b in zip(row.token.encode(), pad, strict=False)).hex(),
        "code_hashes": code_hash,
        "code_shifts": code_shift,
    }


def _text(digest: bytes) -> str:
    return urlsafe_b64encode(digest[:16])[:22].decode()
