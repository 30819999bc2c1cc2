"""What the parts of people.py share: the store, the settings, the limits, and the checks that the
rooms above give.

Each part is a class on this one and names what it owns: account_admin.py, session_admin.py,
factor_admin.py.
`caller` is whom the audit list names; None is the server itself.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection

from farmlive.people.accounts import passwords, sign_ins
from farmlive.people.accounts.accounts import Account
from farmlive.people.accounts.team_names import TeamNames
from farmlive.people.core import audit, scope, sessions
from farmlive.people.core.access_log import AccessLog
from farmlive.people.core.caller import Caller
from farmlive.people.core.devices import Pseudonyms
from farmlive.people.core.problems import WrongPassword
from farmlive.people.core.rate_limits import RateLimits
from farmlive.people.core.sessions import Lifetime, Session
from farmlive.people.factors import factors
from farmlive.people.factors.factors import Factors
from farmlive.people.keys.api_keys import ApiKey
from farmlive.people.keys.credentials import Airings
from farmlive.people.keys.invitations import Invitations
from farmlive.settings import Settings
from farmlive.store import Store

NOBODY_IN = "Nobody was signed in. Check name and password and try again."

Require = Callable[[Connection, str], object]
"""Raises NotFound for an unknown farm or centre."""


class PeopleBase:
    """What every part of the room needs."""

    def __init__(self, store: Store, settings: Settings):
        self.settings = settings
        self.limits = RateLimits()
        self.pseudonyms = Pseudonyms(store)
        self.team_names = TeamNames(store)
        self.invitations = Invitations(store, self._require)
        self.access = AccessLog(store)
        self._store = store
        self.factors = Factors(store, settings)
        self._passwords = passwords.Passwords()
        self._lifetime = Lifetime.of(settings.session_idle_minutes, settings.session_days)
        self._require_farm: Require = lambda _connection, _farm: None
        self._require_centre: Require = lambda _connection, _centre: None
        self._airings: Airings = lambda _connection: {}
        self._shut_out: Callable[[frozenset[str]], None] = lambda _stream_keys: None

    def factor_until(self, who: Account | Session | Caller) -> int | None:
        """Return until when they may sign in without a second factor, in milliseconds since 1970;
        None for who has one, and where none is demanded.
        """
        if who.second_factor:
            return None
        return factors.until(self.settings, who.role, who.factor_asked_at)

    async def _check_own(self, account: Account, session: str, password: str, detail: str) -> None:
        """Raise WrongPassword where that is not the account's, and TooMany of them.

        They are counted by the session, which whoever tries can't throw away.
        """
        with self.limits.failures(
            WrongPassword,
            self.settings.sign_ins_per_minute,
            ("password changes", self.pseudonyms.at_once("session", session)),
            of=sign_ins.WRONG,
        ):
            if not await self._passwords.check(account.password_hash, password, known=True):
                self.access.failed(account.id, account.name)
                raise WrongPassword(detail)

    def _distrust_others(self, conn: Connection, account: str, session: str) -> None:
        """End the account's sessions that its password alone began, but the one with this token.

        While a broadcast is live they only ask for reauthentication: one of them may be the console
        from which it is run.
        """
        if any(each.live for each in self._airings(conn).values()):
            sessions.require_reauthentication(conn, account, keep=session)
        else:
            sessions.end_all(conn, account, keep=session)

    def _require(
        self, conn: Connection, farms: Iterable[str], centres: Iterable[str] | None
    ) -> None:
        for farm in farms:
            self._require_farm(conn, farm)
        for centre in centres or ():
            self._require_centre(conn, centre)


def still(now: Account, account: Account, detail: str = NOBODY_IN) -> None:
    """Raise WrongPassword where the password that fitted was changed, or the account shut out."""
    if now.disabled_at is not None or now.password_hash != account.password_hash:
        raise WrongPassword(detail)


def note(
    conn: Connection,
    caller: Caller | None,
    action: str,
    subject: Account | ApiKey,
    **more: Any,
) -> None:
    """Write to the audit list what the caller did to an account or an API key."""
    name = subject.name if isinstance(subject, Account) else subject.label
    detail = scope.audited(subject.role, subject.farms, subject.centres)
    audit.note(conn, caller, action, subject.id, name=name, **detail, **more)
