"""Sessions: what a browser holds after signing in. The database knows only the hash of it.

Functions for the store's doors and the two tokens; cookies are routes.py's.
"""

import hashlib
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, select

from farmlive.clock import now_ms
from farmlive.ids import token as new_token
from farmlive.people import tables
from farmlive.people.models import Role
from farmlive.people.scope import stored_centres

COOKIE = "farmlive_session"
_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class Session:
    """A signed-in browser. `token` is the cookie's value; it is not kept anywhere."""

    token: str = field(repr=False)
    account: str
    name: str
    role: Role
    farms: frozenset[str]
    centres: frozenset[str] | None
    display_name: str | None = None
    weak_password: bool = False

    @property
    def csrf(self) -> str:
        """The session's CSRF token: whoever knows the session's token can make it."""
        return hashlib.sha256(b"csrf " + self.token.encode()).hexdigest()[:32]


def hashed(secret: str) -> str:
    """SHA-256 in hex: enough for a random secret of 128 bits, which nobody can guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


def begin(
    conn: Connection,
    account: str,
    name: str,
    role: Role,
    days: int,
    *,
    farms: frozenset[str],
    centres: frozenset[str] | None,
    display_name: str | None = None,
    weak_password: bool = False,
) -> Session:
    """Start a session of so many days, and forget those that are over."""
    now = now_ms()
    conn.execute(delete(tables.sessions).where(tables.sessions.c.expires_at <= now))
    session = Session(new_token(), account, name, role, farms, centres, display_name, weak_password)
    conn.execute(
        tables.sessions.insert().values(
            hash=hashed(session.token),
            account=account,
            created_at=now,
            expires_at=now + days * _DAY_MS,
        )
    )
    return session


def find(conn: Connection, token: str) -> Session | None:
    """The session with that token, unless it is over or its account disabled."""
    row = conn.execute(
        select(
            tables.accounts.c.id,
            tables.accounts.c.name,
            tables.accounts.c.role,
            tables.accounts.c.farms,
            tables.accounts.c.centres,
            tables.accounts.c.display_name,
            tables.accounts.c.password_weak,
        )
        .join(tables.sessions, tables.sessions.c.account == tables.accounts.c.id)
        .where(
            tables.sessions.c.hash == hashed(token),
            tables.sessions.c.expires_at > now_ms(),
            tables.accounts.c.disabled_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    centres = stored_centres(row.role, row.centres)
    own = frozenset(row.farms)
    return Session(
        token, row.id, row.name, row.role, own, centres, row.display_name, row.password_weak
    )


def end(conn: Connection, token: str) -> None:
    """Forget the session; nothing happens where there is none."""
    conn.execute(delete(tables.sessions).where(tables.sessions.c.hash == hashed(token)))


def end_all(conn: Connection, account: str, *, keep: str | None = None) -> None:
    """Forget the sessions of an account, but that with the token `keep`."""
    query = delete(tables.sessions).where(tables.sessions.c.account == account)
    if keep is not None:
        query = query.where(tables.sessions.c.hash != hashed(keep))
    conn.execute(query)
