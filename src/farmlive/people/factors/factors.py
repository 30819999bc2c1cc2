"""The second factor of an account at sign-in: a code of an authenticator app, a passkey, or a
recovery code if both are lost.

Owns the requirements of a sign-in and a reauthentication; setups.py sets factors up. The password
comes first (session_admin.py), and nothing here is revealed without it.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from farmlive.clock import DAY_MS, now_ms
from farmlive.people.accounts.accounts import Account
from farmlive.people.core.problems import SecondFactorNeeded, SecondFactorSetupNeeded, WrongCode
from farmlive.people.core.roles import STAFF, KeyRole
from farmlive.people.factors import passkeys, recovery_codes, totp, tries
from farmlive.people.factors.models import FactorKind, FactorSetup
from farmlive.people.factors.passkeys import Purpose
from farmlive.people.factors.relying_party import Site
from farmlive.people.factors.setups import FactorSetups, Passed, as_json, passkey_refused
from farmlive.settings import Settings
from farmlive.store import Store

# How long an account may sign in without a second factor after the first request for one.
GRACE_MS = 7 * DAY_MS
# How often a coordinator may give an account seven more days before it has set one up.
EXTENSIONS = 2
DEMANDED_OF: tuple[KeyRole, ...] = STAFF


@dataclass(frozen=True)
class Answer:
    """The second factor that a client sends: a code, a passkey's response, or a setup."""

    code: str | None = field(default=None, repr=False)
    passkey: dict[str, Any] | None = field(default=None, repr=False)
    setup: FactorSetup | None = field(default=None, repr=False)


NONE = Answer()


def deadline(settings: Settings, role: KeyRole | None, asked_at: int | None) -> int | None:
    """Return until when an account of this role without a factor may sign in, in milliseconds since
    1970; None if the setting does not require one.
    """
    if not settings.require_second_factor or role not in DEMANDED_OF:
        return None
    return (now_ms() if asked_at is None else asked_at) + GRACE_MS


def extensions_left(given: int) -> int:
    """Return how often a coordinator may still give an account seven more days."""
    return max(EXTENSIONS - given, 0)


class Factors:
    """Checks second factors."""

    def __init__(self, store: Store, settings: Settings):
        self.setups = FactorSetups(store, settings)
        self._store = store
        self._settings = settings

    async def check_sign_in(
        self, account: Account, device: str, answer: Answer, site: Site | None, *, known: bool
    ) -> Passed:
        """Return the factor that the account passed; its password was right. `known`: it signed in
        on this device before.

        Raises SecondFactorNeeded, SecondFactorSetupNeeded, and what `check` raises.
        """
        if account.second_factor:
            return await self.check(account, device, answer, site, "sign_in", known=known)
        last = deadline(self._settings, account.role, account.factor_asked_at)
        if last is None or last > now_ms():
            return Passed()
        if answer.setup is not None:
            return await self.setups.check(account, device, answer.setup, site)
        options = None
        if site is not None:
            options = await self.setups.passkey_options(account, device, site)
        raise SecondFactorSetupNeeded(
            "Nobody was signed in: this account's days without a second factor are over. Set one "
            "up, and send it as `setup` beside name and password; or ask a coordinator for seven "
            "more days.",
            totp=as_json(self.setups.begin_totp(account)),
            passkey=options,
        )

    async def check(
        self,
        account: Account,
        device: str,
        answer: Answer,
        site: Site | None,
        purpose: Purpose,
        *,
        known: bool,
    ) -> Passed:
        """Return the factor that the account passed with this answer.

        Raises SecondFactorNeeded without one, WrongCode, TooMany of them, and PasskeyRefused.
        """
        if answer.passkey is not None:
            return await self._by_passkey(account, device, answer.passkey, site, purpose)
        if answer.code is not None:
            counted = device if known else tries.STRANGERS
            return await self._by_code(account, counted, answer.code)
        raise await self._needed(account, device, site, purpose)

    async def _needed(
        self, account: Account, device: str, site: Site | None, purpose: Purpose
    ) -> SecondFactorNeeded:
        def begin(
            conn: Connection,
        ) -> tuple[list[FactorKind], dict[str, Any] | None, list[str]]:
            kinds: list[FactorKind] = []
            options = None
            every = passkeys.list_passkeys(conn, account.id)
            here = [each for each in every if site is not None and each.rp_id == site.rp_id]
            elsewhere = sorted({each.rp_id for each in every if each not in here})
            if site is not None and here:
                kinds.append("passkey")
                challenge = passkeys.begin_challenge(conn, account.id, device, purpose)
                options = passkeys.request_options(site, challenge, here)
            if totp.find(conn, self.setups.sealer, account.id):
                kinds.append("totp")
            if recovery_codes.count_unused(conn, account.id):
                kinds.append("recovery")
            return kinds, options, elsewhere

        kinds, options, elsewhere = await self._store.write(begin)
        return SecondFactorNeeded(
            "Nothing was done yet. Send the same again with `code`, of the authenticator app or a "
            "recovery code; or with `passkey`, what a browser answers to the options that stand "
            "here under that name.",
            kinds=kinds,
            passkey=options,
            passkeys_elsewhere=elsewhere,
        )

    async def _by_code(self, account: Account, device: str, typed: str) -> Passed:
        code = recovery_codes.canonical(typed)
        if recovery_codes.is_code(code):
            return await self._by_recovery_code(account, code)
        if not totp.is_code(code):
            raise WrongCode(
                "Nothing was done: a code of the app has six digits, a recovery code 16 characters."
            )

        def take(conn: Connection) -> None:
            tries.count_try(conn, account.id, device)

        try:
            await self._store.write(take)
        except IntegrityError:
            # Another server has just counted the first one.
            await self._store.write(take)
        sealer = self.setups.sealer
        app = await self._store.read(lambda conn: totp.find(conn, sealer, account.id))
        step = None if app is None else totp.step_of(app.secret, code)
        if app is None or step is None or step <= app.step:
            raise _wrong_code()
        right = step

        def keep(conn: Connection) -> None:
            if not totp.use(conn, account.id, right):
                raise _wrong_code()
            tries.forget(conn, account.id, device)

        return Passed("totp", keep)

    async def _by_recovery_code(self, account: Account, code: str) -> Passed:
        code_hash = self.setups.recovery_hash(account.id, code)

        def keep(conn: Connection) -> None:
            if not recovery_codes.use(conn, account.id, code_hash):
                raise _wrong_recovery_code()
            tries.forget(conn, account.id)

        def read(conn: Connection) -> bool:
            return recovery_codes.is_unused(conn, account.id, code_hash)

        if not await self._store.read(read):
            raise _wrong_recovery_code()
        return Passed("recovery", keep)

    async def _by_passkey(
        self,
        account: Account,
        device: str,
        answer: dict[str, Any],
        site: Site | None,
        purpose: Purpose,
    ) -> Passed:
        try:
            if site is None:
                raise passkeys.Refused("there are none under this address")
            here = site
            challenge = await self.setups.challenge(account, device, answer, purpose)
            credential = passkeys.credential_in(answer)
            found = await self._store.read(
                lambda conn: passkeys.find(conn, account.id, credential, here)
            )
            if found is None:
                raise passkeys.Refused("it is none of this account's")
            passkey = found
            count = await asyncio.to_thread(
                passkeys.verify_authentication, here, challenge, passkey, answer
            )
        except passkeys.Refused as error:
            raise passkey_refused() from error

        def keep(conn: Connection) -> None:
            if not passkeys.use(conn, passkey, count):
                raise passkey_refused()

        return Passed("passkey", keep)


def _wrong_code() -> WrongCode:
    return WrongCode(
        "Nothing was done: the code is not right, or was used already. Each works once, for half a "
        "minute; take the next one, and see that the phone's clock is right."
    )


def _wrong_recovery_code() -> WrongCode:
    return WrongCode(
        "Nothing was done: this is no recovery code of the account, or it was used already. Each "
        "works once, and new ones put an end to those before."
    )
