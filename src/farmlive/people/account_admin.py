"""Administration of accounts: creating, changing, shutting out, and setting passwords.

accounts/accounts.py has the SQL, guard.py authorizes the caller.
"""

from collections.abc import Iterable

from sqlalchemy import Connection

from farmlive.clock import now_ms
from farmlive.people.accounts import (
    accounts,
    first_sign_in,
    password_rules,
    passwords,
    reauthentication,
    sign_ins,
)
from farmlive.people.accounts.accounts import Account
from farmlive.people.core import audit, scope
from farmlive.people.core.caller import Caller
from farmlive.people.core.models import AccountChange
from farmlive.people.core.problems import NoPassword
from farmlive.people.core.roles import Role
from farmlive.people.keys import credentials
from farmlive.people.people_base import PeopleBase, check_unchanged, note

# Attempts of an account to change its own display name, per minute.
NAMES_A_MINUTE = 5
_OLD = "Nothing was changed: the old password is another. Try again."
_CHANGED = "Nothing was changed: the password is another meanwhile. Sign in anew."


class AccountAdmin(PeopleBase):
    """Creates and changes accounts."""

    async def first_start(self) -> tuple[str, str] | None:
        """Create the coordinator `coordinator` if there is no account; return its name and first
        password.
        """
        if await self._store.read(accounts.count):
            return None
        password = passwords.random_password()
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
        """Create an account; return it and its password, a random one if none is given.

        Viewers read its `display_name`, never the name. A `first` password is valid for 24 hours
        and must be changed at the first sign-in.

        Raises Invalid, PasswordRefused, NameTaken, ReauthenticationNeeded, and NotFound for an
        unknown farm or centre.
        """
        name = accounts.check_name(name)
        reauthentication.require(caller)
        own, of_clerk = scope.farms_of(role, farms), scope.centres_of(role, centres)
        password = passwords.random_password() if password is None else password
        password_rules.check(password, (name, display_name))
        hashed = await self._passwords.hash(password)

        def add(conn: Connection) -> Account:
            self._require(conn, own, of_clerk)
            until = now_ms() + passwords.FIRST_MS if first else None
            account = accounts.add(
                conn,
                name,
                hashed,
                role,
                own,
                of_clerk,
                display_name,
                password_until=until,
                made_by=caller.responsible if caller else None,
            )
            note(conn, caller, "account.add", account)
            return account

        account = await self._store.write(add)
        self.team_names.invalidate()
        return account, password

    async def change_account(
        self, account: str, change: AccountChange, *, caller: Caller | None = None
    ) -> Account:
        """Change role, farms, centres or display name, or disable the account; effective at its
        next request.

        All credentials that a disabled account owns end, except those that the change gives to
        others.

        Raises UnknownAccount, LastCoordinator, Invalid, UnknownCredential, NotToGive, NotFound for
        an unknown farm or centre, and ReauthenticationNeeded if the change is of role, farms or
        centres, gives a credential away, or enables a disabled account.
        """

        def write(conn: Connection) -> tuple[Account, frozenset[str]]:
            self._require(conn, change.farms or (), change.centres or ())
            before = accounts.get(conn, account)
            changed = accounts.change(
                conn,
                account,
                role=change.role,
                farms=change.farms,
                centres=change.centres,
                disabled=change.disabled,
                display_name=change.display_name,
            )
            is_let_in = before.disabled_at is not None and changed.disabled_at is None
            if is_let_in or (changed.role, changed.farms, changed.centres) != (
                before.role,
                before.farms,
                before.centres,
            ):
                reauthentication.require(caller)
            disabled = changed.disabled_at is not None
            said = {"disabled": change.disabled, "display_name": change.display_name}
            more = {name: value for name, value in said.items() if value is not None}
            note(conn, caller, "account.change", changed, **more)
            for credential, to in change.give.items():
                credentials.give(conn, caller, credential, to, owner=changed.id)
            ended = credentials.end_all(conn, caller, changed.id) if disabled else frozenset()
            return changed, ended

        changed, ended = await self._store.write(write)
        self.team_names.invalidate()
        if ended:
            self.revocations.revoke_keys(ended)
        return changed

    async def set_display_name(self, caller: Caller, display_name: str) -> Account:
        """Set the display name of the caller's own account.

        Raises NoPassword for an API key, which has none, Invalid, and TooMany: unlimited attempts
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
        """Disable the account with that name; its credentials end, or go to the account named
        `give_to`.

        Raises UnknownAccount, LastCoordinator, and Invalid if that account can't own all of them.
        """
        account = await self.find_by_name(name)
        give = {}
        if give_to is not None:
            to = (await self.find_by_name(give_to)).id
            owned = await self._store.read(
                lambda conn: credentials.list_credentials(conn, self.lookups.airings, account.id)
            )
            give = {each.id: to for each in owned}
        change = AccountChange(disabled=True, give=give)
        await self.change_account(account.id, change, caller=caller)

    async def set_password(
        self, name: str, password: str | None = None, *, caller: Caller | None = None
    ) -> str:
        """Set the password of the account with that name, by default a random one, and end its
        sessions.

        A random one is valid for 24 hours and must be changed at the first sign-in. Raises
        PasswordRefused and UnknownAccount.
        """
        account = await self._store.read(lambda conn: accounts.get_by_name(conn, name))
        return await self._set_password(account.id, password, caller)

    async def reset_password(self, account: str, *, caller: Caller) -> str:
        """Set a random password and end the account's sessions, as `set_password` does.

        Raises UnknownAccount and ReauthenticationNeeded.
        """
        reauthentication.require(caller)
        return await self._set_password(account, None, caller)

    async def _set_password(
        self, identifier: str, password: str | None, caller: Caller | None
    ) -> str:
        chosen = password
        password = passwords.random_password() if chosen is None else chosen
        hashed = await self._passwords.hash(password)

        def write(conn: Connection) -> str:
            account = accounts.get(conn, identifier)
            until = now_ms() + passwords.FIRST_MS if chosen is None else None
            password_rules.check(password, (account.name, account.display_name))
            accounts.set_password(conn, account, hashed, until=until)
            audit.record_action(conn, caller, "account.password", account.id, name=account.name)
            return account.name

        name = await self._store.write(write)
        await first_sign_in.remove(self.settings.data, name)
        return password

    async def change_password(self, caller: Caller, session: str, old: str, new: str) -> None:
        """Change the caller's own password and end all sessions except the one with this token.

        Raises NoPassword, WrongPassword, TooMany wrong passwords, PasswordRefused, and
        ReauthenticationNeeded if the account has a second factor: then the old password alone,
        which others may know, does not suffice.
        """
        if caller.account is None or caller.name is None:
            raise NoPassword("An API key has none. Revoke the key and make another.")
        own = caller.account
        account = await self._store.read(lambda conn: accounts.get(conn, own))
        if account.second_factor:
            reauthentication.require(caller)
        await self._check_own(account, session, old, _OLD)
        names = (account.name, account.display_name)
        password_rules.check(new, names, field="new", before=old)
        hashed = await self._passwords.hash(new)

        def write(conn: Connection) -> None:
            # A concurrent reset shuts out whoever is changing the password now.
            check_unchanged(accounts.get(conn, own), account, _CHANGED)
            accounts.set_password(conn, account, hashed, keep=session)
            sign_ins.remember(conn, account.id, caller.device)
            audit.record_action(conn, caller, "account.password", account.id, name=account.name)

        await self._store.write(write)

    async def find_by_name(self, name: str) -> Account:
        """Return the account with that name. Raises UnknownAccount."""
        return await self._store.read(lambda conn: accounts.get_by_name(conn, name))

    async def accounts(self) -> list[Account]:
        """Return all accounts, by name."""
        return await self._store.read(accounts.list_accounts)
