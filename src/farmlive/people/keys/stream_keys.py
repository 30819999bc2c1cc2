"""Stream keys: each publishes one source of one broadcast.

Random, shown once and stored as hashes. Functions for the store, and the class through which staff
create, list and revoke them; guests.py makes guests' keys.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from farmlive.clock import now_ms
from farmlive.ids import is_ulid, token, ulid
from farmlive.people.accounts import reauthentication
from farmlive.people.core import audit, tables
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import UnknownKey
from farmlive.people.core.sessions import hash_secret
from farmlive.people.keys import credentials, sources
from farmlive.people.keys.models import Purpose
from farmlive.people.keys.sources import BroadcastState, Source
from farmlive.problems import BroadcastEnded, UnknownSource
from farmlive.settings import Settings
from farmlive.store import Store

STREAM_PREFIX = "fls_"


@dataclass(frozen=True)
class StreamKey:
    """A stream key without its secret; times in milliseconds since 1970."""

    id: str
    source: str
    label: str
    purpose: Purpose
    created_at: int
    expires_at: int | None
    owner: str | None = None


def new_secret() -> str:
    """Draw the secret of a stream key."""
    return STREAM_PREFIX + token()


def add(
    conn: Connection,
    source: Source,
    purpose: Purpose,
    expires_at: int | None,
    *,
    owner: str | None = None,
    made_by: str | None = None,
) -> tuple[StreamKey, str]:
    """Create a stream key of the source; return it and its secret.

    Deletes expired keys except the one used last: a session may run with it, and keeps its owner.
    """
    now = now_ms()
    keys = tables.stream_keys.c
    last = select(func.max(keys.used_at)).where(keys.source == source.id).scalar_subquery()
    conn.execute(
        delete(tables.stream_keys).where(
            keys.source == source.id,
            keys.expires_at <= now,
            or_(keys.used_at.is_(None), keys.used_at < last),
        )
    )
    secret = new_secret()
    key = StreamKey(ulid(), source.id, source.label, purpose, now, expires_at, owner)
    conn.execute(
        tables.stream_keys.insert().values(
            id=key.id,
            hash=hash_secret(secret),
            source=source.id,
            purpose=purpose,
            created_at=now,
            expires_at=expires_at,
            owner=owner,
            made_by=made_by,
        )
    )
    return key, secret


def find(conn: Connection, broadcast: str, secret: str) -> Source | None:
    """Return the source that the key may publish to this broadcast, or None.

    None for an expired or revoked key, and one whose owner is shut out or could not create it now.
    """
    row = conn.execute(
        select(tables.sources, tables.stream_keys.c.id.label("key"))
        .join(tables.stream_keys, tables.stream_keys.c.source == tables.sources.c.id)
        .join(tables.accounts, tables.accounts.c.id == tables.stream_keys.c.owner, isouter=True)
        .where(
            or_(
                tables.stream_keys.c.owner.is_(None),
                and_(
                    tables.accounts.c.disabled_at.is_(None),
                    tables.accounts.c.role.in_(credentials.MAKERS["stream_key"]),
                ),
            ),
            tables.stream_keys.c.hash == hash_secret(secret),
            tables.sources.c.broadcast == broadcast,
            *usable(),
        )
    ).one_or_none()
    return Source(**row._mapping) if row else None


def working(conn: Connection, broadcast: str) -> list[StreamKey]:
    """Return the working stream keys of the broadcast's own cameras, the oldest first.

    Guests' keys are not among them; their links have a list of their own.
    """
    rows = conn.execute(
        select(
            tables.stream_keys.c.id,
            tables.stream_keys.c.source,
            tables.sources.c.label,
            tables.stream_keys.c.purpose,
            tables.stream_keys.c.created_at,
            tables.stream_keys.c.expires_at,
            tables.stream_keys.c.owner,
        )
        .join(tables.sources, tables.stream_keys.c.source == tables.sources.c.id)
        .where(
            tables.sources.c.broadcast == broadcast, tables.sources.c.guest.is_(False), *usable()
        )
        .order_by(tables.stream_keys.c.id)
    )
    return [StreamKey(*row) for row in rows]


def revoke(conn: Connection, broadcast: str, key: str) -> None:
    """Revoke the key; its running session goes on. Raises UnknownKey."""
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


def revoke_all(conn: Connection, source: str) -> None:
    """Revoke all keys of the source; a running session goes on."""
    conn.execute(
        update(tables.stream_keys)
        .where(tables.stream_keys.c.source == source, tables.stream_keys.c.revoked_at.is_(None))
        .values(revoked_at=now_ms())
    )


def filter_ended(conn: Connection, keys: Iterable[str]) -> set[str]:
    """Return those of these keys whose owner is shut out, or was while owning them: their sessions
    end.
    """
    query = (
        select(tables.stream_keys.c.id)
        .join(tables.accounts, tables.accounts.c.id == tables.stream_keys.c.owner, isouter=True)
        .where(
            tables.stream_keys.c.id.in_(list(keys)),
            or_(
                tables.stream_keys.c.ended_at.is_not(None),
                tables.accounts.c.disabled_at.is_not(None),
            ),
        )
    )
    return set(conn.execute(query).scalars())


class StreamKeys:
    """Creates, lists and revokes the stream keys of a broadcast's own cameras."""

    def __init__(self, store: Store, settings: Settings):
        self._store = store
        self._settings = settings

    async def mint(
        self,
        broadcast: str,
        purpose: Purpose,
        *,
        device: str | None = None,
        label: str | None = None,
        source: str | None = None,
        state: BroadcastState | None = None,
        caller: Caller | None = None,
    ) -> tuple[StreamKey, str]:
        """Create a stream key; return it and its secret, which is never shown again.

        `studio` needs the device, whose one source in the broadcast it is; `encoder` creates a new
        source, or a further key of `source`. `state` is checked in the same transaction. Raises
        BroadcastEnded, UnknownSource, what `state` raises, and ReauthenticationNeeded for an
        encoder's key, which is valid until it is revoked; never for the studio's own camera.
        """
        if purpose == "encoder":
            reauthentication.require(caller)

        def mint(conn: Connection) -> tuple[StreamKey, str]:
            if state is not None and state(conn, broadcast) == "ended":
                raise BroadcastEnded("No key was made: an ended broadcast takes no camera.")
            owner = credentials.owner_of(conn, caller)
            key, secret = add(conn, camera(conn), purpose, expires_at, owner=owner, made_by=owner)
            audit.record_action(
                conn, caller, "stream_key.add", key.id, broadcast=broadcast, label=key.label
            )
            return key, secret

        def camera(conn: Connection) -> Source:
            if purpose == "studio":
                return sources.of_device(conn, broadcast, str(device), label)
            if source:
                known = sources.require(conn, broadcast, source)
                if known.guest:
                    raise UnknownSource("No key was made: a guest's camera has that of the link.")
                return known
            return sources.add(conn, broadcast, label)

        if purpose == "studio" and device is None:
            raise ValueError("a studio's key belongs to a device")
        minutes = self._settings.studio_key_minutes
        expires_at = now_ms() + minutes * 60_000 if purpose == "studio" else None
        try:
            return await self._store.write(mint)
        except IntegrityError:
            # Another server has just created this device's source; now it exists.
            return await self._store.write(mint)

    async def all(self, broadcast: str, state: BroadcastState | None = None) -> list[StreamKey]:
        """Return the broadcast's working stream keys, the oldest first. Raises what `state`
        raises.
        """

        def read(conn: Connection) -> list[StreamKey]:
            if state is not None:
                state(conn, broadcast)
            return working(conn, broadcast)

        return await self._store.read(read)

    async def revoke(self, broadcast: str, key: str, *, caller: Caller | None = None) -> None:
        """Revoke the key; its running session goes on. Raises UnknownKey."""

        def write(conn: Connection) -> None:
            revoke(conn, broadcast, key)
            audit.record_action(conn, caller, "stream_key.revoke", key, broadcast=broadcast)

        await self._store.write(write)

    async def filter_ended(self, keys: Iterable[str]) -> set[str]:
        """Return those of these keys whose owner is shut out."""
        asked = list(keys)
        return await self._store.read(lambda conn: filter_ended(conn, asked)) if asked else set()

    async def sources(self, broadcast: str, state: BroadcastState | None = None) -> list[Source]:
        """Return the broadcast's sources, the oldest first. Raises what `state` raises."""

        def read(conn: Connection) -> list[Source]:
            if state is not None:
                state(conn, broadcast)
            return sources.every(conn, broadcast)

        return await self._store.read(read)


def usable() -> tuple[ColumnElement[bool], ...]:
    """Return the SQL conditions of keys that are neither revoked nor expired."""
    return (
        tables.stream_keys.c.revoked_at.is_(None),
        or_(tables.stream_keys.c.expires_at.is_(None), tables.stream_keys.c.expires_at > now_ms()),
    )
