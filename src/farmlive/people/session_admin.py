"""Begin and end of sessions: signing in, accepting an invitation, and the list of one's own.

core/sessions.py and accounts/sign_ins.py have the SQL; people/routes/sessions.py sets the cookies.
"""

import contextlib
from dataclasses import replace

from sqlalchemy import Connection

from farmlive.clock import now_ms
from farmlive.people.accounts import accounts, first_sign_in, password_rules, sign_ins
from farmlive.people.accounts.accounts import Account
from farmlive.people.core import audit, sessions
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import (
    NoPassword,
    PasskeyRefused,
    PasswordOver,
    ReauthenticationNeeded,
    WrongCode,
    WrongPassword,
)
from farmlive.people.core.sessions import OpenSession, Session
from farmlive.people.factors.factors import NONE, Answer
from farmlive.people.factors.models import FactorKind
from farmlive.people.factors.relying_party import Site
from farmlive.people.factors.setups import Passed
from farmlive.people.keys import invitations
from farmlive.people.people_base import NOBODY_IN, PeopleBase, check_unchanged, note
from farmlive.problems import Invalid, TooMany, Unavailable

_NOT_REAUTHENTICATED = "Nothing was done: the password is another. Try again."


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
        """Create the account that the invitation is for, and sign it in.

        Raises UnknownInvitation, InvitationOver, Invalid, PasswordRefused, NameTaken; a valid
        invitation then stays valid.
        """
        await self.invitations.find(token)
        name = accounts.check_name(name)
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
                made_by=invitation.made_by or invitation.owner,
            )
            invitations.use(conn, invitation, account.id)
            own = Caller(account.id, name, account.role, caller.device, caller.address)
            note(conn, own, "invitation.accept", account)
            return self._begin(conn, account, caller.device, browser)

        session = await self._store.write(write)
        self.team_names.invalidate()
        return session

    async def sign_in(
        self,
        name: str,
        password: str,
        caller: Caller,
        new_password: str | None = None,
        *,
        browser: str | None = None,
        factor: Answer = NONE,
        site: Site | None = None,
    ) -> Session:
        """Start a session on the caller's device and end the earlier one there.

        A password that another person made is changed to `new_password`. `browser` is its name in
        the list of sessions, `site` the relying party of passkeys.

        Raises WrongPassword, and TooMany of them: for the device if the account has signed in on it
        before, else for its IP, the network around it, or the name. Raises PasswordChangeNeeded
        without a `new_password`, PasswordOver, and PasswordRefused; and, once the password is
        right, what Factors.at_sign_in raises.
        """

        def read(conn: Connection) -> tuple[Account | None, str | None]:
            account = accounts.find(conn, name)
            known = account is not None and sign_ins.is_known(conn, account.id, caller.device)
            return account, account.id if account is not None and known else None

        account, known = await self._store.read(read)
        per_minute = self.settings.sign_ins_per_minute
        with sign_ins.counting_guesses(
            self.limits, per_minute, caller, accounts.canonical_name(name), password, known
        ):
            hashed = account.password_hash if account and account.disabled_at is None else None
            fits = await self._passwords.check(hashed, password, known=known is not None)
            if not fits or account is None:
                self.access.record_failure(
                    *((account.id, account.name) if account else (None, None))
                )
                raise WrongPassword(NOBODY_IN)
        chosen = self._chosen(account, password, new_password)
        passed = await self._second_factor(account, caller, factor, site, known=known is not None)
        hashed = None if chosen is None else await self._passwords.hash(chosen)
        weak = password_rules.find_flaw(chosen or password, (account.name, account.display_name))

        def write(conn: Connection) -> Session:
            now = accounts.get(conn, account.id)
            check_unchanged(now, account)
            if now.second_factor != account.second_factor:
                # A factor was set up or reset since the password was checked: the request is
                # outdated.
                raise WrongPassword(NOBODY_IN)
            passed.keep(conn)
            if hashed is not None:
                accounts.set_password(conn, account, hashed)
                own = Caller(account.id, account.name, account.role, caller.device, caller.address)
                audit.record_action(conn, own, "account.password", account.id, name=account.name)
            elif (weak is not None) != now.password_weak:
                accounts.record_weak(conn, now, weak is not None)
            now = accounts.get(conn, account.id)
            session = self._begin(conn, now, caller.device, browser, passed.by)
            if now.second_factor and not account.second_factor:
                self._distrust_others(conn, account.id, session.token)
            return session

        try:
            session = await self._store.write(write)
        except (WrongCode, PasskeyRefused):
            # Another request used the same code first.
            self.access.record_failure(account.id, account.name, by="factor")
            raise
        if hashed is not None:
            await first_sign_in.remove(self.settings.data, account.name)
        return replace(session, recovery_codes=tuple(passed.recovery_codes))

    def _chosen(self, account: Account, password: str, new: str | None) -> str | None:
        """Return the password that replaces one made by another person; None for the owner's
        choice.

        Raises PasswordChangeNeeded, PasswordOver, PasswordRefused, and Invalid for a new password
        that was not requested.
        """
        if account.password_until is None:
            if new is not None:
                self.access.record_failure(account.id, account.name)
                raise Invalid(
                    "Leave `new_password` out: this password is your own. Nobody signed in."
                )
            return None
        try:
            sign_ins.check_first(account.password_until, new)
        except PasswordOver:
            self.access.record_failure(account.id, account.name)
            raise
        names = (account.name, account.display_name)
        password_rules.check(new or "", names, field="new_password", before=password)
        return new

    async def _second_factor(
        self, account: Account, caller: Caller, answer: Answer, site: Site | None, *, known: bool
    ) -> Passed:
        try:
            return await self.factors.check_sign_in(
                account, caller.device, answer, site, known=known
            )
        except (WrongCode, PasskeyRefused, TooMany):
            self.access.record_failure(account.id, account.name, by="factor")
            raise

    def _begin(
        self,
        conn: Connection,
        account: Account,
        device: str,
        browser: str | None,
        by: FactorKind | None = None,
    ) -> Session:
        asked_at = account.factor_asked_at
        if not account.second_factor and self.factor_until(account) is not None:
            asked_at = accounts.record_factor_asked(conn, account.id)
        sign_ins.remember(conn, account.id, device)
        own = Caller(account.id, account.name, account.role, device, None)
        more = {} if by is None else {"by": by}
        audit.record_action(conn, own, "session.start", account.id, browser=browser, **more)
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
            second_factor=account.second_factor,
            factor_asked_at=asked_at,
        )

    async def find_session(self, token: str, *, is_use: bool = True) -> Session | None:
        """Return the session with that token, unless it has expired; a use prolongs it."""
        session = await self._store.read(lambda conn: sessions.find(conn, token, self._lifetime))
        if session and is_use and session.used_at <= now_ms() - self._lifetime.used_every_ms:
            # The request goes on while the store is unavailable; the next use is recorded then.
            with contextlib.suppress(Unavailable):
                await self._store.write(lambda conn: sessions.use(conn, token))
        if session and is_use and self._is_to_be_asked(session):
            account = session.account
            with contextlib.suppress(Unavailable):
                asked = await self._store.write(
                    lambda conn: accounts.record_factor_asked(conn, account)
                )
                session = replace(session, factor_asked_at=asked)
        return session

    def _is_to_be_asked(self, session: Session) -> bool:
        return session.factor_asked_at is None and self.factor_until(session) is not None

    async def reauthenticate(
        self,
        caller: Caller,
        token: str,
        password: str | None = None,
        factor: Answer = NONE,
        site: Site | None = None,
    ) -> int:
        """Reauthenticate the owner of the session with this token; return when, in milliseconds
        since 1970.

        It needs the account's second factor, or the password if there is none. Raises NoPassword
        for an API key; ReauthenticationNeeded if the password is needed and missing, WrongPassword,
        TooMany of them, and what Factors.check raises.
        """
        if caller.account is None:
            raise NoPassword("An API key is not asked.")
        own = caller.account

        def read(conn: Connection) -> tuple[Account, bool]:
            return accounts.get(conn, own), sign_ins.is_known(conn, own, caller.device)

        account, known = await self._store.read(read)
        if account.second_factor:
            try:
                passed = await self.factors.check(
                    account, caller.device, factor, site, "reauth", known=known
                )
            except (WrongCode, PasskeyRefused, TooMany):
                self.access.record_failure(account.id, account.name, by="factor")
                raise
        elif password is None:
            raise ReauthenticationNeeded(
                "Nothing was done yet. Send the password of this account as `password`.",
                kinds=["password"],
            )
        else:
            passed = Passed()
            await self._check_own(account, token, password, _NOT_REAUTHENTICATED)

        def write(conn: Connection) -> int:
            now = accounts.get(conn, own)
            check_unchanged(now, account, _NOT_REAUTHENTICATED)
            if now.second_factor != account.second_factor:
                raise WrongPassword(_NOT_REAUTHENTICATED)
            passed.keep(conn)
            return sessions.record_authentication(conn, token)

        return await self._store.write(write)

    async def sessions(self, caller: Caller, token: str) -> list[OpenSession]:
        """Return the caller's own sessions, the last used first; none for an API key."""
        own = caller.account
        if own is None:
            return []
        return await self._store.read(
            lambda conn: sessions.list_open(conn, own, token, self._lifetime)
        )

    async def end_session(self, caller: Caller, session: str) -> None:
        """End one of the caller's own sessions. Raises UnknownSession."""

        def write(conn: Connection) -> None:
            sessions.end_session(conn, caller.account or "", session)
            audit.record_action(conn, caller, "session.end", caller.account, other=True)

        await self._store.write(write)

    async def sign_out(self, caller: Caller, token: str) -> None:
        """End the caller's session."""

        def write(conn: Connection) -> None:
            if sessions.end(conn, token):
                audit.record_action(conn, caller, "session.end", caller.account)

        await self._store.write(write)
