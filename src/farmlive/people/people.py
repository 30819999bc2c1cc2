"""The room's object: accounts, sessions and API keys, each question one crossing of the store.

The SQL is in the modules named after what they hold; guard.py decides who may ask. `caller` is
whom the audit list names; None is the server itself.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from farmlive.again import Again
from farmlive.bus import Bus
from farmlive.clock import now_ms
from farmlive.ids import is_ulid
from farmlive.people import (
    accounts,
    api_keys,
    audit,
    credentials,
    first_sign_in,
    invitations,
    password_rules,
    passwords,
    scope,
    sessions,
    sign_ins,
    stream_keys,
)
from farmlive.people.access_log import AccessLog
from farmlive.people.accounts import Account
from farmlive.people.api_keys import ApiKey
from farmlive.people.audit import Deed
from farmlive.people.blocks import Blocks
from farmlive.people.caller import Caller
from farmlive.people.cookies import Cookies
from farmlive.people.credentials import Airings, Credential
from farmlive.people.devices import Pseudonyms
from farmlive.people.guests import Guests
from farmlive.people.invitations import Invitations
from farmlive.people.key_uses import KeyUses
from farmlive.people.limits import RateLimits
from farmlive.people.models import AccountChange, KeyRole, Role
from farmlive.people.problems import NoPassword, PasswordOver, WrongPassword
from farmlive.people.refusals import Refusals
from farmlive.people.sessions import Lifetime, OpenSession, Session
from farmlive.people.sources import Source
from farmlive.people.stream_keys import StreamKeys
from farmlive.people.team_names import TeamNames
from farmlive.problems import Invalid, Unavailable
from farmlive.settings import Settings
from farmlive.store import Store

# Changes of its own display name that an account may try in a minute.
NAMES_A_MINUTE = 5
FORGET_S = 3_600.0
# So many old rows of the audit list are deleted in one step, and no order waits longer for it.
FORGET_AT_ONCE = 500
_DAY_MS = 24 * 60 * 60 * 1000
_NOBODY = "Nobody was signed in. Check name and password and try again."
_CHANGED = "Nothing was changed: the password is another meanwhile. Sign in anew."

Require = Callable[[Connection, str], object]
"""Raises NotFound for an unknown farm or centre."""


class People:
    """The room's one object: accounts, sessions, keys, sources, guests, limits and blocks."""

    def __init__(self, store: Store, settings: Settings):
        self.settings = settings
        self.cookies = Cookies(secure=settings.secure)
        self.limits = RateLimits()
        self.pseudonyms = Pseudonyms(store)
        self.refusals = Refusals(self.pseudonyms)
        self.blocks = Blocks(store, self.pseudonyms, self.refusals, settings.phone_country)
        self.team_names = TeamNames(store)
        self.guests = Guests(store, self.limits, settings)
        self.invitations = Invitations(store, self._require)
        self.stream_keys = StreamKeys(store, settings)
        self.key_uses = KeyUses(store)
        self.access = AccessLog(store)
        self.limits.on_refusal(self.refusals.limited)
        self._store = store
        self._passwords = passwords.Passwords()
        self._lifetime = Lifetime.of(settings.session_idle_minutes, settings.session_days)
        self._require_farm: Require = lambda _connection, _farm: None
        self._require_centre: Require = lambda _connection, _centre: None
        self._airings: Airings = lambda _connection: {}
        self._shut_out: Callable[[frozenset[str]], None] = lambda _stream_keys: None
        self._forgetting = Again(
            FORGET_S, self.forget_deeds, "old audit entries were not deleted", at_once=True
        )

    async def start(self) -> None:
        """Write to the audit list what is counted, and forget what is older than it keeps."""
        await self.access.start()
        await self._forgetting.start()

    async def stop(self) -> None:
        """Write what is counted, and no more."""
        await self._forgetting.stop()
        await self.access.stop()

    def share(self, bus: Bus) -> None:
        """Count together with the other servers on this bus."""
        self.limits.share(bus)
        self.refusals.share(bus)

    def farms_by(self, require: Require) -> None:
        """Set the check that a seller's farm exists."""
        self._require_farm = require

    def centres_by(self, require: Require) -> None:
        """Set the check that a clerk's centre exists."""
        self._require_centre = require

    def airings_by(self, look: Airings) -> None:
        """Set the look-up of what broadcasts have on air."""
        self._airings = look

    def on_shut_out(self, hear: Callable[[frozenset[str]], None]) -> None:
        """Tell this, after the commit, of the stream keys that ended with their owner."""
        self._shut_out = hear

    # Accounts.

    async def first_start(self) -> tuple[str, str] | None:
        """Make the coordinator `coordinator` where there is no account: name and first password."""
        if await self._store.read(accounts.count):
            return None
        password = passwords.readable()
        hashed = await self._passwords.hash(password)

        def add(conn: Connection) -> tuple[str, str] | None:
            if accounts.count(conn):
                return None
            until = now_ms() + passwords.FIRST_MS
            made = accounts.add(conn, "coordinator", hashed, "coordinator", password_until=until)
            return made.name, password

        return await self._store.write(add)

    async def create_account(
        self,
        name: str,
        role: Role,
        password: str | None = None,
        farms: Iterable[str] = (),
        centres: Iterable[str] = (),
        *,
        display_name: str | None = None,
        first: bool = False,
        caller: Caller | None = None,
    ) -> tuple[Account, str]:
        """Make an account; the second is its password, a random one where none was given.

        Viewers read `display_name` of it, and never the name. A `first` password works for 24 hours
        and is changed at the first sign-in.

        Raises Invalid, PasswordRefused, NameTaken, and NotFound for an unknown farm or centre.
        """
        name = accounts.checked(name)
        own, of_clerk = scope.farms_of(role, farms), scope.centres_of(role, centres)
        password = passwords.readable() if password is None else password
        password_rules.check(password, (name, display_name))
        hashed = await self._passwords.hash(password)

        def add(conn: Connection) -> Account:
            self._require(conn, own, of_clerk)
            until = now_ms() + passwords.FIRST_MS if first else None
            account = accounts.add(
                conn, name, hashed, role, own, of_clerk, display_name, password_until=until
            )
            _note(conn, caller, "account.add", account)
            return account

        account = await self._store.write(add)
        self.team_names.changed()
        return account, password

    async def change_account(
        self, account: str, change: AccountChange, *, caller: Caller | None = None
    ) -> Account:
        """Change role, farms, centres, display name, or disable the account; effective at its next
        request. All that a disabled one made ends, but what the change gives to others.

        Raises UnknownAccount, LastCoordinator, Invalid, UnknownCredential, and NotFound for an
        unknown farm or centre.
        """

        def write(conn: Connection) -> tuple[Account, frozenset[str]]:
            self._require(conn, change.farms or (), change.centres or ())
            changed = accounts.change(
                conn,
                account,
                role=change.role,
                farms=change.farms,
                centres=change.centres,
                disabled=change.disabled,
                display_name=change.display_name,
            )
            disabled = changed.disabled_at is not None
            more = {} if change.display_name is None else {"display_name": change.display_name}
            _note(conn, caller, "account.change", changed, disabled=disabled, **more)
            for credential, to in change.give.items():
                credentials.give(conn, caller, credential, to, owner=changed.id)
            ended = credentials.end_all(conn, caller, changed.id) if disabled else frozenset()
            return changed, ended

        changed, ended = await self._store.write(write)
        self.team_names.changed()
        if ended:
            self._shut_out(ended)
        return changed

    async def show_as(self, caller: Caller, display_name: str) -> Account:
        """Set the display name of the caller's own account.

        Raises NoPassword for an API key, which has none, Invalid, and TooMany: unlimited tries
        would reveal sign-in names.
        """
        if caller.account is None:
            raise NoPassword("An API key has its label. Revoke the key and make another.")
        self.limits.allow("display names", caller.account, NAMES_A_MINUTE, of="display names")
        change = AccountChange(display_name=display_name)
        return await self.change_account(caller.account, change, caller=caller)

    async def disable_account(
        self, name: str, *, give_to: str | None = None, caller: Caller | None = None
    ) -> None:
        """Shut the account with that name out; what it made ends, or goes to another, by its name.

        Raises UnknownAccount, LastCoordinator, and Invalid for one that can't own all of it.
        """
        account = await self.named(name)
        give = {}
        if give_to is not None:
            to = (await self.named(give_to)).id
            give = {each.id: to for each in await self.credentials(account.id)}
        change = AccountChange(disabled=True, give=give)
        await self.change_account(account.id, change, caller=caller)

    async def set_password(
        self, name: str, password: str | None = None, *, caller: Caller | None = None
    ) -> str:
        """Give the account with that name this password, or a random one, and end its sessions.

        A random one works for 24 hours and is changed at the first sign-in. Raises PasswordRefused
        and UnknownAccount.
        """
        account = await self._store.read(lambda conn: accounts.named(conn, name))
        return await self._set_password(account.id, password, caller)

    async def reset_password(self, account: str, *, caller: Caller) -> str:
        """Give the account a random password and end its sessions, as `set_password` does.

        Raises UnknownAccount.
        """
        return await self._set_password(account, None, caller)

    async def _set_password(
        self, identifier: str, password: str | None, caller: Caller | None
    ) -> str:
        chosen = password
        password = passwords.readable() if chosen is None else chosen
        hashed = await self._passwords.hash(password)

        def write(conn: Connection) -> str:
            account = accounts.known(conn, identifier)
            until = now_ms() + passwords.FIRST_MS if chosen is None else None
            password_rules.check(password, (account.name, account.display_name))
            accounts.set_password(conn, account, hashed, until=until)
            audit.note(conn, caller, "account.password", account.id, name=account.name)
            return account.name

        name = await self._store.write(write)
        await first_sign_in.remove(self.settings.data, name)
        return password

    async def change_password(self, caller: Caller, session: str, old: str, new: str) -> None:
        """Change the caller's own password and end all sessions but the one with this token.

        Raises NoPassword, WrongPassword, TooMany of them, and PasswordRefused.
        """
        if caller.account is None or caller.name is None:
            raise NoPassword("An API key has none. Revoke the key and make another.")
        own = caller.account
        account = await self._store.read(lambda conn: accounts.known(conn, own))
        with self.limits.failures(
            WrongPassword,
            self.settings.sign_ins_per_minute,
            ("password changes", f"{caller.device} {own}"),
            of=sign_ins.WRONG,
        ):
            if not await self._passwords.check(account.password_hash, old, known=True):
                self.access.failed(account.id, account.name)
                raise WrongPassword("Nothing was changed: the old password is another. Try again.")
        names = (account.name, account.display_name)
        password_rules.check(new, names, field="new", before=old)
        hashed = await self._passwords.hash(new)

        def write(conn: Connection) -> None:
            # A reset meanwhile is there to shut out whoever changes it now.
            _still(accounts.known(conn, own), account, _CHANGED)
            accounts.set_password(conn, account, hashed, keep=session)
            sign_ins.remember(conn, account.id, caller.device)
            audit.note(conn, caller, "account.password", account.id, name=account.name)

        await self._store.write(write)

    async def named(self, name: str) -> Account:
        """The account with that name. Raises UnknownAccount."""
        return await self._store.read(lambda conn: accounts.named(conn, name))

    async def accounts(self) -> list[Account]:
        """All accounts, by name."""
        return await self._store.read(accounts.every)

    async def accept(
        self,
        caller: Caller,
        token: str,
        name: str,
        password: str,
        display_name: str | None = None,
        *,
        browser: str | None = None,
    ) -> Session:
        """Make the account that the invitation is for, and sign it in.

        Raises UnknownInvitation, InvitationOver, Invalid, PasswordRefused, NameTaken; the
        invitation then still works where it did.
        """
        await self.invitations.find(token)
        name = accounts.checked(name)
        password_rules.check(password, (name, display_name))
        hashed = await self._passwords.hash(password)

        def write(conn: Connection) -> Session:
            invitation = invitations.find(conn, token)
            account = accounts.add(
                conn,
                name,
                hashed,
                invitation.role,
                invitation.farms,
                invitation.centres,
                display_name,
            )
            invitations.use(conn, invitation, account.id)
            own = Caller(account.id, name, account.role, caller.device, caller.address)
            _note(conn, own, "invitation.accept", account)
            return self._begin(conn, account, caller.device, browser)

        session = await self._store.write(write)
        self.team_names.changed()
        return session

    # Sessions.

    async def sign_in(
        self,
        name: str,
        password: str,
        caller: Caller,
        new_password: str | None = None,
        *,
        browser: str | None = None,
    ) -> Session:
        """Start a session, on the caller's device, where the one before it ends.

        A password that another made is changed to `new_password` by it. `browser` is what the
        list of sessions calls it.

        Raises WrongPassword, and TooMany of them: for the device where the account signed in on
        it before, else for its address, the block of addresses around it, or the name. Raises
        PasswordChangeNeeded without a `new_password`, PasswordOver, and PasswordRefused.
        """

        def read(conn: Connection) -> tuple[Account | None, str | None]:
            account = accounts.find(conn, name)
            known = account is not None and sign_ins.is_known(conn, account.id, caller.device)
            return account, account.id if account is not None and known else None

        account, known = await self._store.read(read)
        per_minute = self.settings.sign_ins_per_minute
        with sign_ins.guesses(
            self.limits, per_minute, caller, accounts.written(name), password, known
        ):
            hashed = account.password_hash if account and account.disabled_at is None else None
            fits = await self._passwords.check(hashed, password, known=known is not None)
            if not fits or account is None:
                self.access.failed(*((account.id, account.name) if account else (None, None)))
                raise WrongPassword(_NOBODY)
        if account.password_until is not None:
            return await self._sign_in_first(account, password, caller, new_password, browser)
        if new_password is not None:
            self.access.failed(account.id, account.name)
            raise Invalid("Leave `new_password` out: this password is your own. Nobody signed in.")
        weak = password_rules.flaw(password, (account.name, account.display_name)) is not None

        def write(conn: Connection) -> Session:
            now = accounts.known(conn, account.id)
            _still(now, account)
            if weak != now.password_weak:
                accounts.note_weak(conn, now, weak)
            return self._begin(conn, replace(now, password_weak=weak), caller.device, browser)

        return await self._store.write(write)

    async def _sign_in_first(
        self,
        account: Account,
        password: str,
        caller: Caller,
        new: str | None,
        browser: str | None,
    ) -> Session:
        """Start a session by a password that another made, in place of which `new` holds."""
        try:
            sign_ins.check_first(account.password_until, new)
        except PasswordOver:
            self.access.failed(account.id, account.name)
            raise
        names = (account.name, account.display_name)
        password_rules.check(new or "", names, field="new_password", before=password)
        hashed = await self._passwords.hash(new or "")

        def write(conn: Connection) -> Session:
            _still(accounts.known(conn, account.id), account)
            accounts.set_password(conn, account, hashed)
            own = Caller(account.id, account.name, account.role, caller.device, caller.address)
            audit.note(conn, own, "account.password", account.id, name=account.name)
            return self._begin(conn, accounts.known(conn, account.id), caller.device, browser)

        session = await self._store.write(write)
        await first_sign_in.remove(self.settings.data, account.name)
        return session

    def _begin(
        self, conn: Connection, account: Account, device: str, browser: str | None
    ) -> Session:
        sign_ins.remember(conn, account.id, device)
        own = Caller(account.id, account.name, account.role, device, None)
        audit.note(conn, own, "session.start", account.id, browser=browser)
        return sessions.begin(
            conn,
            account.id,
            account.name,
            account.role,
            self._lifetime,
            device=device,
            browser=browser,
            farms=account.farms,
            centres=account.centres,
            display_name=account.display_name,
            weak_password=account.password_weak,
        )

    async def find_session(self, token: str, *, is_use: bool = True) -> Session | None:
        """The session with that token, unless it is over; it goes on by a use."""
        session = await self._store.read(lambda conn: sessions.find(conn, token, self._lifetime))
        if session and is_use and session.used_at <= now_ms() - self._lifetime.used_every_ms:
            # What was asked goes on while nothing can be saved; the next use is kept then.
            with contextlib.suppress(Unavailable):
                await self._store.write(lambda conn: sessions.use(conn, token))
        return session

    async def sessions(self, caller: Caller, token: str) -> list[OpenSession]:
        """The caller's own sessions, the last used first; none of an API key."""
        own = caller.account
        if own is None:
            return []
        return await self._store.read(
            lambda conn: sessions.open_ones(conn, own, token, self._lifetime)
        )

    async def end_session(self, caller: Caller, session: str) -> None:
        """End one of the caller's own sessions. Raises UnknownSession."""

        def write(conn: Connection) -> None:
            sessions.end_one(conn, caller.account or "", session)
            audit.note(conn, caller, "session.end", caller.account, other=True)

        await self._store.write(write)

    async def sign_out(self, caller: Caller, token: str) -> None:
        """End the session of the caller."""

        def write(conn: Connection) -> None:
            if sessions.end(conn, token):
                audit.note(conn, caller, "session.end", caller.account)

        await self._store.write(write)

    # The audit list.

    async def deeds(self, before: str | None, limit: int) -> list[Deed]:
        """What staff did, the latest first, older than the deed `before`."""
        return await self._store.read(lambda conn: audit.deeds(conn, before, limit))

    async def count_deeds(self) -> int:
        """How many deeds the audit list has."""
        return await self._store.read(audit.count)

    async def forget_deeds(self) -> None:
        """Delete what is older than the audit list keeps, a step at a time."""
        before = now_ms() - self.settings.audit_days * _DAY_MS

        def step(conn: Connection) -> int:
            return audit.forget(conn, before, FORGET_AT_ONCE)

        while await self._store.write(step) == FORGET_AT_ONCE:
            pass

    # Keys.

    async def create_api_key(
        self,
        label: str,
        role: KeyRole,
        farms: Iterable[str] = (),
        centres: Iterable[str] = (),
        *,
        caller: Caller | None = None,
        owner: str | None = None,
        expires_at: int | None = None,
    ) -> tuple[ApiKey, str]:
        """Make an API key; the second is the secret, which is never shown again.

        Its owner is the caller's account, unless `owner` names another; it works until
        `expires_at`, in milliseconds since 1970. Raises Invalid where role, farms and centres don't
        fit, for a time that is past, and for an owner who is no coordinator, and NotFound for an
        unknown farm or centre.
        """
        if expires_at is not None and expires_at <= now_ms():
            message = "A key works until a time to come; leave it out for no end."
            raise Invalid(message, errors=[{"field": "expires_at", "message": message}])

        def add(conn: Connection) -> tuple[ApiKey, str]:
            if owner is not None:
                credentials.require_owner(conn, "api_key", owner)
            own = owner or credentials.owner_of(conn, caller)
            key, secret = api_keys.add(
                conn, label, role, farms, centres, owner=own, expires_at=expires_at
            )
            self._require(conn, key.farms, key.centres)
            _note(conn, caller, "key.add", key)
            return key, secret

        return await self._store.write(add)

    async def find_api_key(self, secret: str) -> ApiKey | None:
        """The API key with that secret; it is used now. Raises ExpiredApiKey."""
        key = await self._store.read(lambda conn: api_keys.find(conn, secret))
        if key is not None:
            self.key_uses.api_key(key.id)
        return key

    async def api_keys(self) -> list[ApiKey]:
        """All API keys, oldest first."""
        return await self._store.read(api_keys.every)

    async def revoke_api_key(self, key: str, *, caller: Caller | None = None) -> None:
        """Revoke the API key with that identifier. Raises UnknownKey."""

        def revoke(conn: Connection) -> None:
            api_keys.revoke(conn, key)
            audit.note(conn, caller, "key.revoke", key)

        await self._store.write(revoke)

    async def find_stream_key(self, broadcast: str, secret: str) -> Source | None:
        """The source to which this key publishes in this broadcast, if it works."""
        if not is_ulid(broadcast):
            return None
        return await self._store.read(lambda conn: stream_keys.find(conn, broadcast, secret))

    # What accounts own.

    async def credentials(self, owner: str | None = None) -> list[Credential]:
        """The keys and links that work, of one owner where it is given. Raises UnknownAccount."""

        def read(conn: Connection) -> list[Credential]:
            if owner is not None:
                accounts.known(conn, owner)
            return credentials.every(conn, self._airings, owner)

        return await self._store.read(read)

    async def give(self, credential: str, to: str, *, caller: Caller | None = None) -> None:
        """Give a key or a link to another account.

        Raises UnknownCredential, UnknownAccount, and Invalid for an account that can't own it.
        """
        await self._store.write(lambda conn: credentials.give(conn, caller, credential, to))

    def _require(
        self, conn: Connection, farms: Iterable[str], centres: Iterable[str] | None
    ) -> None:
        for farm in farms:
            self._require_farm(conn, farm)
        for centre in centres or ():
            self._require_centre(conn, centre)


def _still(now: Account, account: Account, detail: str = _NOBODY) -> None:
    """Raise WrongPassword where the password that fitted was changed, or the account shut out."""
    if now.disabled_at is not None or now.password_hash != account.password_hash:
        raise WrongPassword(detail)


def _note(
    conn: Connection,
    caller: Caller | None,
    action: str,
    subject: Account | ApiKey,
    **more: Any,
) -> None:
    name = subject.name if isinstance(subject, Account) else subject.label
    detail = scope.audited(subject.role, subject.farms, subject.centres)
    audit.note(conn, caller, action, subject.id, name=name, **detail, **more)
