"""Codes of an authenticator app (TOTP, RFC 6238): six digits, 30 seconds, SHA-1, as all apps use.

An account's secret is stored encrypted (core/sealing.py). A code is accepted once (section 5.2):
the row has the step of the last one, which only grows. Functions for the store.
"""

import re
from dataclasses import dataclass, field

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import Connection, delete, insert, select, update

from farmlive.clock import now_ms
from farmlive.people.core import tables
from farmlive.people.core.sealing import Sealer

# A code is accepted this many steps of 30 seconds before and after its own: for transmission delay
# (section 5.2) and for a phone's wrong clock (section 6), whose offset is not stored.
WINDOW = 1
# How long a secret that is shown can be set up.
SETUP_MS = 30 * 60 * 1000
_CODE = re.compile(r"[0-9]{6}")


@dataclass(frozen=True)
class Totp:
    """An account's authenticator app; `step` is that of the last code, `created_at` in milliseconds
    since 1970.
    """

    secret: str = field(repr=False)
    step: int
    created_at: int


@dataclass(frozen=True)
class TotpSetup:
    """The secret and URI with which an app is set up; `token` is sent back with the first code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    token: str = field(repr=False)


def is_code(text: str) -> bool:
    """Return whether the text has the form of a code."""
    return _CODE.fullmatch(text) is not None


def begin(sealer: Sealer, account: str, name: str, issuer: str) -> TotpSetup:
    """Draw a secret; nothing is stored before its first code."""
    secret = pyotp.random_base32()
    uri = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)
    token = sealer.seal(f"{now_ms() + SETUP_MS} {secret}", f"totp setup {account}")
    return TotpSetup(secret, uri, token)


def begun(sealer: Sealer, account: str, token: str) -> str | None:
    """Return the secret of a setup of this account, or None if it has expired or is another's."""
    opened = sealer.open(token, f"totp setup {account}")
    if opened is None:
        return None
    until, secret = opened.split(" ")
    return secret if now_ms() < int(until) else None


def step_of(secret: str, code: str) -> int | None:
    """Return the current step to which the code belongs; None if there is none."""
    if not is_code(code):
        return None
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(
            code, for_time=now_ms() / 1000, valid_window=WINDOW
        )
    except OTPVerificationError:
        return None


def find(conn: Connection, sealer: Sealer, account: str) -> Totp | None:
    """Return the account's app, or None; also if its secret can't be decrypted."""
    table = tables.totp
    row = conn.execute(select(table).where(table.c.account == account)).one_or_none()
    secret = sealer.open(row.secret, f"totp {account}") if row else None
    return Totp(secret, row.step, row.created_at) if row and secret else None


def add(conn: Connection, sealer: Sealer, account: str, secret: str, step: int) -> None:
    """Store the account's app, replacing an earlier one; the code of `step` was its first."""
    remove(conn, account)
    conn.execute(
        insert(tables.totp),
        {
            "account": account,
            "secret": sealer.seal(secret, f"totp {account}"),
            "step": step,
            "created_at": now_ms(),
        },
    )


def use(conn: Connection, account: str, step: int) -> bool:
    """Record the code of a step; return False if it, or a later one, was used before."""
    table = tables.totp
    query = update(table).where(table.c.account == account, table.c.step < step).values(step=step)
    return conn.execute(query).rowcount > 0


def remove(conn: Connection, account: str) -> bool:
    """Delete the account's app; return whether there was one."""
    table = tables.totp
    return conn.execute(delete(table).where(table.c.account == account)).rowcount > 0
