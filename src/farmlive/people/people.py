"""The interface of people: accounts, sessions and API keys; each call is one read or write of the
store.

Its parts are account_admin.py, session_admin.py and factor_admin.py; this module has the keys, the
audit log. The modules named after what they store have the SQL;
guard.py authorizes callers.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection

from farmlive.bus import Bus
from farmlive.clock import DAY_MS, now_ms
from farmlive.ids import is_ulid
from farmlive.people.account_admin import AccountAdmin
from farmlive.people.accounts import accounts, reauthentication
from farmlive.people.core import audit
from farmlive.people.core.audit import EVERYTHING, AuditEntry, Selection
from farmlive.people.core.caller import Caller
from farmlive.people.core.cookies import Cookies
from farmlive.people.core.lookups import Lookups, Require
from farmlive.people.core.roles import KeyRole
from farmlive.people.factor_admin import FactorAdmin
from farmlive.people.keys import api_keys, credentials, renewals, stream_keys
from farmlive.people.keys.api_keys import ApiKey
from farmlive.people.keys.credentials import Credential
from farmlive.people.keys.guests import Guests
from farmlive.people.keys.key_uses import KeyUses
from farmlive.people.keys.renewals import Renewed
from farmlive.people.keys.sources import Source
from farmlive.people.keys.stream_keys import StreamKeys
from farmlive.people.moderation.blocklist import Blocklist
from farmlive.people.people_base import note
from farmlive.people.session_admin import SessionAdmin
from farmlive.periodic import Periodic
from farmlive.problems import Invalid, field_error
from farmlive.settings import Settings
from farmlive.store import Store

FORGET_S = 3_600.0
# Old entries of the audit log to delete in one step; no order waits longer for it.
FORGET_AT_ONCE = 500


class People(AccountAdmin, SessionAdmin, FactorAdmin):
    """Accounts, sessions, keys, sources, guests, limits and blocks."""

    def __init__(self, store: Store, settings: Settings, bus: Bus, lookups: Lookups):
        super().__init__(store, settings, bus, lookups)
        self.cookies = Cookies(secure=settings.secure)
        self.blocks = Blocklist(
            store, self.pseudonyms, self.refusals, lookups, settings.phone_country
        )
        self.guests = Guests(store, self.limits, settings, self.revocations)
        self.stream_keys = StreamKeys(store, settings)
        self.key_uses = KeyUses(store)
        self._forgetting = Periodic(
            FORGET_S,
            self.delete_old_audit_entries,
            "old audit entries were not deleted",
            at_once=True,
        )

    async def start(self) -> None:
        """Start writing to the audit log, and deleting its expired entries."""
        await self.access.start()
        await self._forgetting.start()

    async def stop(self) -> None:
        """Write what is counted, and stop."""
        await self._forgetting.stop()
        await self.access.stop()

    @property
    def scope_checks(self) -> tuple[Require, Require]:
        """The checks that a seller's farm and a clerk's centre exist; they declare the problems
        that they raise.
        """
        return self.lookups.require_farm, self.lookups.require_centre

    # The audit log.

    async def audit_entries(
        self, before: str | None, limit: int, selection: Selection = EVERYTHING
    ) -> list[AuditEntry]:
        """Return the matching entries of the audit log, the latest first, older than the entry
        `before`.
        """
        return await self._store.read(
            lambda conn: audit.list_entries(conn, before, limit, selection)
        )

    async def count_audit_entries(
        self, selection: Selection = EVERYTHING, upto: str | None = None
    ) -> int:
        """Return how many entries of the audit log match, up to the entry `upto`."""
        return await self._store.read(lambda conn: audit.count(conn, selection, upto))

    async def first_audit_entries(self, subjects: Collection[str]) -> dict[str, AuditEntry]:
        """Return the oldest entry of each of these subjects."""
        return await self._store.read(lambda conn: audit.first_entries(conn, subjects))

    async def delete_old_audit_entries(self) -> None:
        """Delete expired entries of the audit log, a step at a time."""
        before = now_ms() - self.settings.audit_days * DAY_MS

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
        """Create an API key; return it and its secret, which is never shown again.

        Its owner is the caller's account, unless `owner` names another; it is valid until
        `expires_at`, in milliseconds since 1970. Raises Invalid if role, farms and centres don't
        fit, for a past time, and for an owner who is no coordinator, NotFound for an unknown farm
        or centre, and ReauthenticationNeeded.
        """
        reauthentication.require(caller)
        if expires_at is not None and expires_at <= now_ms():
            message = "A key works until a time to come; leave it out for no end."
            raise Invalid(message, errors=[field_error("expires_at", "past-time", message)])

        def add(conn: Connection) -> tuple[ApiKey, str]:
            if owner is not None:
                credentials.require_owner(conn, "api_key", owner)
            own = owner or credentials.owner_of(conn, caller)
            key, secret = api_keys.add(
                conn,
                label,
                role,
                farms,
                centres,
                owner=own,
                made_by=caller.responsible if caller else None,
                expires_at=expires_at,
            )
            self._require(conn, key.farms, key.centres)
            note(conn, caller, "key.add", key)
            return key, secret

        return await self._store.write(add)

    async def find_api_key(self, secret: str) -> ApiKey | None:
        """Return the API key with that secret, or None, and record its use. Raises
        ExpiredApiKey.
        """
        key = await self._store.read(lambda conn: api_keys.find(conn, secret))
        if key is not None:
            self.key_uses.api_key(key.id)
        return key

    async def api_keys(self) -> list[ApiKey]:
        """Return all API keys, the oldest first."""
        return await self._store.read(api_keys.list_keys)

    async def revoke_api_key(self, key: str, *, caller: Caller | None = None) -> None:
        """Revoke the API key with that id. Raises UnknownKey."""

        def revoke(conn: Connection) -> None:
            api_keys.revoke(conn, key)
            audit.record_action(conn, caller, "key.revoke", key)

        await self._store.write(revoke)

    async def find_stream_key(self, broadcast: str, secret: str) -> Source | None:
        """Return the source to which this key may publish in this broadcast, or None."""
        if not is_ulid(broadcast):
            return None
        return await self._store.read(lambda conn: stream_keys.find(conn, broadcast, secret))

    # Credentials of accounts.

    async def credentials(self, owner: str | None = None) -> list[Credential]:
        """Return the working credentials, of one owner if given. Raises UnknownAccount."""

        def read(conn: Connection) -> list[Credential]:
            if owner is not None:
                accounts.get(conn, owner)
            return credentials.list_credentials(conn, self.lookups.airings, owner)

        return await self._store.read(read)

    async def give(self, credential: str, to: str, *, caller: Caller | None = None) -> None:
        """Give a key or a link to another account.

        Raises ReauthenticationNeeded, NotToGive for the caller's own and for any API key,
        UnknownCredential, UnknownAccount, and Invalid for an account that can't own it.
        """
        await self._store.write(lambda conn: credentials.give(conn, caller, credential, to))

    async def renew(self, credential: str, *, caller: Caller | None = None) -> Renewed:
        """Give a key or a link a new secret, with the same owner and rights.

        The old secret stops working, but sessions opened with it go on. The new one is known to the
        caller, whom the credential names as `made_by`.

        Raises ReauthenticationNeeded, NotToGive for an API key, and UnknownCredential.
        """
        return await self._store.write(lambda conn: renewals.renew(conn, caller, credential))
