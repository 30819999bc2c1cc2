"""Renewals: a new secret for a key or a link, with the same owner and rights, so that a person who
made it for another, and knows the old secret, can't use it.

Functions for the store; credentials.py owns ownership.
"""

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, or_, select, update

from farmlive.clock import now_ms
from farmlive.ids import token
from farmlive.people.accounts import reauthentication
from farmlive.people.core import audit, tables
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import NotToGive, ShutOut, UnknownCredential
from farmlive.people.core.sessions import hash_secret
from farmlive.people.keys import api_keys, credentials, stream_keys
from farmlive.people.keys.models import CredentialKind


@dataclass(frozen=True)
class Renewed:
    """A renewed credential and its new secret, which is not stored: a key, or the token of a
    link.
    """

    id: str
    kind: CredentialKind
    secret: str = field(repr=False)


def renew(conn: Connection, caller: Caller | None, credential: str) -> Renewed:
    """Give it a new secret. A session opened with the old one goes on; a guest's device connects
    again.

    The caller becomes `made_by`. Raises ReauthenticationNeeded, ShutOut, UnknownCredential for an
    ended credential, and NotToGive for API keys as callers: a program would hold a secret that
    outlives its own key.
    """
    reauthentication.require(caller)
    kind = credentials.kind_of(conn, credential)
    if caller is not None and caller.by_key:
        raise NotToGive("Nothing was changed: an API key renews nothing. Sign in as a coordinator.")
    maker = caller.responsible if caller else None
    if credentials.is_shut_out(conn, maker):
        raise ShutOut("Nothing was changed: this account was shut out a moment ago.")
    secret = _drawn(kind)
    table = credentials.TABLES[kind]
    renewed = conn.execute(
        update(table)
        .where(table.c.id == credential, *_works(kind))
        .values(hash=hash_secret(secret), made_by=maker)
    )
    if not renewed.rowcount:
        raise UnknownCredential("Nothing was changed: it works no more. The list shows the others.")
    if kind == "guest":
        source = select(tables.guests.c.source).where(tables.guests.c.id == credential)
        stream_keys.revoke_all(conn, conn.execute(source).scalar_one())
    audit.record_action(conn, caller, "credential.renew", credential, kind=kind)
    return Renewed(credential, kind, secret)


def _drawn(kind: CredentialKind) -> str:
    if kind == "api_key":
        return api_keys.new_secret()
    if kind == "stream_key":
        return stream_keys.new_secret()
    return token()


def _works(kind: CredentialKind) -> tuple[ColumnElement[bool], ...]:
    if kind == "stream_key":
        return stream_keys.usable()
    end = credentials.TABLES[kind].c.expires_at
    return (or_(end.is_(None), end > now_ms()),)
