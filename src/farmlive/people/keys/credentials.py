"""Credentials: the API keys, stream keys, invitations and guest links that an account has made.

Knows their owners: credentials are listed together, given to another account, and ended when
their owner is shut out. The module of each kind creates, lists and revokes it. Functions for the
store; `Airings` (core/lookups.py) tells what a broadcast has on air.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, update

from farmlive.clock import now_ms
from farmlive.ids import is_ulid
from farmlive.people.accounts import reauthentication
from farmlive.people.core import audit, tables
from farmlive.people.core.caller import Caller
from farmlive.people.core.lookups import Airings
from farmlive.people.core.problems import NotToGive, ShutOut, UnknownAccount, UnknownCredential
from farmlive.people.core.roles import STAFF, KeyRole, Role
from farmlive.people.keys import api_keys
from farmlive.people.keys.models import CredentialKind
from farmlive.problems import Invalid, field_error

TABLES: dict[CredentialKind, Table] = {
    "api_key": tables.api_keys,
    "stream_key": tables.stream_keys,
    "invitation": tables.invitations,
    "guest": tables.guests,
}
# The roles that may create, and so own, each kind. A credential works while its owner's role is one
# of them.
MAKERS: dict[CredentialKind, tuple[Role, ...]] = {
    "api_key": ("coordinator",),
    "stream_key": STAFF,
    "invitation": ("coordinator",),
    "guest": STAFF,
}
# If more than this of one kind end together, the audit log has one entry for all, so that no
# account can create so many that shutting it out takes long.
NOTED_EACH = 50
# The audit log's action for each kind's end.
_ENDED = {
    "api_key": "key.revoke",
    "stream_key": "stream_key.revoke",
    "invitation": "invitation.revoke",
    "guest": "guest.end",
}


@dataclass(frozen=True)
class Credential:
    """A key or a link without its secret; times in milliseconds since 1970.

    `source` is the camera that it publishes, `sending` whether the camera sends with this key, and
    `on_air` whether viewers get it. `made_by` is the account that knows the secret, having made or
    renewed it. `acts_as` is the role in which an API key acts, at most its owner's;
    `has_every_centre`: it acts as a clerk of all centres. `idle`: it does nothing while its owner
    has the present role.
    """

    id: str
    kind: CredentialKind
    owner: str | None
    label: str | None
    created_at: int
    expires_at: int | None
    role: str | None = None
    acts_as: KeyRole | None = None
    has_every_centre: bool = False
    idle: bool = False
    purpose: str | None = None
    used_at: int | None = None
    broadcast: str | None = None
    source: str | None = None
    title: dict[str, Any] | None = None
    sending: bool = False
    on_air: bool = False
    made_by: str | None = None


def owner_of(conn: Connection, caller: Caller | None) -> str | None:
    """Return the account that will own what this caller creates.

    Raises ShutOut if it was shut out after the request was authorized.
    """
    owner = caller.responsible if caller else None
    if is_shut_out(conn, owner):
        raise ShutOut("Nothing was made: this account was shut out a moment ago.")
    return owner


def is_shut_out(conn: Connection, owner: str | None) -> bool:
    """Return whether this account is disabled."""
    if owner is None:
        return False
    query = select(tables.accounts.c.disabled_at).where(tables.accounts.c.id == owner)
    return conn.execute(query).scalar() is not None


def may_own(conn: Connection, kind: CredentialKind, owner: str | None) -> bool:
    """Return whether the owner's role may create this kind; True without an owner."""
    if owner is None:
        return True
    query = select(tables.accounts.c.role).where(tables.accounts.c.id == owner)
    return conn.execute(query).scalar() in MAKERS[kind]


def list_credentials(
    conn: Connection, airings: Airings, owner: str | None = None
) -> list[Credential]:
    """Return all working credentials, the oldest of each kind first, of one owner if given.

    Keys of ended broadcasts are not among them. An owner's revoked or expired stream key is
    included while its session still sends.
    """
    now = now_ms()
    roles = {
        row.id: row.role
        for row in conn.execute(select(tables.accounts.c.id, tables.accounts.c.role))
    }
    found = [*_api_keys(conn, now), *_invitations(conn, now)]
    running = airings(conn)
    for each, works in (*_stream_keys(conn, now, running), *_guests(conn, now, running)):
        airing = running[str(each.broadcast)]
        sends = each.source in airing.sending and each.sending
        if works or (sends and each.owner is not None):
            on_air = sends and airing.on_air == each.source
            found.append(replace(each, title=airing.title, sending=sends, on_air=on_air))
    return [
        each if each.kind == "api_key" else replace(each, idle=_is_idle(each, roles))
        for each in found
        if owner is None or each.owner == owner
    ]


def _is_idle(credential: Credential, roles: Mapping[str, Role]) -> bool:
    role = roles.get(credential.owner or "")
    return role is not None and role not in MAKERS[credential.kind]


def give(
    conn: Connection, caller: Caller | None, credential: str, to: str, *, owner: str | None = None
) -> None:
    """Make another account its owner; with `owner`, only if it was that account's.

    Raises ReauthenticationNeeded, UnknownCredential, UnknownAccount, Invalid for an account that
    could not create one, and NotToGive for the caller's own: it would survive its maker's shut-out,
    or lesser role, in the hands of the same person.
    """
    reauthentication.require(caller)
    kind = kind_of(conn, credential, owner)
    if caller is not None:
        _check_giver(conn, caller, TABLES[kind], credential)
    account = require_owner(conn, kind, to)
    table = TABLES[kind]
    conn.execute(update(table).where(table.c.id == credential).values(owner=to))
    if kind == "guest":
        of_guest = select(tables.guests.c.source).where(tables.guests.c.id == credential)
        keys = tables.stream_keys
        conn.execute(update(keys).where(keys.c.source.in_(of_guest)).values(owner=to))
    audit.record_action(conn, caller, "credential.give", credential, kind=kind, name=account)


def _check_giver(conn: Connection, caller: Caller, table: Table, credential: str) -> None:
    if caller.by_key:
        raise NotToGive(
            "Nothing was changed: an API key gives nothing away. Sign in as a coordinator."
        )
    query = select(table.c.owner).where(table.c.id == credential)
    own = caller.account
    if own is not None and conn.execute(query).scalar() == own:
        raise NotToGive(
            "Nothing was changed: this is your own, and ends with your account. Another "
            "coordinator gives it on, or makes one."
        )


def require_owner(conn: Connection, kind: CredentialKind, account: str) -> str:
    """Return the name of the account. Raises UnknownAccount, and Invalid for an account that may
    not create this kind.
    """
    query = select(tables.accounts).where(tables.accounts.c.id == account)
    row = conn.execute(query).one_or_none() if is_ulid(account) else None
    if row is None:
        raise UnknownAccount("No account has this identifier; the list of accounts shows them.")
    if row.disabled_at is not None or row.role not in MAKERS[kind]:
        message = f"Choose another: {row.name} can't own this, being " + (
            "shut out." if row.disabled_at is not None else f"a {row.role}."
        )
        raise Invalid(message, errors=[field_error("owner", "unfit-owner", message)])
    return str(row.name)


def end_all(conn: Connection, caller: Caller | None, owner: str) -> frozenset[str]:
    """End all credentials that this account owns; return the stream keys whose sessions must
    end.
    """
    now = now_ms()
    for kind, table in TABLES.items():
        works = [table.c.owner == owner]
        if kind == "stream_key":
            works += [table.c.revoked_at.is_(None), table.c.purpose != "guest"]
        elif kind == "guest":
            works.append(table.c.ended_at.is_(None))
        elif kind == "invitation":
            works.append(table.c.used_at.is_(None))
        query = select(table)
        if "source" in table.c:
            query = query.add_columns(tables.sources.c.label, tables.sources.c.broadcast)
            query = query.join(tables.sources, table.c.source == tables.sources.c.id)
        rows = conn.execute(query.where(*works)).mappings().all()
        if len(rows) > NOTED_EACH:
            audit.record_action(conn, caller, _ENDED[kind], keys=len(rows))
            continue
        for row in rows:
            where = row.get("broadcast")
            audit.record_action(
                conn, caller, _ENDED[kind], row["id"], broadcast=where, label=row["label"]
            )
    keys, guests, invitations = tables.stream_keys, tables.guests, tables.invitations
    conn.execute(delete(tables.api_keys).where(tables.api_keys.c.owner == owner))
    conn.execute(
        delete(invitations).where(invitations.c.owner == owner, invitations.c.used_at.is_(None))
    )
    conn.execute(
        update(guests)
        .where(guests.c.owner == owner, guests.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    ended = conn.execute(
        select(keys.c.id).where(keys.c.owner == owner, keys.c.ended_at.is_(None))
    ).scalars()
    stream_keys = frozenset(ended)
    conn.execute(
        update(keys)
        .where(keys.c.owner == owner, keys.c.ended_at.is_(None))
        .values(ended_at=now, revoked_at=func.coalesce(keys.c.revoked_at, now))
    )
    return stream_keys


def kind_of(conn: Connection, credential: str, owner: str | None = None) -> CredentialKind:
    """Return the kind of a credential that has not ended; with `owner` only of that account's.

    Raises UnknownCredential.
    """
    if is_ulid(credential):
        for kind, table in TABLES.items():
            query = select(table.c.id).where(table.c.id == credential)
            if owner is not None:
                query = query.where(table.c.owner == owner)
            if kind == "stream_key":
                # A guest's key ends with the link.
                query = query.where(table.c.ended_at.is_(None), table.c.purpose != "guest")
            elif kind == "guest":
                query = query.where(table.c.ended_at.is_(None))
            elif kind == "invitation":
                query = query.where(table.c.used_at.is_(None))
            if conn.execute(query).first() is not None:
                return kind
    raise UnknownCredential("There is no such key or link any more; the list shows them.")


def _api_keys(conn: Connection, now: int) -> Iterable[Credential]:
    for key in api_keys.list_keys(conn):
        if key.expires_at is None or key.expires_at > now:
            yield Credential(
                key.id,
                "api_key",
                key.owner,
                key.label,
                key.created_at,
                key.expires_at,
                role=key.role,
                acts_as=key.acts_as,
                has_every_centre=key.has_every_centre,
                idle=key.acts_as is None,
                used_at=key.used_at,
                made_by=key.made_by,
            )


def _invitations(conn: Connection, now: int) -> Iterable[Credential]:
    table = tables.invitations.c
    for row in conn.execute(
        select(tables.invitations)
        .where(table.used_at.is_(None), table.expires_at > now)
        .order_by(table.id)
    ):
        yield Credential(
            row.id,
            "invitation",
            row.owner,
            row.label,
            row.created_at,
            row.expires_at,
            role=row.role,
            made_by=row.made_by,
        )


def _stream_keys(
    conn: Connection, now: int, broadcasts: Iterable[str]
) -> list[tuple[Credential, bool]]:
    """Return the keys of the farm's own cameras, and whether each works. `sending`: it was used
    last of its source's keys, so that a running session would be its.
    """
    table = tables.stream_keys.c
    query = (
        select(tables.stream_keys, tables.sources.c.broadcast, tables.sources.c.label)
        .join(tables.sources, table.source == tables.sources.c.id)
        .where(
            tables.sources.c.broadcast.in_(list(broadcasts)),
            tables.sources.c.guest.is_(False),
            table.ended_at.is_(None),
        )
        .order_by(table.id)
    )
    rows = conn.execute(query).all()
    latest: dict[str, int] = {}
    for row in rows:
        latest[row.source] = max(latest.get(row.source, 0), row.used_at or 0)
    return [
        (
            Credential(
                row.id,
                "stream_key",
                row.owner,
                row.label,
                row.created_at,
                row.expires_at,
                purpose=row.purpose,
                used_at=row.used_at,
                broadcast=row.broadcast,
                source=row.source,
                sending=(row.used_at or 0) == latest[row.source],
                made_by=row.made_by,
            ),
            row.revoked_at is None and (row.expires_at is None or row.expires_at > now),
        )
        for row in rows
    ]


def _guests(conn: Connection, now: int, broadcasts: Iterable[str]) -> list[tuple[Credential, bool]]:
    table = tables.guests.c
    query = (
        select(tables.guests, tables.sources.c.broadcast, tables.sources.c.label)
        .join(tables.sources, table.source == tables.sources.c.id)
        .where(
            tables.sources.c.broadcast.in_(list(broadcasts)),
            table.ended_at.is_(None),
            table.expires_at > now,
        )
        .order_by(table.id)
    )
    return [
        (
            Credential(
                row.id,
                "guest",
                row.owner,
                row.label,
                row.created_at,
                row.expires_at,
                purpose="guest",
                broadcast=row.broadcast,
                source=row.source,
                sending=True,
                made_by=row.made_by,
            ),
            True,
        )
        for row in conn.execute(query)
    ]
