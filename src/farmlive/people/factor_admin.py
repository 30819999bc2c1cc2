"""Administration of second factors: setting up, listing, removing, resetting, and extending
deadlines.

Each change needs a recent authentication (accounts/reauthentication.py). session_admin.py decides
what a sign-in needs.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from farmlive.clock import now_ms, rfc3339
from farmlive.people.accounts import accounts, reauthentication
from farmlive.people.accounts.accounts import Account
from farmlive.people.core import audit
from farmlive.people.core.caller import Caller
from farmlive.people.core.problems import (
    ExtensionsUsedUp,
    FactorNotDue,
    LastFactor,
    NoPassword,
    NoSecondFactor,
    OwnFactor,
    UnknownFactor,
)
from farmlive.people.factors import factors, passkeys, totp
from farmlive.people.factors import setups as factor_setups
from farmlive.people.factors.models import FactorSetup
from farmlive.people.factors.relying_party import Site
from farmlive.people.factors.setups import OwnFactors
from farmlive.people.factors.totp import TotpSetup
from farmlive.people.people_base import PeopleBase

T = TypeVar("T")


class FactorAdmin(PeopleBase):
    """Changes second factors."""

    async def own_factors(self, caller: Caller) -> OwnFactors:
        """Return the factors of the caller's account. Raises NoPassword for an API key."""
        own = _own(caller)
        sealer = self.factors.setups.sealer
        return await self._store.read(lambda conn: factor_setups.read_own(conn, sealer, own))

    async def begin_totp(self, caller: Caller) -> TotpSetup:
        """Draw the secret of an authenticator app; it takes effect with its first code.

        Raises NoPassword and ReauthenticationNeeded.
        """
        return self.factors.setups.begin_totp(await self._reauthenticated(caller))

    async def passkey_options(self, caller: Caller, site: Site | None) -> dict[str, Any]:
        """Return the options with which a browser creates a passkey.

        Raises NoPassword, ReauthenticationNeeded, NoPasskeysHere, and PasskeysFull.
        """
        account = await self._reauthenticated(caller)
        return await self.factors.setups.passkey_options(account, caller.device, site)

    async def add_factor(
        self, caller: Caller, session: str, setup: FactorSetup, site: Site | None = None
    ) -> list[str]:
        """Set up an authenticator app, replacing an earlier one, or a passkey.

        Returns the recovery codes that were made with it; none if the account has some already. The
        first factor ends all sessions except the one with this token, or makes them require
        reauthentication (people_base.py).

        Raises NoPassword, ReauthenticationNeeded, WrongCode, PasskeyRefused, and PasskeysFull.
        """
        account = await self._reauthenticated(caller)
        passed = await self.factors.setups.check(account, caller.device, setup, site)

        def write(conn: Connection) -> None:
            if not accounts.get(conn, account.id).second_factor:
                self._distrust_others(conn, account.id, session)
            passed.keep(conn)
            more = {} if setup.passkey is None else {"label": setup.passkey.name}
            audit.record_action(conn, caller, "factor.add", account.id, by=passed.by, **more)

        await self._store.write(write)
        return passed.recovery_codes

    async def remove_totp(self, caller: Caller) -> None:
        """Remove the caller's own authenticator app.

        Raises NoPassword, ReauthenticationNeeded, UnknownFactor, and LastFactor.
        """
        await self._remove(caller, "totp", lambda conn, own: totp.remove(conn, own))

    async def remove_passkey(self, caller: Caller, passkey: str) -> None:
        """Remove one of the caller's own passkeys. Raises what `remove_totp` raises."""
        await self._remove(
            caller, "passkey", lambda conn, own: bool(passkeys.remove(conn, own, passkey))
        )

    async def _remove(
        self, caller: Caller, by: str, remove: Callable[[Connection, str], bool]
    ) -> None:
        account = await self._reauthenticated(caller)
        setups = self.factors.setups

        def write(conn: Connection) -> None:
            if not remove(conn, account.id):
                raise UnknownFactor("Nothing was removed: it is gone already.")
            is_demanded = factors.deadline(self.settings, account.role, None) is not None
            if (
                not factor_setups.record_factor_state(conn, setups.sealer, account.id)
                and is_demanded
            ):
                raise LastFactor(
                    "Nothing was removed: your account must have a second factor. Add another "
                    "first."
                )
            audit.record_action(conn, caller, "factor.remove", account.id, by=by)

        await self._store.write(write)

    async def renew_recovery_codes(self, caller: Caller) -> list[str]:
        """Make new recovery codes, which replace all earlier ones.

        Raises NoPassword, ReauthenticationNeeded, and NoSecondFactor.
        """
        account = await self._reauthenticated(caller)
        setups = self.factors.setups

        def write(conn: Connection) -> list[str]:
            if not accounts.get(conn, account.id).second_factor:
                raise NoSecondFactor("Set up an authenticator app or a passkey first.")
            codes = setups.new_recovery_codes(conn, account.id)
            audit.record_action(conn, caller, "factor.recovery_codes", account.id)
            return codes

        return await self._store.write(write)

    async def reset_factors(
        self, account: str, *, caller: Caller | None = None, anew: bool = False
    ) -> Account:
        """Remove all second factors of an account, by its id.

        It then signs in with its password alone, and has seven days to set up another factor if one
        is required. Nothing else ends. `anew`: as the server's operator may, also restart these
        days for an account without a factor.

        Raises UnknownAccount, ReauthenticationNeeded, OwnFactor for the caller's own, and
        NoSecondFactor.
        """
        reauthentication.require(caller)

        def write(conn: Connection) -> Account:
            found = accounts.get(conn, account)
            if caller is not None and found.id == caller.responsible:
                raise OwnFactor(
                    "Nothing was changed. On “My account” you replace and remove your own; another "
                    "coordinator, or the server's operator, resets it."
                )
            if not found.second_factor and not anew:
                raise NoSecondFactor("Nothing was changed: the account has no second factor.")
            factor_setups.remove_all(conn, found.id)
            audit.record_action(conn, caller, "factor.reset", found.id, name=found.name)
            return found

        return await self._store.write(write)

    async def extend_factor(self, account: str, *, caller: Caller | None = None) -> Account:
        """Give an account without a second factor seven more days, from its deadline, or from now
        if that has passed; return it with the change.

        At most twice before it sets one up. Raises UnknownAccount, ReauthenticationNeeded,
        OwnFactor for the caller's own, FactorNotDue, and ExtensionsUsedUp.
        """
        reauthentication.require(caller)

        def write(conn: Connection) -> Account:
            found = accounts.get(conn, account)
            if caller is not None and found.id == caller.responsible:
                raise OwnFactor(
                    "Nothing was changed. Another coordinator, or the server's operator, can give "
                    "you more time."
                )
            until = self.factor_until(found)
            if until is None or found.factor_asked_at is None or found.disabled_at is not None:
                raise FactorNotDue(
                    "Nothing was changed: the account has a second factor, need not have one, or "
                    "its seven days begin with its next sign-in."
                )
            if not factors.extensions_left(found.factor_extensions):
                raise ExtensionsUsedUp(
                    f"Nothing was changed: {found.name} has had more time already. The "
                    "server's operator can give more."
                )
            begins = max(until, now_ms())
            accounts.extend_factor(conn, found.id, begins)
            until = begins + factors.GRACE_MS
            audit.record_action(
                conn, caller, "factor.extend", found.id, name=found.name, until=rfc3339(until)
            )
            return accounts.get(conn, found.id)

        return await self._store.write(write)

    async def _reauthenticated(self, caller: Caller) -> Account:
        own = _own(caller)
        reauthentication.require(caller)
        return await self._store.read(lambda conn: accounts.get(conn, own))


def _own(caller: Caller) -> str:
    if caller.account is None:
        raise NoPassword("An API key has no second factor.")
    return caller.account
