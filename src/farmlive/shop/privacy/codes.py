"""Codes by which a buyer proves control of a phone, to export or erase its orders.

Six digits, sent to that phone and only if it has orders; every answer is the same either way. Wrong
codes are counted per phone in the database, over all servers: after five wrong codes, from any
number of IP addresses, the phone is locked for an hour. The code is derived with the key of orders,
so that a copy of the database reveals none.
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
from farmlive.shop.notices.limits import Sender, StrangerLimits
from farmlive.shop.notices.providers import Notice, Provider
from farmlive.shop.notices.texts import Language, code_words
from farmlive.shop.privacy.problems import CodesLocked, NoCodes, WrongCode
from farmlive.shop.privacy.tables import person_codes
from farmlive.store import Store

VALID_MS = 10 * 60_000
# A repeated request within this time gets the same code, so that another person's request can't
# invalidate it.
SAME_MS = 5 * 60_000
TRIES = 5
LOCKED_MS = 60 * 60_000
KIND = "person.code"
_WORD = "phone for a code"

_log = structlog.get_logger(__name__)

_THE = select(person_codes).where(person_codes.c.phone == bindparam("of_phone"))
_FORGET = delete(person_codes).where(person_codes.c.until < bindparam("now"))


class ClaimedPhone(NamedTuple):
    """A phone that somebody claims: its number, and the pseudonyms of its orders."""

    number: str
    buyers: Sequence[str]


class PersonCodes:
    """Sends and checks codes."""

    def __init__(self, store: Store, settings: Settings, providers: Sequence[Provider]):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._pseudonyms = Pseudonyms(store)
        self._limits = StrangerLimits(settings, store)
        self._providers = providers
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def can_send(self) -> bool:
        """Whether a provider can send to phones."""
        return any(provider.can_reach("") for provider in self._providers)

    def mark(self, phone: ClaimedPhone) -> str:
        """Return the pseudonym under which wrong codes are counted."""
        return self._pseudonyms.uncached(_WORD, limits.normalize_recipient(phone.number))

    async def stop(self) -> None:
        """Wait for the messages under way."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=5)

    async def send(self, phone: ClaimedPhone, by: Sender | None, language: Language | None) -> None:
        """Send a code if the phone has orders and the limits of notices allow it.

        The limits count it either way. The caller can't tell the difference. Raises NoCodes where
        this server sends no codes, CodesLocked.
        """
        if not self.can_send:
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
            # Run the same queries and writes whether or not the phone has orders, since the counts
            # can be observed elsewhere: by an order to this phone that would be held back.
            has_orders = exists().where(orders.c.buyer.in_(list(phone.buyers)))
            is_known = connection.execute(select(has_orders)).scalar()
            if self._limits.held_by(connection, phone.number, by, now) is not None:
                return 0, now, None
            self._limits.count(connection, limits.normalize_recipient(phone.number), now, now)
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
            # In a task of its own, so that the answer takes the same time either way.
            task = create_task(self._deliver(phone.number, code, at, language))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def check(self, phone: ClaimedPhone, code: str) -> None:
        """Raise WrongCode unless it is the code that was sent, and CodesLocked after five wrong
        codes.

        A code is valid for ten minutes, any number of times.
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

    def use_up(self, connection: Connection, phone: ClaimedPhone) -> None:
        """Invalidate the code."""
        connection.execute(
            update(person_codes).where(person_codes.c.phone == self.mark(phone)).values(issued_at=0)
        )

    async def _deliver(self, number: str, code: str, at: int, language: Language | None) -> None:
        """Send the code.

        `at` is a time when the phone still had orders: a later erasure removes this message from
        the outbox too, however late it is written.
        """
        notice = Notice(
            id=ulid(),
            at=at,
            kind=KIND,
            number="",
            person=number,
            language=language,
            text=code_words(code, language),
            url="",
        )
        for provider in self._providers:
            if provider.can_reach(number):
                try:
                    await asyncio.to_thread(provider.send, notice)
                except Exception as error:  # its text may contain the number
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
