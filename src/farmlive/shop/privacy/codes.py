"""Codes by which a buyer shows that a phone is theirs, to have its orders exported or erased.

Six digits, sent to that phone alone and only if it has orders; every answer is the same whether it
has. They are counted in the database, over all servers, by the phone: who guesses from many
addresses has five tries together, and then nobody has any for an hour. The code is derived with the
key of orders, so that no copy of the database holds one.
"""

import asyncio
import hmac
from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, Row, bindparam, delete, exists, insert, select, update

from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.people.core.devices import Pseudonyms
from farmlive.periodic import create_task
from farmlive.settings import Settings
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_tables import orders
from farmlive.shop.notices import limits
from farmlive.shop.notices.limits import Sender, StrangersLimits
from farmlive.shop.notices.providers import Notice, Provider
from farmlive.shop.notices.texts import Language, code_words
from farmlive.shop.privacy.problems import CodesLocked, NoCodes, WrongCode
from farmlive.shop.privacy.tables import person_codes
from farmlive.store import Store

VALID_MS = 10 * 60_000
# Whoever asks again within this time is sent the same one, so that nobody else's asking spoils it.
SAME_MS = 5 * 60_000
TRIES = 5
LOCKED_MS = 60 * 60_000
KIND = "person.code"
_WORD = "phone for a code"

_log = structlog.get_logger(__name__)

_THE = select(person_codes).where(person_codes.c.phone == bindparam("of_phone"))
_FORGET = delete(person_codes).where(person_codes.c.until < bindparam("now"))


class Claimed(NamedTuple):
    """A phone that somebody says is theirs: its number, and the pseudonyms of its orders."""

    number: str
    buyers: Sequence[str]


class PersonCodes:
    """Sends codes and checks them."""

    def __init__(self, store: Store, settings: Settings, through: Sequence[Provider]):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._pseudonyms = Pseudonyms(store)
        self._limits = StrangersLimits(settings, store)
        self._through = through
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def are_sent(self) -> bool:
        """Whether anything here brings messages to telephones."""
        return any(provider.reach("") for provider in self._through)

    def mark(self, phone: Claimed) -> str:
        """As whom tries are counted."""
        return self._pseudonyms.uncached(_WORD, limits.recipient(phone.number))

    async def stop(self) -> None:
        """Let what is on its way be brought."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=5)

    async def send(self, phone: Claimed, by: Sender | None, language: Language | None) -> None:
        """Send a code if the phone has orders and the limits of notices let it, which count it
        whether it has.

        Nothing tells the caller which. Raises NoCodes where no codes are sent here, CodesLocked.
        """
        if not self.are_sent:
            raise NoCodes(
                "Nothing was sent: this server sends no text messages. Use the link of an order, "
                "or ask whom the privacy page names."
            )
        mark = self.mark(phone)

        def write(connection: Connection) -> tuple[int, int, str | None]:
            now = now_ms()
            row = _row(connection, mark)
            if locked := _locked_ms(row, now):
                return locked, now, None
            connection.execute(_FORGET, {"now": now})
            # The same is asked and kept whether the phone has orders: what counts shows elsewhere,
            # as by an order to this phone that would be held back.
            has_orders = exists().where(orders.c.buyer.in_(list(phone.buyers)))
            is_known = connection.execute(select(has_orders)).scalar()
            if self._limits.held_by(connection, phone.number, by, now) is not None:
                return 0, now, None
            self._limits.keep(connection, limits.recipient(phone.number), now, now)
            issued_at = seed = now
            if row is not None and row.issued_at > now - SAME_MS:
                issued_at, seed = row.issued_at, row.seed
            _put(connection, mark, issued_at=issued_at, seed=seed)
            code = self._links.phone_code(mark, seed)
            return 0, now, code if is_known else None

        locked, at, code = await self._store.write(write)
        if locked:
            raise _too_many(locked)
        if code is not None:
            # Apart from the answer, which takes no longer than another's.
            task = create_task(self._bring(phone.number, code, at, language))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def check(self, phone: Claimed, code: str) -> None:
        """Raise WrongCode unless it is the one that was sent, and CodesLocked after five of those.

        A code opens for ten minutes as often as it is said.
        """
        mark = self.mark(phone)

        def write(connection: Connection) -> tuple[bool, int]:
            now = now_ms()
            row = _row(connection, mark)
            if locked := _locked_ms(row, now):
                return False, locked
            if row is not None and now - VALID_MS <= row.issued_at <= now:
                right = self._links.phone_code(mark, row.seed)
                if hmac.compare_digest(right.encode(), code.encode()):
                    return True, 0
            tries = row.tries if row is not None and row.tried_at > now - LOCKED_MS else 0
            _put(connection, mark, tries=tries + 1, tried_at=now)
            return False, 0

        is_right, locked = await self._store.write(write)
        if locked:
            raise _too_many(locked)
        if not is_right:
            raise WrongCode(
                "Nothing was shown: that is not the code, or its ten minutes are over. Look at the "
                "message once more, or have another one sent."
            )

    def use_up(self, connection: Connection, phone: Claimed) -> None:
        """Let the code open nothing any more."""
        connection.execute(
            update(person_codes).where(person_codes.c.phone == self.mark(phone)).values(issued_at=0)
        )

    async def _bring(self, number: str, code: str, at: int, language: Language | None) -> None:
        """Bring the code; `at` is when its phone still had orders: what is erased after that takes
        the message out, too, however late it is written.
        """
        notice = Notice(
            id=ulid(),
            at=at,
            kind=KIND,
            number="",
            person=number,
            language=language,
            said=code_words(code, language),
            url="",
        )
        for provider in self._through:
            if provider.reach(number):
                try:
                    await asyncio.to_thread(provider.send, notice)
                except Exception as error:  # which may name the number
                    _log.warning("a code was not sent", error=type(error).__name__)


def _row(connection: Connection, mark: str) -> Row[Any] | None:
    return connection.execute(_THE, {"of_phone": mark}).one_or_none()


def _locked_ms(row: Row[Any] | None, now: int) -> int:
    if row is None or row.tries < TRIES:
        return 0
    return max(0, int(row.tried_at) + LOCKED_MS - now)


def _put(connection: Connection, mark: str, **values: int) -> None:
    until = now_ms() + LOCKED_MS
    changed = connection.execute(
        update(person_codes).where(person_codes.c.phone == mark).values(until=until, **values)
    )
    if not changed.rowcount:
        empty = {"issued_at": 0, "seed": 0, "tries": 0, "tried_at": 0}
        connection.execute(insert(person_codes), {"phone": mark, "until": until, **empty, **values})


def _too_many(locked_ms: int) -> CodesLocked:
    seconds = -(-locked_ms // 1000)
    return CodesLocked(
        f"Nothing was done: a wrong code was said {TRIES} times for this number. Try again in "
        f"{-(-seconds // 60)} min.",
        headers={"Retry-After": str(seconds)},
    )
