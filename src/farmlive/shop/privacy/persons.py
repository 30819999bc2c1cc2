"""A buyer's own data: shows, exports or erases it, by a phone or an order's link.

It checks whose data it is, who may access it, and rate limits; export.py and erasing.py do the
work, codes.py checks codes.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, func, select

from farmlive import phones
from farmlive.bilingual import Bilingual
from farmlive.broadcast.log import read_titles
from farmlive.clock import now_ms, rfc3339
from farmlive.people import Caller
from farmlive.people.core.rate_limits import RateLimits
from farmlive.settings import Settings
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_lookup import with_token
from farmlive.shop.core.order_tables import orders
from farmlive.shop.notices import limits as notices_limits
from farmlive.shop.notices.limits import Pseudonym
from farmlive.shop.notices.texts import Language
from farmlive.shop.orders import buyer_data
from farmlive.shop.privacy.codes import VALID_MS, ClaimedPhone, PersonCodes
from farmlive.shop.privacy.erasing import Erasure, OrderScope
from farmlive.shop.privacy.export import Draw, Export, PersonExport, Zip
from farmlive.shop.privacy.models import CodeSent, KeptOfPerson, KeptOrder, PersonAsked
from farmlive.store import FILE_S, Store

# Requests per minute and IP address; the block around it has ten times the limit.
CODES_PER_MINUTE = 10
TRIES_PER_MINUTE = 20
BLOCK_FACTOR = 10
# Exports and erasures per minute, for an order and for an IP address: an export reads all events of
# its broadcasts, an erasure scans the outbox.
FILES_PER_MINUTE = 6
FILES_PER_ADDRESS = 20
SHOWN = 200
# Most bytes of photos within a page; further photos are in the ZIP's folder only.
PHOTOS_SHOWN = 8 << 20


class Persons:
    """Shows, exports and erases a buyer's data."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        erasing: Erasure,
        export: PersonExport,
        codes: PersonCodes,
        limits: RateLimits,
        *,
        pseudonym: Pseudonym,
        address_pseudonym: Pseudonym,
    ):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._country = settings.phone_country
        self._erasure = erasing
        self._export = export
        self._codes = codes
        self._limits = limits
        self._pseudonym = pseudonym
        self._address_pseudonym = address_pseudonym

    @property
    def sends_codes(self) -> bool:
        """Whether this server can send codes to phones."""
        return self._codes.can_send

    # By phone.

    async def send_code(self, caller: Caller, phone: str, language: Language | None) -> CodeSent:
        """Send a code to the phone if it has orders. Raises TooMany, NoCodes, CodesLocked."""
        self._limits.allow_address(
            "person codes", caller.address, CODES_PER_MINUTE, block_factor=BLOCK_FACTOR
        )
        sender = await notices_limits.sender_of(caller.address, self._address_pseudonym)
        await self._codes.send(await self._claimed(phone), sender, language)
        return CodeSent(minutes=VALID_MS // 60_000)

    async def of_phone(self, caller: Caller, asked: PersonAsked) -> OrderScope:
        """Return the phone's orders: by a code, or for a coordinator, who has verified the person.

        Raises TooMany, WrongCode, CodesLocked.
        """
        claimed = await self._claimed(asked.phone)
        if asked.code is not None:
            self._limits.allow_address(
                "person code tries", caller.address, TRIES_PER_MINUTE, block_factor=BLOCK_FACTOR
            )
            await self._codes.check(claimed, asked.code.replace(" ", ""))
            self._count_file(caller)
        return OrderScope(buyers=tuple(claimed.buyers))

    async def use_up_code(self, phone: str) -> None:
        """Invalidate the code that was sent to the phone."""
        claimed = await self._claimed(phone)
        await self._store.write(partial(self._codes.use_up, phone=claimed))

    # By an order's link.

    async def of_order(self, caller: Caller, token: str) -> OrderScope:
        """Return the single order with this token. Raises UnknownOrder, TooMany."""
        row = await self._store.read(lambda conn: with_token(conn, self._links, token))
        self._count_file(caller)
        self._limits.allow("files of an order", row.id, FILES_PER_MINUTE)
        return OrderScope(order=row.id)

    # Actions.

    async def summarize(self, whose: OrderScope) -> KeptOfPerson:
        """Summarize the data. Raises Unavailable."""
        return await self._store.read(partial(_kept, whose=whose), within_s=FILE_S)

    async def kept_because(self, order: str) -> buyer_data.Because | None:
        """Return why the order can't be erased yet, or None. Raises Unavailable."""
        found = await self._store.read(partial(_open_ones, whose=OrderScope(order=order)))
        return found[0][1] if found else None

    async def export(self, whose: OrderScope, language: Language, draw: Draw) -> Zip:
        """Create an export. Raises Unavailable."""
        found = await self._export.collect(whose)
        return await self._export.zipped(found, language, draw, PHOTOS_SHOWN)

    async def to_show(self, whose: OrderScope) -> tuple[Export, dict[str, bytes]]:
        """Collect all data, and the photos that a page shows. Raises Unavailable."""
        found = await self._export.collect(whose)
        return found, await self._export.photos(found, PHOTOS_SHOWN)

    async def erase(self, caller: Caller, whose: OrderScope, by: str) -> int:
        """Erase the buyer of these orders; return how many. Raises OrdersOpen, Unavailable."""
        return await self._erasure.erase(caller, whose, by=by)

    def _count_file(self, caller: Caller) -> None:
        self._limits.allow_address(
            "person files", caller.address, FILES_PER_ADDRESS, block_factor=BLOCK_FACTOR
        )

    async def _claimed(self, phone: str) -> ClaimedPhone:
        number = phones.written(phone, self._country)
        forms = [number, *phones.other_forms(number, self._country)]
        return ClaimedPhone(number, [await self._pseudonym(form) for form in forms])


def _kept(connection: Connection, whose: OrderScope) -> KeptOfPerson:
    all_of_them = whose.query().subquery()
    count = connection.execute(select(func.count()).select_from(all_of_them)).scalar_one()
    rows = connection.execute(whose.query().order_by(orders.c.id.desc()).limit(SHOWN)).all()
    still = dict(_open_ones(connection, whose))
    titles = read_titles(connection, {row.broadcast for row in rows})
    return KeptOfPerson(
        orders=[_order(row, titles[row.broadcast], still.get(row.id)) for row in rows],
        count=count,
        open=len(still),
    )


def _open_ones(
    connection: Connection, whose: OrderScope
) -> Sequence[tuple[str, buyer_data.Because]]:
    rows = connection.execute(whose.query().where(~buyer_data.IS_ERASED)).all()
    return [(row.id, because) for row, because in buyer_data.open_of(connection, rows, now_ms())]


def _order(row: Row[Any], title: Bilingual, because: buyer_data.Because | None) -> KeptOrder:
    return KeptOrder(
        number=order_number(row.number),
        broadcast=row.broadcast,
        title=title,
        placed_at=rfc3339(row.placed_at),
        state=row.state,
        open=because,
        has_name=row.person_gone_at is None,
    )
