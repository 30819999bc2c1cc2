"""API keys, with which programs act in a role: random, shown once and stored as hashes.

A key is valid until it expires, at most for as long as its owner may sign in, and allows no more
than its owner may do now. Functions for the store.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, or_, select

from farmlive.clock import now_ms
from farmlive.ids import is_ulid, token, ulid
from farmlive.people.core import tables
from farmlive.people.core.problems import ApiKeyAboveOwner, ExpiredApiKey, UnknownKey
from farmlive.people.core.roles import KeyRole
from farmlive.people.core.scope import Scope, at_most, centres_of, farms_of, stored_centres
from farmlive.people.core.sessions import hash_secret

API_PREFIX = "fl_"


@dataclass(frozen=True)
class ApiKey:
    """An API key without its secret; times in milliseconds since 1970.

    `centres` is None for a clerk's key from before clerks belonged to centres: all of them. `owner`
    is an account, None for a key from before keys had one, and for one that the command made.
    `acts_as` is its role, or a lesser one if its owner's is; None if nothing remains. It
    `has_every_centre` if it acts as a clerk from before. `made_by` is the account that was shown
    its secret.
    """

    id: str
    label: str
    role: KeyRole
    created_at: int
    farms: frozenset[str] = frozenset()
    centres: frozenset[str] | None = frozenset()
    owner: str | None = None
    expires_at: int | None = None
    used_at: int | None = None
    acts_as: KeyRole | None = None
    has_every_centre: bool = False
    made_by: str | None = None


def new_secret() -> str:
    """Draw the secret of an API key."""
    return API_PREFIX + token()


def add(
    conn: Connection,
    label: str,
    role: KeyRole,
    farms: Iterable[str] = (),
    centres: Iterable[str] = (),
    *,
    owner: str | None = None,
    made_by: str | None = None,
    expires_at: int | None = None,
) -> tuple[ApiKey, str]:
    """Create an API key; return it and its secret, which is not stored.

    Raises Invalid if role, farms and centres don't fit.
    """
    secret = new_secret()
    own, of_clerk = farms_of(role, farms), centres_of(role, centres)
    key = ApiKey(
        ulid(),
        label,
        role,
        now_ms(),
        own,
        of_clerk,
        owner,
        expires_at,
        acts_as=role,
        made_by=made_by,
    )
    conn.execute(
        tables.api_keys.insert().values(
            id=key.id,
            hash=hash_secret(secret),
            label=label,
            role=role,
            created_at=key.created_at,
            farms=sorted(own),
            centres=sorted(of_clerk),
            owner=owner,
            made_by=made_by,
            expires_at=expires_at,
        )
    )
    return key, secret


def find(conn: Connection, secret: str) -> ApiKey | None:
    """Return the API key with that secret and its rights now, unless its owner is shut out.

    Raises ExpiredApiKey, and ApiKeyAboveOwner if its owner's role leaves it no rights.
    """
    row = conn.execute(
        _api_keys().where(
            tables.api_keys.c.hash == hash_secret(secret),
            or_(tables.api_keys.c.owner.is_(None), tables.accounts.c.disabled_at.is_(None)),
        )
    ).one_or_none()
    if row is None:
        return None
    if row.expires_at is not None and row.expires_at <= now_ms():
        raise ExpiredApiKey("Nothing was done. Ask a coordinator for a new key.")
    left = _left_of(row)
    if left is None:
        raise ApiKeyAboveOwner("Nothing was done. Ask a coordinator to give the key another owner.")
    return replace(_api_key(row), role=left.role, farms=left.farms, centres=left.centres)


def list_keys(conn: Connection) -> list[ApiKey]:
    """Return all API keys, the oldest first."""
    return [_api_key(row) for row in conn.execute(_api_keys().order_by(tables.api_keys.c.id))]


def revoke(conn: Connection, key: str) -> None:
    """Delete the API key with that id. Raises UnknownKey."""
    query = delete(tables.api_keys).where(tables.api_keys.c.id == key)
    if not is_ulid(key) or not conn.execute(query).rowcount:
        raise UnknownKey("No API key has this identifier; the list of keys shows them.")


def _api_keys() -> Select[tuple[Any, ...]]:
    return select(
        tables.api_keys.c.id,
        tables.api_keys.c.label,
        tables.api_keys.c.role,
        tables.api_keys.c.created_at,
        tables.api_keys.c.farms,
        tables.api_keys.c.centres,
        tables.api_keys.c.owner,
        tables.api_keys.c.made_by,
        tables.api_keys.c.expires_at,
        tables.api_keys.c.used_at,
        tables.accounts.c.role.label("owner_role"),
        tables.accounts.c.farms.label("owner_farms"),
        tables.accounts.c.centres.label("owner_centres"),
    ).join(tables.accounts, tables.accounts.c.id == tables.api_keys.c.owner, isouter=True)


def _left_of(row: Row[Any]) -> Scope | None:
    """Return the key's scope, limited by its owner's role now; None if nothing remains."""
    key = Scope(row.role, frozenset(row.farms), stored_centres(row.role, row.centres))
    if row.owner_role is None:
        return key
    centres = stored_centres(row.owner_role, row.owner_centres)
    return at_most(key, Scope(row.owner_role, frozenset(row.owner_farms), centres))


def _api_key(row: Row[Any]) -> ApiKey:
    centres = stored_centres(row.role, row.centres)
    left = _left_of(row)
    return ApiKey(
        row.id,
        row.label,
        row.role,
        row.created_at,
        frozenset(row.farms),
        centres,
        row.owner,
        row.expires_at,
        row.used_at,
        left.role if left else None,
        left is not None and left.role == "clerk" and left.centres is None,
        row.made_by,
    )
