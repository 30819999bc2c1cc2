"""Accounts: people who sign in by name and password, each with one role, a seller with farms, a
clerk with centres.

Functions for the store. passwords.py hashes passwords, core/sessions.py keeps sessions.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from farmlive.clock import now_ms
from farmlive.ids import is_ulid, ulid
from farmlive.people.accounts import sign_ins
from farmlive.people.core import sessions, tables
from farmlive.people.core.nicknames import claims_authority, is_blank, is_like_any, likeness
from farmlive.people.core.problems import LastCoordinator, NameTaken, UnknownAccount
from farmlive.people.core.roles import Role
from farmlive.people.core.scope import centres_of, farms_of, split_centres, stored_centres
from farmlive.problems import Invalid, field_error

# Roles that do not run broadcasts; in the chat they write as viewers do.
OTHERS: tuple[Role, ...] = ("seller", "clerk")
# The same message for sign-in names and display names, so that it reveals no sign-in name.
_TAKEN = (
    "Someone signs in by this name, or viewers would take you for the host or a colleague: take "
    "another."
)
_NAME = re.compile(r"[\w.\-]{1,40}")


@dataclass(frozen=True)
class Account:
    """One account; `disabled_at`, `created_at` and `password_until` are milliseconds since 1970.

    `password_until` is when a password made by another person expires; None for one that its owner
    chose. `password_weak`: the last sign-in showed that it breaks a rule of password_rules.py.
    `centres` is None for a clerk from before clerks belonged to centres: all of them.
    `factor_asked_at` is when its seven days without a second factor began, `factor_extensions` how
    often a coordinator has extended them. `made_by` is the account that made or invited it.
    """

    id: str
    name: str
    role: Role
    created_at: int
    disabled_at: int | None
    farms: frozenset[str]
    centres: frozenset[str] | None
    password_hash: str = field(repr=False)
    display_name: str | None = None
    password_until: int | None = None
    password_weak: bool = False
    second_factor: bool = False
    factor_asked_at: int | None = None
    factor_extensions: int = 0
    made_by: str | None = None


def canonical_name(name: str) -> str:
    """Return the canonical form of a name: NFKC, lower case, no surrounding space."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def check_name(name: str) -> str:
    """Return the canonical name. Raises Invalid for one that can't be typed or read out."""
    name = canonical_name(name)
    if not _NAME.fullmatch(name):
        message = (
            "A sign-in name is 1 to 40 letters, digits, dots, dashes or underscores, "
            "without spaces."
        )
        raise Invalid(message, errors=[field_error("name", "sign-in-name", message)])
    return name


def add(
    conn: Connection,
    name: str,
    password_hash: str,
    role: Role,
    farms: Iterable[str] = (),
    centres: Iterable[str] | None = (),
    display_name: str | None = None,
    password_until: int | None = None,
    made_by: str | None = None,
) -> Account:
    """Insert a new account.

    `centres` is None for the clerk of an invitation from before clerks belonged to centres.
    `made_by` is the account that makes or invited it. Raises NameTaken, and Invalid if role, farms
    and centres don't fit, or if viewers would read a sign-in name.
    """
    name = check_name(name)
    own = farms_of(role, farms)
    of_clerk = None if centres is None and role == "clerk" else centres_of(role, centres or ())
    if find(conn, name):
        raise NameTaken(f"An account named {name} exists. Nothing was changed; take another name.")
    if likeness(name) in {likeness(shown) for shown in display_names(conn)}:
        message = (
            "Viewers see this as someone's name, and sign-in names are secret. Choose another one."
        )
        raise Invalid(message, errors=[field_error("name", "name-is-shown", message)])
    identifier = ulid()
    shown = canonical_display_name(conn, display_name, role, identifier, name)
    account = Account(
        identifier,
        name,
        role,
        now_ms(),
        None,
        own,
        of_clerk,
        password_hash,
        shown,
        password_until,
        made_by=made_by,
    )
    conn.execute(
        tables.accounts.insert().values(
            id=account.id,
            name=name,
            role=role,
            created_at=account.created_at,
            farms=sorted(own),
            centres=split_centres(of_clerk),
            password_hash=password_hash,
            display_name=shown,
            password_until=password_until,
            made_by=made_by,
        )
    )
    return account


def display_names(conn: Connection, *, but: str = "") -> list[str]:
    """Return the display names of all enabled accounts, except the account `but`."""
    shown = tables.accounts.c.display_name
    query = select(shown).where(
        shown.is_not(None), tables.accounts.c.disabled_at.is_(None), tables.accounts.c.id != but
    )
    return list(conn.execute(query).scalars())


def canonical_display_name(
    conn: Connection, display_name: str | None, role: Role, account: str, own: str | None = None
) -> str | None:
    """Return the canonical display name of an account; None for none.

    Raises Invalid for a blank one; for one that equals or resembles a sign-in name; and for one
    with which a seller or a clerk would pass for the host or another member of the team. `own` is
    the sign-in name of an account that does not exist yet.
    """
    if display_name is None:
        return None
    shown, code, message = likeness(display_name), "", ""
    names = {*conn.execute(select(tables.accounts.c.name)).scalars(), own or ""} - {""}
    others = {likeness(each) for each in display_names(conn, but=account)}
    if is_blank(display_name):
        code, message = "invisible-name", "Enter a visible name."
    elif shown in {likeness(each) for each in names} or (
        role in OTHERS and (claims_authority(display_name) or is_like_any(display_name, others))
    ):
        code, message = "name-is-secret", _TAKEN
    if message:
        raise Invalid(message, errors=[field_error("display_name", code, message)])
    return display_name


def find(conn: Connection, name: str) -> Account | None:
    """Return the account with that name, or None."""
    name = canonical_name(name)
    if not _NAME.fullmatch(name):
        return None
    row = conn.execute(select(tables.accounts).where(tables.accounts.c.name == name)).one_or_none()
    return _account(row) if row else None


def list_accounts(conn: Connection) -> list[Account]:
    """Return all accounts, by name."""
    rows = conn.execute(select(tables.accounts).order_by(tables.accounts.c.name))
    return [_account(row) for row in rows]


def count(conn: Connection) -> int:
    """Return the number of accounts."""
    return conn.execute(select(func.count()).select_from(tables.accounts)).scalar_one()


def get_by_name(conn: Connection, name: str) -> Account:
    """Return the account with that name. Raises UnknownAccount."""
    account = find(conn, name)
    if account is None:
        raise UnknownAccount(f"No account is named {canonical_name(name)}.")
    return account


def get(conn: Connection, account: str) -> Account:
    """Return the account with that id. Raises UnknownAccount."""
    if is_ulid(account):
        query = select(tables.accounts).where(tables.accounts.c.id == account)
        row = conn.execute(query).one_or_none()
        if row is not None:
            return _account(row)
    raise UnknownAccount("No account has this identifier; the list of accounts shows them.")


def set_password(
    conn: Connection,
    account: Account,
    password_hash: str,
    *,
    keep: str | None = None,
    until: int | None = None,
) -> None:
    """Change the password and end the account's sessions, except the one with the token `keep`.

    No device counts as known with the new password. `until` is when it expires.
    """
    conn.execute(
        update(tables.accounts)
        .where(tables.accounts.c.id == account.id)
        .values(password_hash=password_hash, password_until=until, password_weak=False)
    )
    sessions.end_all(conn, account.id, keep=keep)
    sign_ins.forget(conn, account.id)


def record_weak(conn: Connection, account: Account, weak: bool) -> None:
    """Record whether the password breaks a rule, unless it was changed meanwhile."""
    conn.execute(
        update(tables.accounts)
        .where(
            tables.accounts.c.id == account.id,
            tables.accounts.c.password_hash == account.password_hash,
        )
        .values(password_weak=weak)
    )


def record_second_factor(conn: Connection, account: str, *, has: bool) -> None:
    """Record whether a sign-in needs a second factor; with one, extensions are reset."""
    table = tables.accounts
    values = {"second_factor": has, "factor_extensions": 0} if has else {"second_factor": has}
    conn.execute(update(table).where(table.c.id == account).values(values))


def record_factor_asked(conn: Connection, account: str) -> int:
    """Record that the account must set up a second factor from now on, unless it is recorded;
    return since when.
    """
    table = tables.accounts
    conn.execute(
        update(table)
        .where(table.c.id == account, table.c.factor_asked_at.is_(None))
        .values(factor_asked_at=now_ms())
    )
    query = select(table.c.factor_asked_at).where(table.c.id == account)
    return int(conn.execute(query).scalar_one())


def forget_factor_asked(conn: Connection, account: str) -> None:
    """Restart the seven days when a second factor is next required."""
    table = tables.accounts
    conn.execute(
        update(table).where(table.c.id == account).values(factor_asked_at=None, factor_extensions=0)
    )


def extend_factor(conn: Connection, account: str, asked_at: int) -> None:
    """Start the days without a second factor at `asked_at`, and count an extension."""
    table = tables.accounts
    conn.execute(
        update(table)
        .where(table.c.id == account)
        .values(factor_asked_at=asked_at, factor_extensions=table.c.factor_extensions + 1)
    )


def change(
    conn: Connection,
    identifier: str,
    *,
    role: Role | None = None,
    farms: Iterable[str] | None = None,
    centres: Iterable[str] | None = None,
    disabled: bool | None = None,
    display_name: str | None = None,
) -> Account:
    """Change role, farms, centres, display name, or whether the account is disabled; return it with
    the change.

    Disabling ends its sessions; a new role applies to its open ones. A role other than seller
    removes the farms, one other than clerk the centres. Raises UnknownAccount, LastCoordinator, and
    Invalid if role, farms and centres don't fit.
    """
    # Writes are serialized: if two coordinators disable each other on two servers, the later write
    # fails.
    able = conn.execute(
        select(tables.accounts.c.id).where(
            tables.accounts.c.role == "coordinator", tables.accounts.c.disabled_at.is_(None)
        )
    ).scalars()
    others = set(able) - {identifier}
    account = get(conn, identifier)
    new_role = role or account.role
    kept = account.farms if new_role == "seller" else ()
    own = farms_of(new_role, kept if farms is None else farms)
    of_clerk = account.centres
    if centres is not None or new_role != account.role:
        of_clerk = centres_of(new_role, centres or ())
    out = account.disabled_at is not None if disabled is None else disabled
    if account.role == "coordinator" and (new_role != "coordinator" or out) and not others:
        raise LastCoordinator(
            f"{account.name} is the only coordinator. Nothing was changed; make another first."
        )
    conn.execute(
        update(tables.accounts)
        .where(tables.accounts.c.id == account.id)
        .values(
            role=new_role,
            farms=sorted(own),
            centres=split_centres(of_clerk),
            display_name=canonical_display_name(conn, display_name, new_role, account.id)
            or account.display_name,
            disabled_at=(account.disabled_at or now_ms()) if out else None,
        )
    )
    if out:
        sessions.end_all(conn, account.id)
        sign_ins.forget(conn, account.id)
    return get(conn, account.id)


def _account(row: Row[Any]) -> Account:
    centres = stored_centres(row.role, row.centres)
    return Account(**{**row._mapping, "farms": frozenset(row.farms), "centres": centres})
