"""Invitations: links by which people create an account of their own, once, within seven days.

Functions for the store, and the class by which coordinators create, list and revoke them;
session_admin.py accepts one. The database has only the hash of the link's token.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from farmlive.clock import DAY_MS, now_ms
from farmlive.ids import is_ulid, token, ulid
from farmlive.people.accounts import reauthentication
from farmlive.people.core import audit, tables
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import InvitationOver, UnknownInvitation
from farmlive.people.core.roles import Role
from farmlive.people.core.scope import audit_detail, centres_of, farms_of, stored_centres
from farmlive.people.core.sessions import hash_secret
from farmlive.people.keys import credentials
from farmlive.store import Store

VALID_MS = 7 * DAY_MS
# How long an ended invitation is kept, so that its link can say why it has ended.
REMEMBERED_MS = 30 * DAY_MS

RequireScope = Callable[[Connection, Iterable[str], Iterable[str] | None], None]
"""Raises NotFound where one of these farms, or of these centres, does not exist."""


@dataclass(frozen=True)
class Invitation:
    """An invitation without its token; times in milliseconds since 1970.

    `centres` is None for a clerk's invitation from before clerks belonged to centres: all of them.
    `made_by` is the account that was shown the token.
    """

    id: str
    role: Role
    farms: frozenset[str]
    centres: frozenset[str] | None
    label: str | None
    created_at: int
    expires_at: int
    owner: str | None = None
    made_by: str | None = None


def add(
    conn: Connection,
    role: Role,
    farms: Iterable[str],
    label: str | None,
    centres: Iterable[str] = (),
    *,
    owner: str | None = None,
) -> tuple[Invitation, str]:
    """Insert an invitation; return it and its token, which is not stored.

    Raises Invalid if role, farms and centres don't fit.
    """
    now = now_ms()
    conn.execute(
        delete(tables.invitations).where(tables.invitations.c.expires_at < now - REMEMBERED_MS)
    )
    secret = token()
    own, of_clerk = farms_of(role, farms), centres_of(role, centres)
    invitation = Invitation(ulid(), role, own, of_clerk, label, now, now + VALID_MS, owner, owner)
    conn.execute(
        tables.invitations.insert().values(
            id=invitation.id,
            hash=hash_secret(secret),
            role=role,
            farms=sorted(own),
            centres=sorted(of_clerk),
            label=label,
            created_at=now,
            expires_at=invitation.expires_at,
            owner=owner,
            made_by=owner,
        )
    )
    return invitation, secret


def list_open(conn: Connection) -> list[Invitation]:
    """Return the open invitations, the oldest first."""
    rows = conn.execute(
        select(tables.invitations)
        .where(tables.invitations.c.used_at.is_(None), tables.invitations.c.expires_at > now_ms())
        .order_by(tables.invitations.c.id)
    )
    return [_invitation(row) for row in rows]


def find(conn: Connection, secret: str) -> Invitation:
    """Return the invitation with that token. Raises UnknownInvitation, and InvitationOver for an
    ended one.
    """
    row = conn.execute(
        select(tables.invitations).where(tables.invitations.c.hash == hash_secret(secret))
    ).one_or_none()
    if row is None:
        raise UnknownInvitation(
            "This link is not known, or it was taken back. Ask the coordinator for a new one."
        )
    if row.used_at is not None:
        raise InvitationOver(
            "This link was used already, and works once. Sign in by the name that was chosen; if "
            "it was not you, tell the coordinator."
        )
    if row.expires_at <= now_ms():
        raise InvitationOver("This link worked for seven days. Ask the coordinator for a new one.")
    if credentials.is_shut_out(conn, row.owner):
        raise InvitationOver(
            "Whoever sent this link works here no more. Ask a coordinator for one."
        )
    if not credentials.may_own(conn, "invitation", row.owner):
        raise InvitationOver(
            "Whoever sent this link is no coordinator any more. Ask a coordinator for one."
        )
    return _invitation(row)


def use(conn: Connection, invitation: Invitation, account: str) -> None:
    """Record that it was accepted. Raises InvitationOver if another request accepted it first."""
    taken = conn.execute(
        update(tables.invitations)
        .where(tables.invitations.c.id == invitation.id, tables.invitations.c.used_at.is_(None))
        .values(used_at=now_ms(), account=account)
    )
    if not taken.rowcount:
        raise InvitationOver("This link was used a moment ago, and works once.")


def revoke(conn: Connection, invitation: str) -> None:
    """Revoke an open invitation. Raises UnknownInvitation."""
    query = delete(tables.invitations).where(
        tables.invitations.c.id == invitation, tables.invitations.c.used_at.is_(None)
    )
    if not is_ulid(invitation) or not conn.execute(query).rowcount:
        raise UnknownInvitation("There is no such open invitation; the list shows them.")


class Invitations:
    """Creates, lists and revokes invitations."""

    def __init__(self, store: Store, require: RequireScope):
        self._store = store
        self._require = require

    async def add(
        self,
        caller: Caller,
        role: Role,
        farms: Iterable[str],
        label: str | None,
        centres: Iterable[str] = (),
    ) -> tuple[Invitation, str]:
        """Create an invitation; return it and its token, which is never shown again.

        Raises Invalid, NotFound for an unknown farm or centre, and ReauthenticationNeeded, because
        a link gives a role away.
        """
        reauthentication.require(caller)

        def write(conn: Connection) -> tuple[Invitation, str]:
            owner = credentials.owner_of(conn, caller)
            made, token = add(conn, role, farms, label, centres, owner=owner)
            self._require(conn, made.farms, made.centres)
            audit.record_action(
                conn,
                caller,
                "invitation.add",
                made.id,
                name=made.label,
                **audit_detail(made.role, made.farms, made.centres),
            )
            return made, token

        return await self._store.write(write)

    async def all(self) -> list[Invitation]:
        """Return the open invitations, the oldest first."""
        return await self._store.read(list_open)

    async def find(self, token: str) -> Invitation:
        """Return the invitation with that token. Raises UnknownInvitation, InvitationOver."""
        return await self._store.read(lambda conn: find(conn, token))

    async def revoke(self, caller: Caller, invitation: str) -> None:
        """Revoke an open invitation. Raises UnknownInvitation."""

        def write(conn: Connection) -> None:
            revoke(conn, invitation)
            audit.record_action(conn, caller, "invitation.revoke", invitation)

        await self._store.write(write)


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        row.id,
        row.role,
        frozenset(row.farms),
        stored_centres(row.role, row.centres),
        row.label,
        row.created_at,
        row.expires_at,
        row.owner,
        row.made_by,
    )
