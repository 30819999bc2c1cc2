"""Recovery codes: ten per account, shown once; each replaces a lost factor once.

A code has 80 random bits, so it can't be guessed, and no limit of wrong codes locks its owner out.
Keyed hashes are stored: without the key, which is not in the database, no code can be tested.
Functions for the store.
"""

import hmac
import re
import secrets
import unicodedata

from sqlalchemy import Connection, delete, func, insert, select, update

from farmlive.clock import now_ms
from farmlive.people.core import tables

COUNT = 10
# Crockford's base 32: no letter that looks like another one or a digit.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_GROUPS, _GROUP = 4, 4
_LOOKS_LIKE = str.maketrans("oil", "011")
_CODE = re.compile(f"[{_ALPHABET}]{{{_GROUPS * _GROUP}}}")


def generate() -> list[str]:
    """Draw ten codes, `k7q2-…` in four groups of four."""
    return ["-".join(_group() for _ in range(_GROUPS)) for _ in range(COUNT)]


def canonical(text: str) -> str:
    """Return the canonical form of a typed code, also of an authenticator app's.

    Case, spaces, hyphens and other signs are ignored; `o` is 0, `i` and `l` are 1.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]", "", text).translate(_LOOKS_LIKE)


def is_code(text: str) -> bool:
    """Return whether a `canonical` text has the form of a recovery code."""
    return _CODE.fullmatch(text) is not None


def hashed(key: bytes, account: str, code: str) -> str:
    """Return the keyed hash under which an account's code is stored."""
    return hmac.digest(key, f"{account} {canonical(code)}".encode(), "sha256").hex()


def replace(conn: Connection, key: bytes, account: str) -> list[str]:
    """Draw and store new codes, which replace all earlier ones; return them, to be shown once."""
    remove(conn, account)
    codes = generate()
    conn.execute(
        insert(tables.recovery_codes),
        [{"account": account, "hash": hashed(key, account, code)} for code in codes],
    )
    return codes


def is_unused(conn: Connection, account: str, code_hash: str) -> bool:
    """Return whether the account has this code, unused."""
    table = tables.recovery_codes
    query = select(table.c.hash).where(
        table.c.account == account, table.c.hash == code_hash, table.c.used_at.is_(None)
    )
    return conn.execute(query).first() is not None


def use(conn: Connection, account: str, code_hash: str) -> bool:
    """Use the code up; return False if it was used before."""
    table = tables.recovery_codes
    query = (
        update(table)
        .where(table.c.account == account, table.c.hash == code_hash, table.c.used_at.is_(None))
        .values(used_at=now_ms())
    )
    return conn.execute(query).rowcount > 0


def count_unused(conn: Connection, account: str) -> int:
    """Return the number of the account's unused codes."""
    table = tables.recovery_codes
    query = select(func.count()).where(table.c.account == account, table.c.used_at.is_(None))
    return conn.execute(query).scalar_one()


def remove(conn: Connection, account: str) -> None:
    """Delete all of the account's codes."""
    table = tables.recovery_codes
    conn.execute(delete(table).where(table.c.account == account))


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP))
