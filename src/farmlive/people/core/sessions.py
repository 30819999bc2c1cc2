"""Sessions: what a browser holds after signing in. The database has only the token's hash.

A session expires after some time without use, and after some days in any case; a sign-in ends the
earlier session on the same device. Functions for the store, and the two tokens;
people/routes/sessions.py sets the cookies.
"""

import hashlib
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from farmlive.clock import DAY_MS, MINUTE_MS, now_ms
from farmlive.ids import is_ulid, ulid
from farmlive.ids import token as new_token
from farmlive.people.core import tables
from farmlive.people.core.problems import UnknownSession
from farmlive.people.core.roles import Role
from farmlive.people.core.scope import stored_centres
from farmlive.problems import Unauthorized

COOKIE = "farmlive_session"
# A session's use is written at most once in this time, so that not every request writes.
_USED_EVERY_MS = 5 * MINUTE_MS


@dataclass(frozen=True)
class Lifetime:
    """How long sessions last, in milliseconds: without use, and at most."""

    idle_ms: int
    most_ms: int

    @classmethod
    def of(cls, idle_minutes: int, days: int) -> "Lifetime":
        """Return the lifetime from settings."""
        return cls(idle_minutes * MINUTE_MS, days * DAY_MS)

    @property
    def forgotten_ms(self) -> int:
        """Milliseconds from the last recorded use to expiry: an unrecorded use may have followed
        it.
        """
        return self.idle_ms + self.used_every_ms

    @property
    def used_every_ms(self) -> int:
        """Milliseconds from the last recorded use to the next one that is recorded."""
        return min(_USED_EVERY_MS, self.idle_ms // 10)


@dataclass(frozen=True)
class Session:
    """A signed-in browser. `token` is the cookie's value; it is not stored anywhere.

    `used_at` is the last recorded use, `authenticated_at` when its owner last authenticated
    (accounts/reauthentication.py), both in milliseconds since 1970. `second_factor`,
    `factor_asked_at` and `factor_extensions` are the account's; `recovery_codes` are those that
    this sign-in made, to be shown once.
    """

    token: str = field(repr=False)
    account: str
    name: str
    role: Role
    farms: frozenset[str]
    centres: frozenset[str] | None
    display_name: str | None = None
    weak_password: bool = False
    used_at: int = 0
    authenticated_at: int = 0
    second_factor: bool = False
    factor_asked_at: int | None = None
    factor_extensions: int = 0
    recovery_codes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def csrf(self) -> str:
        """The session's CSRF token, derived from its token."""
        return hashlib.sha256(b"csrf " + self.token.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class OpenSession:
    """A session as its owner sees it; times in milliseconds since 1970, `expires_at` the latest
    end. `browser` is what the browser claimed to be, or None.
    """

    id: str
    browser: str | None
    created_at: int
    used_at: int
    expires_at: int
    is_this: bool


def hash_secret(secret: str) -> str:
    """Return the SHA-256 in hex, which suffices for a random secret of 128 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def begin(
    conn: Connection,
    account: str,
    name: str,
    role: Role,
    lifetime: Lifetime,
    *,
    device: str,
    browser: str | None,
    farms: frozenset[str],
    centres: frozenset[str] | None,
    display_name: str | None = None,
    weak_password: bool = False,
    second_factor: bool = False,
    factor_asked_at: int | None = None,
) -> Session:
    """Start a session on a device, end the earlier one there, of whatever account, and delete
    expired ones.
    """
    now = now_ms()
    table = tables.sessions
    conn.execute(
        delete(table).where(
            or_(
                table.c.expires_at <= now,
                _used_at() <= now - lifetime.forgotten_ms,
                table.c.device == device,
            )
        )
    )
    session = Session(
        new_token(),
        account,
        name,
        role,
        farms,
        centres,
        display_name,
        weak_password,
        used_at=now,
        authenticated_at=now,
        second_factor=second_factor,
        factor_asked_at=factor_asked_at,
    )
    conn.execute(
        table.insert().values(
            hash=hash_secret(session.token),
            id=ulid(),
            account=account,
            device=device,
            browser=browser,
            created_at=now,
            used_at=now,
            authenticated_at=now,
            expires_at=now + lifetime.most_ms,
        )
    )
    return session


def find(conn: Connection, token: str, lifetime: Lifetime) -> Session | None:
    """Return the session with that token, unless it has expired or its account is disabled."""
    row = conn.execute(
        select(
            tables.accounts.c.id,
            tables.accounts.c.name,
            tables.accounts.c.role,
            tables.accounts.c.farms,
            tables.accounts.c.centres,
            tables.accounts.c.display_name,
            tables.accounts.c.password_weak,
            tables.accounts.c.second_factor,
            tables.accounts.c.factor_asked_at,
            tables.accounts.c.factor_extensions,
            _used_at().label("used_at"),
            _authenticated_at().label("authenticated_at"),
        )
        .join(tables.sessions, tables.sessions.c.account == tables.accounts.c.id)
        .where(
            tables.sessions.c.hash == hash_secret(token),
            *_lasts(lifetime),
            tables.accounts.c.disabled_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    return Session(
        token,
        row.id,
        row.name,
        row.role,
        frozenset(row.farms),
        stored_centres(row.role, row.centres),
        row.display_name,
        row.password_weak,
        row.used_at,
        row.authenticated_at,
        row.second_factor,
        row.factor_asked_at,
        row.factor_extensions,
    )


def use(conn: Connection, token: str) -> None:
    """Record that the session was used now."""
    table = tables.sessions
    now = now_ms()
    conn.execute(
        update(table)
        .where(table.c.hash == hash_secret(token), _used_at() < now)
        # A session from a server of an earlier version has no id.
        .values(used_at=now, id=func.coalesce(table.c.id, ulid()))
    )


def record_authentication(conn: Connection, token: str) -> int:
    """Record that its owner authenticated now; return the time. Raises Unauthorized if it has
    expired.
    """
    table = tables.sessions
    now = now_ms()
    query = update(table).where(table.c.hash == hash_secret(token)).values(authenticated_at=now)
    if not conn.execute(query).rowcount:
        raise Unauthorized("Nobody is signed in on this browser any more. Sign in anew.")
    return now


def list_open(conn: Connection, account: str, token: str, lifetime: Lifetime) -> list[OpenSession]:
    """Return the account's sessions, the last used first; `token` is the current session's."""
    table = tables.sessions
    own = hash_secret(token)
    rows = conn.execute(
        select(table, _used_at().label("last_used"))
        .where(table.c.account == account, table.c.id.is_not(None), *_lasts(lifetime))
        .order_by(_used_at().desc(), table.c.id)
    )
    return [
        OpenSession(
            row.id, row.browser, row.created_at, row.last_used, row.expires_at, row.hash == own
        )
        for row in rows
    ]


def end(conn: Connection, token: str) -> bool:
    """Delete the session; return whether there was one."""
    query = delete(tables.sessions).where(tables.sessions.c.hash == hash_secret(token))
    return conn.execute(query).rowcount > 0


def end_session(conn: Connection, account: str, session: str) -> None:
    """Delete the account's session with that id. Raises UnknownSession."""
    table = tables.sessions
    query = delete(table).where(table.c.account == account, table.c.id == session)
    if not is_ulid(session) or not conn.execute(query).rowcount:
        raise UnknownSession("Nothing was ended: it was over already. The list shows the others.")


def end_all(conn: Connection, account: str, *, keep: str | None = None) -> None:
    """Delete the sessions of an account, except the one with the token `keep`."""
    query = delete(tables.sessions).where(tables.sessions.c.account == account)
    if keep is not None:
        query = query.where(tables.sessions.c.hash != hash_secret(keep))
    conn.execute(query)


def require_reauthentication(conn: Connection, account: str, *, keep: str) -> None:
    """Make the sessions of an account, except the one with the token `keep`, require
    reauthentication.
    """
    table = tables.sessions
    query = update(table).where(table.c.account == account, table.c.hash != hash_secret(keep))
    conn.execute(query.values(authenticated_at=0))


def _used_at() -> ColumnElement[int]:
    return func.coalesce(tables.sessions.c.used_at, tables.sessions.c.created_at)


def _authenticated_at() -> ColumnElement[int]:
    return func.coalesce(tables.sessions.c.authenticated_at, tables.sessions.c.created_at)


def _lasts(lifetime: Lifetime) -> tuple[ColumnElement[bool], ...]:
    now = now_ms()
    return tables.sessions.c.expires_at > now, _used_at() > now - lifetime.forgotten_ms
