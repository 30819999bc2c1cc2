"""People: what the rest of the house asks of this room, each question one crossing of the store.

The SQL is in the modules named after what they hold; who may ask is the guard's to decide. A
`caller` is whom the audit list names; the server's own deeds have none.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from farmlive.bus import Bus
from farmlive.clock import now_ms
from farmlive.ids import is_ulid
from farmlive.people import (
    accounts,
    audit,
    invitations,
    keys,
    passwords,
    scope,
    sessions,
    sign_ins,
    sources,
)
from farmlive.people.accounts import Account
from farmlive.people.audit import Deed
from farmlive.people.blocks import Blocks
from farmlive.people.caller import Caller
from farmlive.people.cookies import Cookies
from farmlive.people.devices import Pseudonyms
from farmlive.people.guests import Guests
from farmlive.people.invitations import Invitation
from farmlive.people.keys import ApiKey, StreamKey
from farmlive.people.limits import RateLimits
from farmlive.people.models import AccountChange, KeyRole, Purpose, Role
from farmlive.people.problems import BroadcastEnded, NoPassword, UnknownSource, WrongPassword
from farmlive.people.refusals import Refusals
from farmlive.people.sessions import Session
from farmlive.people.sources import Source
from farmlive.people.team_names import TeamNames
from farmlive.settings import Settings
from farmlive.store import Store

# So many display names an account may try for itself.
NAMES_A_MINUTE = 5

BroadcastState = Callable[[Connection, str], str]
"""The state of a broadcast, `scheduled|live|ended`; raises NotFound for an unknown one."""
Require = Callable[[Connection, str], object]
"""Raises NotFound for a farm, or a centre, that does not exist."""


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
        self.limits.on_refusal(self.refusals.limited)
        self._store = store
        self._passwords = passwords.Passwords()
        self._require_farm: Require = lambda _connection, _farm: None
        self._require_centre: Require = lambda _connection, _centre: None

    def share(self, bus: Bus) -> None:
        """Count together with the other servers on this bus."""
        self.limits.share(bus)
        self.refusals.share(bus)

    def farms_by(self, require: Require) -> None:
        """Say how to find that a seller's farm exists."""
        self._require_farm = require

    def centres_by(self, require: Require) -> None:
        """Say how to find that a clerk's centre exists."""
        self._require_centre = require

    # Accounts.

    async def first_start(self) -> tuple[str, str] | None:
        """Make the coordinator `coordinator` where there is no account: name and password."""
        if await self._store.read(accounts.count):
            return None
        password = passwords.readable()
        hashed = await self._passwords.hash(password)

        def add(conn: Connection) -> tuple[str, str] | None:
            if accounts.count(conn):
                return None
            return accounts.add(conn, "coordinator", hashed, "coordinator").name, password

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
        caller: Caller | None = None,
    ) -> tuple[Account, str]:
        """Make an account; the second is its password, a random one where none was given.

        Viewers read `display_name` of it, and never the name.

        Raises Invalid, NameTaken, and NotFound for an unknown farm or centre.
        """
        name = accounts.checked(name)
        own, of_clerk = scope.farms_of(role, farms), scope.centres_of(role, centres)
        password = passwords.readable() if password is None else password
        hashed = await self._passwords.hash(password)

        def add(conn: Connection) -> Account:
            self._require(conn, own, of_clerk)
            account = accounts.add(conn, name, hashed, role, own, of_clerk, display_name)
            _note(conn, caller, "account.add", account)
            return account

        account = await self._store.write(add)
        self.team_names.changed()
        return account, password

    async def change_account(
        self, account: str, change: AccountChange, *, caller: Caller | None = None
    ) -> Account:
        """Change role, farms, centres, display name or whether it is shut out; it holds at its next
        request.

        Raises UnknownAccount, LastCoordinator, Invalid, and NotFound for an unknown farm or
        centre.
        """

        def write(conn: Connection) -> Account:
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
            return changed

        changed = await self._store.write(write)
        self.team_names.changed()
        return changed

    async def show_as(self, caller: Caller, display_name: str) -> Account:
        """Have viewers read this of the caller's own account.

        Raises NoPassword for a program, which has none, Invalid, and TooMany: who could try names
        without end would find by which of them others sign in.
        """
        if caller.account is None:
            raise NoPassword("An API key has its label. Revoke the key and make another.")
        self.limits.allow("display names", caller.account, NAMES_A_MINUTE, of="display names")
        change = AccountChange(display_name=display_name)
        return await self.change_account(caller.account, change, caller=caller)

    async def disable_account(self, name: str, *, caller: Caller | None = None) -> None:
        """Shut the account with that name out. Raises UnknownAccount, LastCoordinator."""
        account = await self._store.read(lambda conn: accounts.named(conn, name))
        await self.change_account(account.id, AccountChange(disabled=True), caller=caller)

    async def set_password(
        self, name: str, password: str | None = None, *, caller: Caller | None = None
    ) -> str:
        """Give the account with that name this password, or a random one, and end its sessions.

        Raises Invalid and UnknownAccount.
        """
        account = await self._store.read(lambda conn: accounts.named(conn, name))
        return await self._set_password(account.id, password, caller)

    async def reset_password(self, account: str, *, caller: Caller) -> str:
        """Give the account a random password and end its sessions. Raises UnknownAccount."""
        return await self._set_password(account, None, caller)

    async def _set_password(
        self, identifier: str, password: str | None, caller: Caller | None
    ) -> str:
        password = passwords.readable() if password is None else password
        hashed = await self._passwords.hash(password)

        def write(conn: Connection) -> None:
            account = accounts.known(conn, identifier)
            accounts.set_password(conn, account, hashed)
            audit.note(conn, caller, "account.password", account.id, name=account.name)

        await self._store.write(write)
        return password

    async def change_password(self, caller: Caller, session: str, old: str, new: str) -> None:
        """Change the caller's own password and end all sessions but the one with this token.

        Raises NoPassword, WrongPassword, TooMany of them, and Invalid.
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
                raise WrongPassword("Nothing was changed: the old password is another. Try again.")
        hashed = await self._passwords.hash(new)

        def write(conn: Connection) -> None:
            accounts.set_password(conn, account, hashed, keep=session)
            sign_ins.remember(conn, account.id, caller.device)
            audit.note(conn, caller, "account.password", account.id, name=account.name)

        await self._store.write(write)

    async def accounts(self) -> list[Account]:
        """All accounts, by name."""
        return await self._store.read(accounts.every)

    def _require(
        self, conn: Connection, farms: Iterable[str], centres: Iterable[str] | None
    ) -> None:
        for farm in farms:
            self._require_farm(conn, farm)
        for centre in centres or ():
            self._require_centre(conn, centre)

    # Invitations.

    async def invite(
        self,
        caller: Caller,
        role: Role,
        farms: Iterable[str],
        label: str | None,
        centres: Iterable[str] = (),
    ) -> tuple[Invitation, str]:
        """Make an invitation; the second is its token, which is never shown again.

        Raises Invalid, and NotFound for an unknown farm or centre.
        """

        def write(conn: Connection) -> tuple[Invitation, str]:
            made, token = invitations.add(conn, role, farms, label, centres)
            self._require(conn, made.farms, made.centres)
            _note(conn, caller, "invitation.add", made)
            return made, token

        return await self._store.write(write)

    async def invitations(self) -> list[Invitation]:
        """Those that can still be taken up, oldest first."""
        return await self._store.read(invitations.open_ones)

    async def invitation(self, token: str) -> Invitation:
        """The one with that token. Raises UnknownInvitation, InvitationOver."""
        return await self._store.read(lambda conn: invitations.find(conn, token))

    async def revoke_invitation(self, caller: Caller, invitation: str) -> None:
        """Take an open invitation back. Raises UnknownInvitation."""

        def write(conn: Connection) -> None:
            invitations.revoke(conn, invitation)
            audit.note(conn, caller, "invitation.revoke", invitation)

        await self._store.write(write)

    async def accept(
        self,
        caller: Caller,
        token: str,
        name: str,
        password: str,
        display_name: str | None = None,
    ) -> Session:
        """Make the account that the invitation is for, and sign it in.

        Raises UnknownInvitation, InvitationOver, Invalid, NameTaken; the invitation then still
        works where it did.
        """
        await self.invitation(token)
        name = accounts.checked(name)
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
            return self._begin(conn, account, caller.device)

        session = await self._store.write(write)
        self.team_names.changed()
        return session

    # Sessions.

    async def sign_in(self, name: str, password: str, caller: Caller) -> Session:
        """Start a session, on the caller's device.

        Raises WrongPassword, and TooMany of them: for the device where the account signed in on
        it before, else for its address, the block of addresses around it, or the name.
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
                raise WrongPassword("Nobody was signed in. Check name and password and try again.")
        return await self._store.write(lambda conn: self._begin(conn, account, caller.device))

    def _begin(self, conn: Connection, account: Account, device: str) -> Session:
        sign_ins.remember(conn, account.id, device)
        return sessions.begin(
            conn,
            account.id,
            account.name,
            account.role,
            self.settings.session_days,
            farms=account.farms,
            centres=account.centres,
            display_name=account.display_name,
        )

    async def find_session(self, token: str) -> Session | None:
        """The session with that token, unless it is over."""
        return await self._store.read(lambda conn: sessions.find(conn, token))

    async def sign_out(self, token: str) -> None:
        """End the session."""
        await self._store.write(lambda conn: sessions.end(conn, token))

    async def deeds(self, before: str | None, limit: int) -> list[Deed]:
        """What staff did, the latest first, older than the deed `before`."""
        return await self._store.read(lambda conn: audit.deeds(conn, before, limit))

    # Keys and cameras.

    async def create_api_key(
        self,
        label: str,
        role: KeyRole,
        farms: Iterable[str] = (),
        centres: Iterable[str] = (),
        *,
        caller: Caller | None = None,
    ) -> tuple[ApiKey, str]:
        """Make an API key; the second is the secret, which is never shown again.

        Raises Invalid where role, farms and centres don't fit, and NotFound for an unknown farm or
        centre.
        """

        def add(conn: Connection) -> tuple[ApiKey, str]:
            key, secret = keys.add_api_key(conn, label, role, farms, centres)
            self._require(conn, key.farms, key.centres)
            _note(conn, caller, "key.add", key)
            return key, secret

        return await self._store.write(add)

    async def find_api_key(self, secret: str) -> ApiKey | None:
        """The API key with that secret."""
        return await self._store.read(lambda conn: keys.find_api_key(conn, secret))

    async def api_keys(self) -> list[ApiKey]:
        """All API keys, oldest first."""
        return await self._store.read(keys.every_api_key)

    async def revoke_api_key(self, key: str, *, caller: Caller | None = None) -> None:
        """Revoke the API key with that identifier. Raises UnknownKey."""

        def revoke(conn: Connection) -> None:
            keys.revoke_api_key(conn, key)
            audit.note(conn, caller, "key.revoke", key)

        await self._store.write(revoke)

    async def mint_stream_key(
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
        """Make a stream key; the second is the secret, which is never shown again.

        `studio` needs the device, whose one source in the broadcast it is; `encoder` makes a
        new source, or a further key of `source`. `state` is asked in the same transaction.
        Raises BroadcastEnded, UnknownSource and what `state` raises.
        """

        def mint(conn: Connection) -> tuple[StreamKey, str]:
            if state is not None and state(conn, broadcast) == "ended":
                raise BroadcastEnded("No key was made: an ended broadcast takes no camera.")
            key, secret = keys.add_stream_key(conn, camera(conn), purpose, expires_at)
            audit.note(conn, caller, "stream_key.add", key.id, broadcast=broadcast, label=key.label)
            return key, secret

        def camera(conn: Connection) -> Source:
            if purpose == "studio":
                return sources.of_device(conn, broadcast, str(device), label)
            if source:
                known = sources.known(conn, broadcast, source)
                if known.guest:
                    raise UnknownSource("No key was made: a guest's camera has that of the link.")
                return known
            return sources.add(conn, broadcast, label)

        if purpose == "studio" and device is None:
            raise ValueError("a studio's key belongs to a device")
        minutes = self.settings.studio_key_minutes
        expires_at = now_ms() + minutes * 60_000 if purpose == "studio" else None
        try:
            return await self._store.write(mint)
        except IntegrityError:
            # Another server has just made this device's source; now it is there.
            return await self._store.write(mint)

    async def find_stream_key(self, broadcast: str, secret: str) -> Source | None:
        """The source to which this key publishes in this broadcast, if it works."""
        if not is_ulid(broadcast):
            return None
        return await self._store.read(lambda conn: keys.find_stream_key(conn, broadcast, secret))

    async def stream_keys(
        self, broadcast: str, state: BroadcastState | None = None
    ) -> list[StreamKey]:
        """The broadcast's stream keys that work, oldest first. Raises what `state` raises."""

        def read(conn: Connection) -> list[StreamKey]:
            if state is not None:
                state(conn, broadcast)
            return keys.stream_keys_of(conn, broadcast)

        return await self._store.read(read)

    async def revoke_stream_key(
        self, broadcast: str, key: str, *, caller: Caller | None = None
    ) -> None:
        """Revoke the key; a session that runs with it goes on. Raises UnknownKey."""

        def revoke(conn: Connection) -> None:
            keys.revoke_stream_key(conn, broadcast, key)
            audit.note(conn, caller, "stream_key.revoke", key, broadcast=broadcast)

        await self._store.write(revoke)

    async def sources(self, broadcast: str, state: BroadcastState | None = None) -> list[Source]:
        """The broadcast's sources, oldest first. Raises what `state` raises."""

        def read(conn: Connection) -> list[Source]:
            if state is not None:
                state(conn, broadcast)
            return sources.every(conn, broadcast)

        return await self._store.read(read)


def _note(
    conn: Connection,
    caller: Caller | None,
    action: str,
    subject: Account | Invitation | ApiKey,
    **more: Any,
) -> None:
    name = subject.name if isinstance(subject, Account) else subject.label
    if subject.role == "clerk":
        more = {"centres": scope.listed(subject.centres), **more}
    farms = sorted(subject.farms)
    audit.note(conn, caller, action, subject.id, name=name, role=subject.role, farms=farms, **more)
