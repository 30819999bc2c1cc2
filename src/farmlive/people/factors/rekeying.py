"""Second factors under new keys (cli/rekeying.py): the secrets of authenticator apps are encrypted
again; recovery codes, stored only as hashes, end.

If the old keys are lost, the secrets can't be decrypted: those apps end, too, and an account
without a passkey signs in with its password, as after a reset.
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
    """How many accounts have an authenticator app, and how many recovery codes are unused."""

    apps: int
    recovery_codes: int


def kept(conn: Connection) -> Kept:
    """Count the secrets and codes that depend on the keys."""
    codes = tables.recovery_codes
    unused = select(func.count()).select_from(codes).where(codes.c.used_at.is_(None))
    return Kept(
        conn.execute(select(func.count()).select_from(tables.totp)).scalar_one(),
        conn.execute(unused).scalar_one(),
    )


def rekey(conn: Connection, old: Keys | None, new: Keys) -> None:
    """Encrypt secrets for the new keys, if the `old` ones are available, and delete recovery
    codes.
    """
    conn.execute(delete(tables.recovery_codes))
    to = Sealer(new.derive(TOTP_KEY))
    table = tables.totp
    for row in conn.execute(select(table)).all():
        purpose = f"totp {row.account}"
        secret = None if old is None else Sealer(old.derive(TOTP_KEY)).open(row.secret, purpose)
        if secret is not None:
            query = update(table).where(table.c.account == row.account)
            conn.execute(query.values(secret=to.seal(secret, purpose)))
        elif passkeys.list_passkeys(conn, row.account):
            conn.execute(delete(table).where(table.c.account == row.account))
        else:
            setups.remove_all(conn, row.account)
