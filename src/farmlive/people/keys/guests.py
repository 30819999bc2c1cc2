"""Guests: people without an account who send their own camera through a link from the host.

A link is one source of one broadcast, valid for a day and on one device at a time. Functions for
the store, and the class that rooms use; media closes a guest's session.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select, update

from farmlive.clock import DAY_MS, now_ms
from farmlive.ids import is_ulid, token, ulid
from farmlive.people.core import audit, tables
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import GuestOver, UnknownGuest
from farmlive.people.core.rate_limits import RateLimits
from farmlive.people.core.revocations import Revocations
from farmlive.people.core.sessions import hash_secret
from farmlive.people.keys import credentials, sources, stream_keys
from farmlive.people.keys.sources import BroadcastState
from farmlive.people.keys.stream_keys import StreamKey
from farmlive.problems import BroadcastEnded
from farmlive.settings import Settings
from farmlive.store import Store

VALID_MS = DAY_MS
KEYS_PER_MINUTE = 20


@dataclass(frozen=True)
class Guest:
    """A guest without the link's token; `source` is the camera, times in ms since 1970."""

    id: str
    broadcast: str
    source: str
    label: str
    created_at: int
    expires_at: int
    owner: str | None = None


def add(
    conn: Connection, broadcast: str, label: str, owner: str | None = None
) -> tuple[Guest, str]:
    """Insert a guest with a new source; return it and the link's token, which is not stored."""
    source = sources.add(conn, broadcast, label, guest=True)
    secret = token()
    now = now_ms()
    guest = Guest(ulid(), broadcast, source.id, source.label, now, now + VALID_MS, owner)
    conn.execute(
        tables.guests.insert().values(
            id=guest.id,
            hash=hash_secret(secret),
            source=guest.source,
            created_at=now,
            expires_at=guest.expires_at,
            owner=owner,
            made_by=owner,
        )
    )
    return guest, secret


def list_open(conn: Connection, broadcast: str) -> list[Guest]:
    """Return the broadcast's guests with working links, the oldest first."""
    query = _guests().where(tables.sources.c.broadcast == broadcast, *_open())
    return [_guest(row) for row in conn.execute(query.order_by(tables.guests.c.id))]


def find(conn: Connection, secret: str) -> Guest:
    """Return the guest with that token. Raises UnknownGuest, and GuestOver for an ended link."""
    row = conn.execute(_guests().where(tables.guests.c.hash == hash_secret(secret))).one_or_none()
    if row is None:
        raise UnknownGuest("This link is not known. Ask the host for a new one.")
    if row.ended_at is not None:
        raise GuestOver("The host has ended this link. Ask for a new one to come in again.")
    if credentials.is_shut_out(conn, row.owner):
        raise GuestOver("Whoever sent this link works here no more. Ask the host for a new one.")
    if not credentials.may_own(conn, "guest", row.owner):
        raise GuestOver("Whoever sent this link is no host any more. Ask the host for a new one.")
    if row.expires_at <= now_ms():
        raise GuestOver("This link worked for a day. Ask the host for a new one.")
    return _guest(row)


def end(conn: Connection, broadcast: str, guest: str) -> Guest:
    """End the link and its stream keys. Raises UnknownGuest if it has ended already."""
    row = None
    if is_ulid(guest):
        query = _guests().where(
            tables.guests.c.id == guest, tables.sources.c.broadcast == broadcast, *_open()
        )
        row = conn.execute(query).one_or_none()
    if row is None:
        raise UnknownGuest("There is no such guest in this broadcast; the list shows them.")
    conn.execute(update(tables.guests).where(tables.guests.c.id == guest).values(ended_at=now_ms()))
    stream_keys.revoke_all(conn, row.source)
    return _guest(row)


def still_open(conn: Connection, cameras: Iterable[str]) -> set[str]:
    """Return those of these sources whose guest links work."""
    query = select(tables.guests.c.source).where(
        tables.guests.c.source.in_(list(cameras)), *_open()
    )
    return set(conn.execute(query).scalars())


class Guests:
    """Invites guests, admits them and ends their links."""

    def __init__(
        self, store: Store, limits: RateLimits, settings: Settings, revocations: Revocations
    ):
        self._store = store
        self._limits = limits
        self._settings = settings
        self._revocations = revocations

    async def invite(
        self, caller: Caller, broadcast: str, label: str, state: BroadcastState
    ) -> tuple[Guest, str]:
        """Create a link; return the guest and the token, which is never shown again.

        `state` is checked in the same transaction. Raises BroadcastEnded and what `state` raises.
        """

        def write(conn: Connection) -> tuple[Guest, str]:
            if state(conn, broadcast) == "ended":
                raise BroadcastEnded("No link was made: an ended broadcast takes no guest.")
            guest, secret = add(conn, broadcast, label, credentials.owner_of(conn, caller))
            audit.record_action(
                conn, caller, "guest.add", guest.id, broadcast=broadcast, label=label
            )
            return guest, secret

        return await self._store.write(write)

    async def list_guests(self, broadcast: str, state: BroadcastState) -> list[Guest]:
        """Return the broadcast's guests with working links, the oldest first. Raises what `state`
        raises.
        """

        def read(conn: Connection) -> list[Guest]:
            return [] if state(conn, broadcast) == "ended" else list_open(conn, broadcast)

        return await self._store.read(read)

    async def find(self, secret: str) -> Guest:
        """Return the guest with the link's token. Raises UnknownGuest, GuestOver."""
        return await self._store.read(lambda conn: find(conn, secret))

    async def stream_key(
        self, caller: Caller, secret: str, state: BroadcastState
    ) -> tuple[Guest, StreamKey, str]:
        """Create a stream key for a holder of the link; return the guest, the key and its secret.

        Earlier keys stop working, so that a second device replaces the first one for good. The
        source is assigned to the device, by which media tells a reload from another device.

        Raises UnknownGuest, TooMany, GuestOver and BroadcastEnded.
        """

        def mint(conn: Connection) -> tuple[Guest, StreamKey, str]:
            guest = find(conn, secret)
            if state(conn, guest.broadcast) == "ended":
                raise BroadcastEnded("The broadcast has ended. Thank you for being there!")
            source = sources.require(conn, guest.broadcast, guest.source)
            stream_keys.revoke_all(conn, guest.source)
            sources.assign_device(conn, guest.source, caller.device)
            key, minted = stream_keys.add(
                conn, source, "guest", guest.expires_at, owner=guest.owner
            )
            return guest, key, minted

        with self._limits.failures(
            UnknownGuest,
            self._settings.sign_ins_per_minute,
            ("guests' links of an address", caller.address),
            of="unknown links",
        ):
            guest = await self.find(secret)
        self._limits.allow("keys of a guest", guest.id, KEYS_PER_MINUTE)
        return await self._store.write(mint)

    async def end(self, caller: Caller, broadcast: str, guest: str) -> None:
        """End a guest's link, stream keys and session. Raises UnknownGuest."""

        def write(conn: Connection) -> Guest:
            ended = end(conn, broadcast, guest)
            audit.record_action(
                conn, caller, "guest.end", ended.id, broadcast=broadcast, label=ended.label
            )
            return ended

        ended = await self._store.write(write)
        self._revocations.revoke_guest(ended.broadcast, ended.source)

    async def filter_ended(self, cameras: Iterable[str]) -> set[str]:
        """Return those of these guests' sources whose links have ended."""
        asked = set(cameras)
        return asked - await self._store.read(lambda conn: still_open(conn, asked))


def _guests() -> Select[tuple[Any, ...]]:
    return select(
        tables.guests.c.id,
        tables.sources.c.broadcast,
        tables.guests.c.source,
        tables.sources.c.label,
        tables.guests.c.created_at,
        tables.guests.c.expires_at,
        tables.guests.c.ended_at,
        tables.guests.c.owner,
    ).join(tables.sources, tables.guests.c.source == tables.sources.c.id)


def _guest(row: Row[Any]) -> Guest:
    return Guest(
        row.id, row.broadcast, row.source, row.label, row.created_at, row.expires_at, row.owner
    )


def _open() -> tuple[ColumnElement[bool], ...]:
    return tables.guests.c.ended_at.is_(None), tables.guests.c.expires_at > now_ms()
