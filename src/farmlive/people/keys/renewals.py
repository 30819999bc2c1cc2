"""Renewals: a new secret for a key or a link, with the same owner and rights, so that whoever made
it for someone else, and knows the old one, has nothing by it.

Functions for the store's doors; whose a credential is, credentials.py owns.
"""

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, or_, select, update

from farmlive.clock import now_ms
from farmlive.ids import token
from farmlive.people.accounts import reauthentication
from farmlive.people.core import audit, tables
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import NotToGive, ShutOut, UnknownCredential
from farmlive.people.core.sessions import hashed
from farmlive.people.keys import api_keys, credentials, stream_keys
from farmlive.people.keys.models import CredentialKind


@dataclass(frozen=True)
class Renewed:
    """What was renewed, and its new secret, which is not kept: a key, or the token of a link."""

    id: str
    kind: CredentialKind
    secret: str = field(repr=False)


def renew(conn: Connection, caller: Caller | None, credential: str) -> Renewed:
    """Give it a new secret. What is sent by the old one goes on; a guest's device comes in anew.

    The caller is who knows it from then on. Raises ReauthenticationNeeded, ShutOut,
    UnknownCredential for what does not work any more, and NotToGive: a program would have in its
    hands what outlives its own key.
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
        .values(hash=hashed(secret), made_by=maker)
    )
    if not renewed.rowcount:
        raise UnknownCredential("Nothing was changed: it works no more. The list shows the others.")
    if kind == "guest":
        source = select(tables.guests.c.source).where(tables.guests.c.id == credential)
        stream_keys.revoke_all(conn, conn.execute(source).scalar_one())
    audit.note(conn, caller, "credential.renew", credential, kind=kind)
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
