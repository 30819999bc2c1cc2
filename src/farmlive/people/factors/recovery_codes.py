"""Recovery codes: ten of an account, shown once, each of which stands in for a lost factor once.

A code has 80 random bits, so nobody guesses one and no limit of wrong ones shuts its owner out.
Kept are keyed hashes: without the key, which is not in the database, none can be tried. Functions
for the store's doors.
"""

import hmac
import re
import secrets
import unicodedata

from sqlalchemy import Connection, delete, func, insert, select, update

from farmlive.clock import now_ms
from farmlive.people.core import tables

COUNT = 10
# Crockford's base 32: no letter that looks like another or like a digit.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_GROUPS, _GROUP = 4, 4
_LOOKS_LIKE = str.maketrans("oil", "011")
_CODE = re.compile(f"[{_ALPHABET}]{{{_GROUPS * _GROUP}}}")


def draw() -> list[str]:
    """Draw ten codes, `k7q2-…` in four groups of four."""
    return ["-".join(_group() for _ in range(_GROUPS)) for _ in range(COUNT)]


def written(text: str) -> str:
    """Return a code as it is hashed, however it was typed; also one of an authenticator app.

    Spaces, hyphens and other signs count for nothing, nor do capitals; `o` is 0, `i` and `l` are 1.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]", "", text).translate(_LOOKS_LIKE)


def is_code(text: str) -> bool:
    """Return whether the `written` text has the form of a recovery code."""
    return _CODE.fullmatch(text) is not None


def hashed(key: bytes, account: str, code: str) -> str:
    """Return the keyed hash by which the code of an account is kept."""
    return hmac.digest(key, f"{account} {written(code)}".encode(), "sha256").hex()


def replace(conn: Connection, key: bytes, account: str) -> list[str]:
    """Draw and keep new ones in place of all before. Return them, for this once."""
    remove(conn, account)
    codes = draw()
    conn.execute(
        insert(tables.recovery_codes),
        [{"account": account, "hash": hashed(key, account, code)} for code in codes],
    )
    return codes


def is_unused(conn: Connection, account: str, code_hash: str) -> bool:
    """Return whether the account has this code, and it was not used."""
    table = tables.recovery_codes
    query = select(table.c.hash).where(
        table.c.account == account, table.c.hash == code_hash, table.c.used_at.is_(None)
    )
    return conn.execute(query).first() is not None


def use(conn: Connection, account: str, code_hash: str) -> bool:
    """Take the code; False where it was taken before."""
    table = tables.recovery_codes
    query = (
        update(table)
        .where(table.c.account == account, table.c.hash == code_hash, table.c.used_at.is_(None))
        .values(used_at=now_ms())
    )
    return conn.execute(query).rowcount > 0


def left(conn: Connection, account: str) -> int:
    """Return how many the account has not used."""
    table = tables.recovery_codes
    query = select(func.count()).where(table.c.account == account, table.c.used_at.is_(None))
    return conn.execute(query).scalar_one()


def remove(conn: Connection, account: str) -> None:
    """Forget all of the account's codes."""
    table = tables.recovery_codes
    conn.execute(delete(table).where(table.c.account == account))


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP))
