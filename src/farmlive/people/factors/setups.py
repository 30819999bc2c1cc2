"""Setting up second factors, and an account's factors: an authenticator app, passkeys, and recovery
codes, which come with the first of either.

factors.py and accounts/reauthentication.py decide what the person must prove. `check` writes
nothing; its result writes in the caller's transaction.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import segno
from sqlalchemy import Connection

from farmlive.people.accounts import accounts
from farmlive.people.accounts.accounts import Account
from farmlive.people.core.problems import NoPasskeysHere, PasskeyRefused, PasskeysFull, WrongCode
from farmlive.people.core.sealing import Sealer
from farmlive.people.factors import passkeys, recovery_codes, totp, tries
from farmlive.people.factors.models import FactorKind, FactorSetup
from farmlive.people.factors.passkeys import Passkey, Purpose
from farmlive.people.factors.relying_party import Site
from farmlive.people.factors.totp import TotpSetup
from farmlive.settings import Settings
from farmlive.store import Store

# A separate derivation label for each use of the keys beside the database.
TOTP_KEY, _RECOVERY_KEY = "totp secrets", "recovery codes"

Keep = Callable[[Connection], None]
"""Writes that a factor was used or set up, in the transaction of what it lets happen."""


@dataclass(frozen=True)
class Passed:
    """A factor that was right: `by` is its kind, and `keep` writes what the caller's transaction
    must record.

    `keep` fills `recovery_codes` if it made any, to be shown once.
    """

    by: FactorKind | None = None
    keep: Keep = lambda _conn: None
    recovery_codes: list[str] = field(default_factory=list, repr=False)


@dataclass(frozen=True)
class OwnFactors:
    """The factors of an account, for its owner; `totp_since` is in milliseconds since 1970."""

    totp_since: int | None
    passkeys: Sequence[Passkey]
    recovery_codes_left: int


def as_json(setup: TotpSetup) -> dict[str, str]:
    """Return a setup for a page: the secret as text and as a QR code, a `data:` URL."""
    drawn = segno.make(setup.uri, error="m", micro=False)
    qr = drawn.svg_data_uri(scale=6, border=4, light="#fff", nl=False)
    return {"secret": setup.secret, "uri": setup.uri, "qr": qr, "token": setup.token}


def passkey_refused() -> PasskeyRefused:
    """Return the one problem for everything that can be wrong with a passkey."""
    return PasskeyRefused(
        "Nothing was done: this passkey is not valid here, or it took longer than five minutes. "
        "Begin again, or take another factor."
    )


def read_own(conn: Connection, sealer: Sealer, account: str) -> OwnFactors:
    """Return the factors of an account."""
    app = totp.find(conn, sealer, account)
    return OwnFactors(
        None if app is None else app.created_at,
        passkeys.list_passkeys(conn, account),
        recovery_codes.count_unused(conn, account),
    )


def remove_all(conn: Connection, account: str) -> None:
    """Delete all factors of an account, and when it was first asked for one: it has seven days."""
    totp.remove(conn, account)
    passkeys.remove(conn, account)
    passkeys.forget_challenges(conn, account)
    recovery_codes.remove(conn, account)
    tries.forget(conn, account)
    accounts.record_second_factor(conn, account, has=False)
    accounts.forget_factor_asked(conn, account)


def record_factor_state(conn: Connection, sealer: Sealer, account: str) -> bool:
    """Record whether the account still has a factor; without one delete its recovery codes."""
    left = read_own(conn, sealer, account)
    has = left.totp_since is not None or bool(left.passkeys)
    if not has:
        recovery_codes.remove(conn, account)
    accounts.record_second_factor(conn, account, has=has)
    return has


class FactorSetups:
    """Begins setups and checks their results."""

    def __init__(self, store: Store, settings: Settings):
        self._store = store
        self._settings = settings

    @property
    def sealer(self) -> Sealer:
        """Encrypts the secrets of authenticator apps."""
        return Sealer(self._store.keys.derive(TOTP_KEY))

    def recovery_hash(self, account: str, code: str) -> str:
        """Return the hash under which a recovery code is stored."""
        return recovery_codes.hashed(self._store.keys.derive(_RECOVERY_KEY), account, code)

    def new_recovery_codes(self, conn: Connection, account: str) -> list[str]:
        """Draw and store new codes, which replace all earlier ones."""
        return recovery_codes.replace(conn, self._store.keys.derive(_RECOVERY_KEY), account)

    def begin_totp(self, account: Account) -> TotpSetup:
        """Draw the secret of an authenticator app; nothing is stored before its first code."""
        host = self._settings.url.partition("://")[2].replace(":", " ")
        return totp.begin(self.sealer, account.id, account.name, f"farmlive {host}")

    async def passkey_options(
        self, account: Account, device: str, site: Site | None
    ) -> dict[str, Any]:
        """Return the options with which a browser creates a passkey. Raises NoPasskeysHere,
        PasskeysFull.
        """
        if site is None:
            raise NoPasskeysHere(
                "Nothing was changed. Passkeys need HTTPS and a name: open the server by the "
                "address that FARMLIVE_PUBLIC_URL says."
            )
        here = site

        def begin(conn: Connection) -> dict[str, Any]:
            known = passkeys.list_passkeys(conn, account.id)
            if len(known) >= passkeys.MOST:
                raise PasskeysFull(f"An account has {passkeys.MOST} at most: remove one first.")
            challenge = passkeys.begin_challenge(conn, account.id, device, "add")
            return passkeys.creation_options(here, challenge, account.id, account.name, known)

        return await self._store.write(begin)

    async def challenge(
        self, account: Account, device: str, answer: dict[str, Any], purpose: Purpose
    ) -> str:
        """Use up the challenge in a browser's response, in its own transaction, so that it is used
        whatever follows. Raises passkeys.Refused.
        """
        found = passkeys.challenge_in(answer)

        def take(conn: Connection) -> bool:
            return passkeys.use_challenge(conn, found, account.id, device, purpose)

        if not await self._store.write(take):
            raise passkeys.Refused("its challenge is over, or is another's")
        return found

    async def check(
        self, account: Account, device: str, setup: FactorSetup, site: Site | None
    ) -> Passed:
        """Return the factor that was set up; its `keep` stores it. Raises WrongCode and
        PasskeyRefused.
        """
        by: FactorKind
        if setup.totp is not None:
            by, add = "totp", self._totp(account, setup.totp.token, setup.totp.code)
        else:
            assert setup.passkey is not None
            made = await self._passkey(account, device, setup, site)
            by, add = "passkey", made
        codes: list[str] = []

        def keep(conn: Connection) -> None:
            add(conn)
            accounts.record_second_factor(conn, account.id, has=True)
            codes.clear()
            if not recovery_codes.count_unused(conn, account.id):
                codes.extend(self.new_recovery_codes(conn, account.id))

        return Passed(by, keep, codes)

    def _totp(self, account: Account, token: str, typed: str) -> Keep:
        secret = totp.begun(self.sealer, account.id, token)
        if secret is None:
            raise WrongCode(
                "Nothing was changed: that took longer than half an hour. Begin again, with a new "
                "QR code; take the old entry out of the app."
            )
        step = totp.step_of(secret, recovery_codes.canonical(typed))
        if step is None:
            raise WrongCode(
                "Nothing was changed: the app's code is another. Take the six digits that it shows "
                "now, and see that the phone's clock is right."
            )
        sealer, first = self.sealer, step

        def add(conn: Connection) -> None:
            totp.add(conn, sealer, account.id, secret, first)
            # Guesses at the earlier secret no longer count.
            tries.forget(conn, account.id)

        return add

    async def _passkey(
        self, account: Account, device: str, setup: FactorSetup, site: Site | None
    ) -> Keep:
        assert setup.passkey is not None
        sent = setup.passkey
        try:
            if site is None:
                raise passkeys.Refused("there are none under this address")
            challenge = await self.challenge(account, device, sent.credential, "add")
            passkey = await asyncio.to_thread(
                passkeys.verify_registration,
                site,
                challenge,
                account.id,
                sent.name,
                sent.credential,
            )
        except passkeys.Refused as error:
            raise passkey_refused() from error

        def add(conn: Connection) -> None:
            if passkeys.is_taken(conn, passkey.credential):
                raise passkey_refused()
            if len(passkeys.list_passkeys(conn, account.id)) >= passkeys.MOST:
                raise PasskeysFull(f"An account has {passkeys.MOST} at most: remove one first.")
            passkeys.add(conn, passkey)

        return add
