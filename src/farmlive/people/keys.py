"""Keys of programs: API keys, which act with a role, and stream keys, which publish one source.

Both are random, shown once and kept as hashes. Functions for the store's doors; sources
themselves are sources.py's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, or_, select, update

from farmlive.clock import now_ms
from farmlive.ids import is_ulid, token, ulid
from farmlive.people import tables
from farmlive.people.models import KeyRole, Purpose
from farmlive.people.problems import UnknownKey
from farmlive.people.scope import centres_of, farms_of, stored_centres
from farmlive.people.sessions import hashed
from farmlive.people.sources import Source

API_PREFIX = "fl_"
STREAM_PREFIX = "fls_"


@dataclass(frozen=True)
class ApiKey:
    """An API key without its secret; `created_at` in milliseconds since 1970.

    `centres` is None for a clerk's from before clerks belonged to centres: all of them.
    """

    id: str
    label: str
    role: KeyRole
    created_at: int
    farms: frozenset[str] = frozenset()
    centres: frozenset[str] | None = frozenset()


@dataclass(frozen=True)
class StreamKey:
    """A stream key without its secret; times in milliseconds since 1970."""

    id: str
    source: str
    label: str
    purpose: Purpose
    created_at: int
    expires_at: int | None


def add_api_key(
    conn: Connection,
    label: str,
    role: KeyRole,
    farms: Iterable[str] = (),
    centres: Iterable[str] = (),
) -> tuple[ApiKey, str]:
    """Make an API key; the second is the secret, which is not kept.

    Raises Invalid where role, farms and centres don't fit.
    """
    secret = API_PREFIX + token()
    own, of_clerk = farms_of(role, farms), centres_of(role, centres)
    key = ApiKey(ulid(), label, role, now_ms(), own, of_clerk)
    conn.execute(
        tables.api_keys.insert().values(
            id=key.id,
            hash=hashed(secret),
            label=label,
            role=role,
            created_at=key.created_at,
            farms=sorted(own),
            centres=sorted(of_clerk),
        )
    )
    return key, secret


def find_api_key(conn: Connection, secret: str) -> ApiKey | None:
    """The API key with that secret."""
    row = conn.execute(_api_keys().where(tables.api_keys.c.hash == hashed(secret))).one_or_none()
    return _api_key(row) if row else None


def every_api_key(conn: Connection) -> list[ApiKey]:
    """All API keys, oldest first."""
    return [_api_key(row) for row in conn.execute(_api_keys().order_by(tables.api_keys.c.id))]


def revoke_api_key(conn: Connection, key: str) -> None:
    """Delete the API key with that identifier. Raises UnknownKey."""
    query = delete(tables.api_keys).where(tables.api_keys.c.id == key)
    if not is_ulid(key) or not conn.execute(query).rowcount:
        raise UnknownKey("No API key has this identifier; the list of keys shows them.")


def add_stream_key(
    conn: Connection, source: Source, purpose: Purpose, expires_at: int | None
) -> tuple[StreamKey, str]:
    """Make a stream key of the source; the second is the secret. Keys that are over go."""
    now = now_ms()
    conn.execute(
        delete(tables.stream_keys).where(
            tables.stream_keys.c.source == source.id, tables.stream_keys.c.expires_at <= now
        )
    )
    secret = STREAM_PREFIX + token()
    key = StreamKey(ulid(), source.id, source.label, purpose, now, expires_at)
    conn.execute(
        tables.stream_keys.insert().values(
            id=key.id,
            hash=hashed(secret),
            source=source.id,
            purpose=purpose,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return key, secret


def find_stream_key(conn: Connection, broadcast: str, secret: str) -> Source | None:
    """The source that the key publishes to this broadcast, unless it is over or revoked."""
    row = conn.execute(
        select(tables.sources)
        .join(tables.stream_keys, tables.stream_keys.c.source == tables.sources.c.id)
        .where(
            tables.stream_keys.c.hash == hashed(secret),
            tables.sources.c.broadcast == broadcast,
            *_usable(),
        )
    ).one_or_none()
    return Source(**row._mapping) if row else None


def stream_keys_of(conn: Connection, broadcast: str) -> list[StreamKey]:
    """The stream keys that work of the broadcast's own cameras, oldest first.

    A guest's go with the link, which has a list of its own.
    """
    rows = conn.execute(
        select(
            tables.stream_keys.c.id,
            tables.stream_keys.c.source,
            tables.sources.c.label,
            tables.stream_keys.c.purpose,
            tables.stream_keys.c.created_at,
            tables.stream_keys.c.expires_at,
        )
        .join(tables.sources, tables.stream_keys.c.source == tables.sources.c.id)
        .where(
            tables.sources.c.broadcast == broadcast, tables.sources.c.guest.is_(False), *_usable()
        )
        .order_by(tables.stream_keys.c.id)
    )
    return [StreamKey(*row) for row in rows]


def revoke_stream_key(conn: Connection, broadcast: str, key: str) -> None:
    """Revoke the key; a session that runs with it goes on. Raises UnknownKey."""
    query = (
        update(tables.stream_keys)
        .where(
            tables.stream_keys.c.id == key,
            tables.stream_keys.c.revoked_at.is_(None),
            tables.stream_keys.c.source.in_(
                select(tables.sources.c.id).where(tables.sources.c.broadcast == broadcast)
            ),
        )
        .values(revoked_at=now_ms())
    )
    if not is_ulid(key) or not conn.execute(query).rowcount:
        raise UnknownKey("The broadcast has no such stream key, or it is revoked already.")


def revoke_stream_keys_of(conn: Connection, source: str) -> None:
    """Revoke all keys of the source; a session that runs with one goes on."""
    conn.execute(
        update(tables.stream_keys)
        .where(tables.stream_keys.c.source == source, tables.stream_keys.c.revoked_at.is_(None))
        .values(revoked_at=now_ms())
    )


def _api_keys() -> Select[tuple[Any, ...]]:
    return select(
        tables.api_keys.c.id,
        tables.api_keys.c.label,
        tables.api_keys.c.role,
        tables.api_keys.c.created_at,
        tables.api_keys.c.farms,
        tables.api_keys.c.centres,
    )


def _api_key(row: Row[Any]) -> ApiKey:
    centres = stored_centres(row.role, row.centres)
    return ApiKey(row.id, row.label, row.role, row.created_at, frozenset(row.farms), centres)


def _usable() -> tuple[ColumnElement[bool], ...]:
    return (
        tables.stream_keys.c.revoked_at.is_(None),
        or_(tables.stream_keys.c.expires_at.is_(None), tables.stream_keys.c.expires_at > now_ms()),
    )
