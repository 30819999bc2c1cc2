"""People: what the rest of the house asks of this room, each question one crossing of the store.

The SQL is in the modules named after what they hold; who may ask is the guard's to decide.
"""

from collections.abc import Callable, Iterable

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from farmlive.clock import now_ms
from farmlive.ids import is_ulid
from farmlive.people import accounts, keys, passwords, sessions, sources
from farmlive.people.accounts import Account
from farmlive.people.devices import Pseudonyms
from farmlive.people.keys import ApiKey, StreamKey
from farmlive.people.limits import RateLimits
from farmlive.people.models import KeyRole, Purpose, Role
from farmlive.people.problems import BroadcastEnded, WrongPassword
from farmlive.people.sessions import Session
from farmlive.people.sources import Source
from farmlive.settings import Settings
from farmlive.store import Store

BroadcastState = Callable[[Connection, str], str]
"""The state of a broadcast, `scheduled|live|ended`; raises NotFound for an unknown one."""


class People:
    """The room's one object: accounts, sessions, keys, sources, pseudonyms and rate limits."""

    def __init__(self, store: Store, settings: Settings):
        self.settings = settings
        self.limits = RateLimits()
        self.pseudonyms = Pseudonyms(store)
        self._store = store
        self._passwords = passwords.Passwords()

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
        self, name: str, role: Role, password: str | None = None, farms: Iterable[str] = ()
    ) -> tuple[Account, str]:
        """Make an account; the second is its password, a random one where none was given.

        Raises Invalid and NameTaken.
        """
        name, own = accounts.checked(name), accounts.farms_of(role, farms)
        password = passwords.readable() if password is None else password
        hashed = await self._passwords.hash(password)
        account = await self._store.write(lambda conn: accounts.add(conn, name, hashed, role, own))
        return account, password

    async def set_password(self, name: str, password: str | None = None) -> str:
        """Give the account this password, or a random one, and end its sessions.

        Raises Invalid and UnknownAccount.
        """
        password = passwords.readable() if password is None else password
        hashed = await self._passwords.hash(password)
        await self._store.write(lambda conn: accounts.set_password(conn, name, hashed))
        return password

    async def disable_account(self, name: str) -> None:
        """Shut the account out at once. Raises UnknownAccount, LastCoordinator."""
        await self._store.write(lambda conn: accounts.disable(conn, name))

    async def accounts(self) -> list[Account]:
        """All accounts, by name."""
        return await self._store.read(accounts.every)

    async def sign_in(self, name: str, password: str, address: str) -> Session:
        """Start a session. Raises WrongPassword, and TooMany of them for an address or a name."""
        with self.limits.failures(
            WrongPassword,
            self.settings.sign_ins_per_minute,
            ("sign-in address", address),
            ("sign-in name", accounts.written(name)),
            of="wrong passwords",
        ):
            account = await self._store.read(lambda conn: accounts.find(conn, name))
            hashed = account.password_hash if account and account.disabled_at is None else None
            if not await self._passwords.check(hashed, password) or account is None:
                raise WrongPassword("Nobody was signed in. Check name and password and try again.")
        days = self.settings.session_days
        return await self._store.write(lambda conn: sessions.begin(conn, account, days))

    async def find_session(self, token: str) -> Session | None:
        """The session with that token, unless it is over."""
        return await self._store.read(lambda conn: sessions.find(conn, token))

    async def sign_out(self, token: str) -> None:
        """End the session."""
        await self._store.write(lambda conn: sessions.end(conn, token))

    async def create_api_key(
        self, label: str, role: KeyRole, farms: Iterable[str] = ()
    ) -> tuple[ApiKey, str]:
        """Make an API key; the second is the secret, which is never shown again.

        Raises Invalid where role and farms don't fit.
        """
        return await self._store.write(lambda conn: keys.add_api_key(conn, label, role, farms))

    async def find_api_key(self, secret: str) -> ApiKey | None:
        """The API key with that secret."""
        return await self._store.read(lambda conn: keys.find_api_key(conn, secret))

    async def api_keys(self) -> list[ApiKey]:
        """All API keys, oldest first."""
        return await self._store.read(keys.every_api_key)

    async def revoke_api_key(self, key: str) -> None:
        """Revoke the API key with that identifier. Raises UnknownKey."""
        await self._store.write(lambda conn: keys.revoke_api_key(conn, key))

    async def mint_stream_key(
        self,
        broadcast: str,
        purpose: Purpose,
        *,
        device: str | None = None,
        label: str | None = None,
        source: str | None = None,
        state: BroadcastState | None = None,
    ) -> tuple[StreamKey, str]:
        """Make a stream key; the second is the secret, which is never shown again.

        `studio` needs the device, whose one source in the broadcast it is; `encoder` makes a
        new source, or a further key of `source`. `state` is asked in the same transaction.
        Raises BroadcastEnded, UnknownSource and what `state` raises.
        """

        def mint(conn: Connection) -> tuple[StreamKey, str]:
            if state is not None and state(conn, broadcast) == "ended":
                raise BroadcastEnded("No key was made: an ended broadcast takes no camera.")
            if purpose == "encoder":
                camera = (
                    sources.known(conn, broadcast, source)
                    if source
                    else sources.add(conn, broadcast, label)
                )
                return keys.add_stream_key(conn, camera, purpose, None)
            if device is None:
                raise ValueError("a studio's key belongs to a device")
            camera = sources.of_device(conn, broadcast, device, label)
            expires_at = now_ms() + self.settings.studio_key_minutes * 60_000
            return keys.add_stream_key(conn, camera, purpose, expires_at)

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

    async def revoke_stream_key(self, broadcast: str, key: str) -> None:
        """Revoke the key; a session that runs with it goes on. Raises UnknownKey."""
        await self._store.write(lambda conn: keys.revoke_stream_key(conn, broadcast, key))

    async def sources(self, broadcast: str, state: BroadcastState | None = None) -> list[Source]:
        """The broadcast's sources, oldest first. Raises what `state` raises."""

        def read(conn: Connection) -> list[Source]:
            if state is not None:
                state(conn, broadcast)
            return sources.every(conn, broadcast)

        return await self._store.read(read)
