"""Second factors under new keys (cli/rekeying.py): secrets of authenticator apps are sealed anew,
and recovery codes, of which hashes alone are known, end.

Where the keys before are lost nobody opens the secrets any more: those apps end, too, and an
account without a passkey signs in by its password, as after a reset.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from farmlive.people.core import tables
from farmlive.people.core.sealing import Sealer
from farmlive.people.factors import passkeys, setups
from farmlive.people.factors.setups import TOTP_KEY
from farmlive.store.keys import Keys


@dataclass(frozen=True)
class Kept:
    """How many accounts have an authenticator app, and how many recovery codes still work."""

    apps: int
    recovery_codes: int


def kept(conn: Connection) -> Kept:
    """Count what the keys open."""
    codes = tables.recovery_codes
    unused = select(func.count()).select_from(codes).where(codes.c.used_at.is_(None))
    return Kept(
        conn.execute(select(func.count()).select_from(tables.totp)).scalar_one(),
        conn.execute(unused).scalar_one(),
    )


def rekey(conn: Connection, old: Keys | None, new: Keys) -> None:
    """Seal secrets for the new keys, where the `old` ones are there, and end recovery codes."""
    conn.execute(delete(tables.recovery_codes))
    to = Sealer(new.derive(TOTP_KEY))
    table = tables.totp
    for row in conn.execute(select(table)).all():
        purpose = f"totp {row.account}"
        secret = None if old is None else Sealer(old.derive(TOTP_KEY)).open(row.secret, purpose)
        if secret is not None:
            query = update(table).where(table.c.account == row.account)
            conn.execute(query.values(secret=to.seal(secret, purpose)))
        elif passkeys.every(conn, row.account):
            conn.execute(delete(table).where(table.c.account == row.account))
        else:
            setups.remove_all(conn, row.account)
