"""The base class of the parts of people.py: the store, the settings, the limits, and the lookups of
the rooms above.

Each part is a subclass and names what it owns: account_admin.py, session_admin.py, factor_admin.py.
`caller` is the person in the audit log; None is the server itself.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from farmlive.bus import Bus
from farmlive.people.accounts import passwords, sign_ins
from farmlive.people.accounts.accounts import Account
from farmlive.people.accounts.team_names import TeamNames
from farmlive.people.core import audit, scope, sessions
from farmlive.people.core.access_log import AccessLog
from farmlive.people.core.caller import Caller
from farmlive.people.core.devices import Pseudonyms
from farmlive.people.core.lookups import Lookups
from farmlive.people.core.problems import WrongPassword
from farmlive.people.core.rate_limits import RateLimits
from farmlive.people.core.revocations import Revocations
from farmlive.people.core.sessions import Lifetime, Session
from farmlive.people.factors import factors
from farmlive.people.factors.factors import Factors
from farmlive.people.keys.api_keys import ApiKey
from farmlive.people.keys.invitations import Invitations
from farmlive.people.moderation.refusals import Refusals
from farmlive.settings import Settings
from farmlive.store import Store

NOBODY_IN = "Nobody was signed in. Check name and password and try again."


class PeopleBase:
    """The dependencies and checks of every part."""

    def __init__(self, store: Store, settings: Settings, bus: Bus, lookups: Lookups):
        self.settings = settings
        self.lookups = lookups
        # One server alone has nobody to share its counts with.
        others = bus if settings.redis_url else None
        self.pseudonyms = Pseudonyms(store)
        self.refusals = Refusals(self.pseudonyms, others)
        self.limits = RateLimits(others, self.refusals.limited)
        self.revocations = Revocations(bus)
        self.team_names = TeamNames(store)
        self.invitations = Invitations(store, self._require)
        self.access = AccessLog(store)
        self._store = store
        self.factors = Factors(store, settings)
        self._passwords = passwords.Passwords()
        self._lifetime = Lifetime.of(settings.session_idle_minutes, settings.session_days)

    def factor_until(self, who: Account | Session | Caller) -> int | None:
        """Return until when this account may sign in without a second factor, in milliseconds since
        1970; None if it has one, or none is required.
        """
        if who.second_factor:
            return None
        return factors.deadline(self.settings, who.role, who.factor_asked_at)

    async def _check_own(self, account: Account, session: str, password: str, detail: str) -> None:
        """Raise WrongPassword if the password is not the account's, and TooMany after several.

        They are counted by session, which an attacker can't replace.
        """
        with self.limits.failures(
            WrongPassword,
            self.settings.sign_ins_per_minute,
            ("password changes", self.pseudonyms.at_once("session", session)),
            of=sign_ins.WRONG,
        ):
            if not await self._passwords.check(account.password_hash, password, known=True):
                self.access.record_failure(account.id, account.name)
                raise WrongPassword(detail)

    def _distrust_others(self, conn: Connection, account: str, session: str) -> None:
        """End the account's sessions that began with its password alone, except the one with this
        token.

        During a live broadcast they only require reauthentication: one of them may be the console
        that runs it.
        """
        if any(each.live for each in self.lookups.airings(conn).values()):
            sessions.require_reauthentication(conn, account, keep=session)
        else:
            sessions.end_all(conn, account, keep=session)

    def _require(
        self, conn: Connection, farms: Iterable[str], centres: Iterable[str] | None
    ) -> None:
        for farm in farms:
            self.lookups.require_farm(conn, farm)
        for centre in centres or ():
            self.lookups.require_centre(conn, centre)


def check_unchanged(now: Account, account: Account, detail: str = NOBODY_IN) -> None:
    """Raise WrongPassword if the checked password was changed meanwhile, or the account
    disabled.
    """
    if now.disabled_at is not None or now.password_hash != account.password_hash:
        raise WrongPassword(detail)


def note(
    conn: Connection,
    caller: Caller | None,
    action: str,
    subject: Account | ApiKey,
    **more: Any,
) -> None:
    """Write the caller's action on an account or an API key to the audit log."""
    name = subject.name if isinstance(subject, Account) else subject.label
    detail = scope.audit_detail(subject.role, subject.farms, subject.centres)
    audit.record_action(conn, caller, action, subject.id, name=name, **detail, **more)
