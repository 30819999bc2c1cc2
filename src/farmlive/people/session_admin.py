"""Sessions as they begin and end: signing in, taking up an invitation, the list of one's own.

The SQL is in sessions.py and sign_ins.py; cookies are routes.py's.
"""

import contextlib
from dataclasses import replace

from sqlalchemy import Connection

from farmlive.clock import now_ms
from farmlive.people import (
    accounts,
    audit,
    first_sign_in,
    invitations,
    password_rules,
    sessions,
    sign_ins,
)
from farmlive.people.accounts import Account
from farmlive.people.caller import Caller
from farmlive.people.people_base import NOBODY_IN, PeopleBase, note, still
from farmlive.people.problems import PasswordOver, WrongPassword
from farmlive.people.sessions import OpenSession, Session
from farmlive.problems import Invalid, Unavailable


class SessionAdmin(PeopleBase):
    """Begins, finds and ends sessions."""

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
            note(conn, own, "invitation.accept", account)
            return self._begin(conn, account, caller.device, browser)

        session = await self._store.write(write)
        self.team_names.changed()
        return session

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
                raise WrongPassword(NOBODY_IN)
        if account.password_until is not None:
            return await self._sign_in_first(account, password, caller, new_password, browser)
        if new_password is not None:
            self.access.failed(account.id, account.name)
            raise Invalid("Leave `new_password` out: this password is your own. Nobody signed in.")
        weak = password_rules.flaw(password, (account.name, account.display_name)) is not None

        def write(conn: Connection) -> Session:
            now = accounts.known(conn, account.id)
            still(now, account)
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
            still(accounts.known(conn, account.id), account)
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
