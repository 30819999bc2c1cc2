"""Passkeys (W3C Web Authentication, level 3) as a second factor: options for the browser, and its
responses.

A challenge is random, for one account, one device and one purpose, valid for five minutes and used
once, whatever the result. Functions for the store; a library verifies signatures.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import webauthn
from sqlalchemy import Connection, Row, delete, insert, select, update
from webauthn.helpers import (
    options_to_json_dict,
    parse_client_data_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from farmlive.clock import now_ms
from farmlive.ids import token, ulid
from farmlive.people.accounts import sign_ins
from farmlive.people.core import tables
from farmlive.people.factors.relying_party import Site

CHALLENGE_MS = 5 * 60 * 1000
# Per purpose and device: anyone who has the password can request many.
CHALLENGES = 20
MOST = 20
_LONGEST_ID = 1023  # bytes (section 7.1, step 25); in the column as base64
_TRANSPORTS = {each.value for each in AuthenticatorTransport}

Purpose = Literal["sign_in", "reauth", "add"]
Options = dict[str, Any]


@dataclass(frozen=True)
class Passkey:
    """A passkey; times in milliseconds since 1970, `used_at` None before its first use.

    `sign_count` stays 0 for passkeys that are synchronized between devices.
    """

    id: str
    account: str
    rp_id: str
    name: str
    created_at: int
    used_at: int | None
    sign_count: int
    credential: str = field(repr=False)
    public_key: str = field(repr=False)
    transports: tuple[str, ...] = ()


class Refused(Exception):
    """The browser's response is not valid; the message is for a test's log."""


def list_passkeys(conn: Connection, account: str) -> list[Passkey]:
    """Return the account's passkeys, oldest first."""
    table = tables.passkeys
    rows = conn.execute(select(table).where(table.c.account == account).order_by(table.c.id))
    return [_passkey(row) for row in rows]


def find(conn: Connection, account: str, credential: str, site: Site) -> Passkey | None:
    """Return the account's passkey by its credential's id."""
    table = tables.passkeys
    query = select(table).where(
        table.c.account == account, table.c.credential == credential, table.c.rp_id == site.rp_id
    )
    row = conn.execute(query).one_or_none()
    return _passkey(row) if row else None


def is_taken(conn: Connection, credential: str) -> bool:
    """Return whether any account has a passkey with that id (section 7.1, step 26)."""
    table = tables.passkeys
    return (
        conn.execute(select(table.c.id).where(table.c.credential == credential)).first() is not None
    )


def add(conn: Connection, passkey: Passkey) -> None:
    """Insert a passkey."""
    values = {**vars(passkey), "transports": list(passkey.transports)}
    conn.execute(insert(tables.passkeys), values)


def use(conn: Connection, passkey: Passkey, sign_count: int) -> bool:
    """Record its use; return False if it was used or removed since it was read."""
    table = tables.passkeys
    query = (
        update(table)
        .where(table.c.id == passkey.id, table.c.sign_count == passkey.sign_count)
        .values(sign_count=sign_count, used_at=now_ms())
    )
    return conn.execute(query).rowcount > 0


def remove(conn: Connection, account: str, passkey: str | None = None) -> int:
    """Delete the account's passkey with that id, or all; return how many."""
    table = tables.passkeys
    query = delete(table).where(table.c.account == account)
    if passkey is not None:
        query = query.where(table.c.id == passkey)
    return conn.execute(query).rowcount


# Challenges.


def begin_challenge(conn: Connection, account: str, device: str, purpose: Purpose) -> str:
    """Draw and store a challenge.

    Above 20 of a purpose the oldest is dropped: of this device's if the account signed in on it
    before, else of all other devices' together. So a stranger who has the password evicts neither a
    known device's challenges nor a session's.
    """
    table = tables.passkey_challenges
    now = now_ms()
    conn.execute(delete(table).where(table.c.expires_at <= now))
    if sign_ins.is_known(conn, account, device):
        together = table.c.device == device
    else:
        together = table.c.device.not_in(sign_ins.known_devices_query(account))
    older = (
        select(table.c.challenge)
        .where(table.c.account == account, table.c.purpose == purpose, together)
        .order_by(table.c.expires_at.desc(), table.c.challenge)
        .offset(CHALLENGES - 1)
    )
    for each in conn.execute(older).scalars().all():
        conn.execute(delete(table).where(table.c.challenge == each))
    challenge = token() + token()
    conn.execute(
        insert(table),
        {
            "challenge": challenge,
            "account": account,
            "device": device,
            "purpose": purpose,
            "expires_at": now + CHALLENGE_MS,
        },
    )
    return challenge


def use_challenge(
    conn: Connection, challenge: str, account: str, device: str, purpose: Purpose
) -> bool:
    """Use a challenge up; return False if there is none for exactly this purpose."""
    table = tables.passkey_challenges
    query = delete(table).where(
        table.c.challenge == challenge,
        table.c.account == account,
        table.c.device == device,
        table.c.purpose == purpose,
        table.c.expires_at > now_ms(),
    )
    return conn.execute(query).rowcount > 0


def forget_challenges(conn: Connection, account: str) -> None:
    """Delete all challenges of an account."""
    table = tables.passkey_challenges
    conn.execute(delete(table).where(table.c.account == account))


# Options for the browser, and its responses.


def creation_options(
    site: Site, challenge: str, account: str, name: str, known: Iterable[Passkey]
) -> Options:
    """Return the options of `navigator.credentials.create`, in JSON."""
    return options_to_json_dict(
        webauthn.generate_registration_options(
            rp_id=site.rp_id,
            rp_name="farmlive",
            user_id=account.encode(),
            user_name=name,
            challenge=_bytes(challenge),
            timeout=CHALLENGE_MS,
            exclude_credentials=[_descriptor(each) for each in known if each.rp_id == site.rp_id],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
        )
    )


def request_options(site: Site, challenge: str, known: Iterable[Passkey]) -> Options:
    """Return the options of `navigator.credentials.get`, in JSON."""
    return options_to_json_dict(
        webauthn.generate_authentication_options(
            rp_id=site.rp_id,
            challenge=_bytes(challenge),
            timeout=CHALLENGE_MS,
            allow_credentials=[_descriptor(each) for each in known],
            user_verification=UserVerificationRequirement.PREFERRED,
        )
    )


def challenge_in(answer: Mapping[str, Any]) -> str:
    """Return the challenge in a browser's response. Raises Refused."""
    try:
        sent = answer["response"]["clientDataJSON"]
        return _text(parse_client_data_json(_bytes(sent)).challenge)
    except Exception as error:  # input of strangers
        raise Refused("there is no challenge in it") from error


def credential_in(answer: Mapping[str, Any]) -> str:
    """Return the credential's id in a browser's response. Raises Refused."""
    found = answer.get("id")
    if not isinstance(found, str):
        raise Refused("it names no credential")
    return found


def verify_registration(
    site: Site, challenge: str, account: str, name: str, answer: Mapping[str, Any]
) -> Passkey:
    """Return the new passkey in a response of `create` (section 7.1). Raises Refused."""
    try:
        verified = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=_bytes(challenge),
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
        )
    except Exception as error:  # input of strangers
        raise Refused(str(error)) from error
    if len(verified.credential_id) > _LONGEST_ID:
        raise Refused("its id is too long")
    sent = answer["response"].get("transports")
    transports = sorted(_TRANSPORTS.intersection(sent if isinstance(sent, list) else ()))
    return Passkey(
        id=ulid(),
        account=account,
        rp_id=site.rp_id,
        name=name,
        created_at=now_ms(),
        used_at=None,
        sign_count=verified.sign_count,
        credential=_text(verified.credential_id),
        public_key=_text(verified.credential_public_key),
        transports=tuple(transports),
    )


def verify_authentication(
    site: Site, challenge: str, passkey: Passkey, answer: Mapping[str, Any]
) -> int:
    """Return the counter in a response of `get` by this passkey (section 7.2). Raises Refused."""
    try:
        verified = webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=_bytes(challenge),
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=_bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
        )
    except Exception as error:  # input of strangers
        raise Refused(str(error)) from error
    return verified.new_sign_count


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        id=_bytes(passkey.credential),
        transports=[AuthenticatorTransport(each) for each in passkey.transports] or None,
    )


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(**{**row._mapping, "transports": tuple(row.transports)})


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
