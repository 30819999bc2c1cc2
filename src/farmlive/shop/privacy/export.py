"""Export: a ZIP with a buyer's data as JSON, as an HTML page, and with the photos of claims.

It collects the data and filters it for the reader; the pages pass their renderer as `Draw`.
`OrderScope` in erasing.py selects the orders; the routes check who may have them.
"""

import asyncio
import json
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

from sqlalchemy import Connection, Row, select

from farmlive.bilingual import Bilingual
from farmlive.broadcast.log import Log, read_titles
from farmlive.clock import now_ms, rfc3339
from farmlive.origin.origin import Origin
from farmlive.shop.core.claim_models import ClaimPhoto
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_models import Order
from farmlive.shop.core.order_tables import claims, order_changes, orders
from farmlive.shop.notices.tables import notices
from farmlive.shop.notices.texts import Language
from farmlive.shop.orders import fraud_flags, order_view
from farmlive.shop.privacy.erasing import OrderScope
from farmlive.store import FILE_S, Store
from farmlive.store.files.files import Files

ORDERS_PER_READ = 100
# How many orders of an export the audit entry names.
NAMED = 20
# Smaller files stay in memory.
IN_MEMORY = 4 << 20
PART = 1 << 16
PHOTOS = "photos/"
PAGE = "read-me.html"


@dataclass(frozen=True)
class Message:
    """A message to the buyer: its kind (core/notice_kinds.py) and its phone number or e-mail
    address.

    `state` and `sent_at` are None where they would reveal other messages to the phone.
    """

    at: int
    kind: str
    to: str
    state: str | None
    sent_at: int | None


@dataclass(frozen=True)
class ExportedOrder:
    """An order as its buyer sees it, without its token and code, and as `data.json` has it.

    The photos of its claims have the names that they have in the ZIP.
    """

    order: Order
    title: Bilingual
    language: Language | None
    marks: Sequence[str]
    messages: Sequence[Message]
    data: dict[str, Any]


@dataclass(frozen=True)
class Export:
    """All data of the selected orders, oldest first."""

    made_at: int
    orders: Sequence[ExportedOrder]
    is_one_order: bool

    @property
    def names(self) -> list[str | Bilingual]:
        """The parts of the file's name: the order's number, or how many orders until which day."""
        what = Bilingual(zh="我的信息", en="my-data")
        if not self.orders:
            return [what]
        latest = self.orders[-1].order
        if self.is_one_order:
            return [what, latest.number]
        day = datetime.fromtimestamp(latest.placed_at / 1000, UTC).date()
        count = len(self.orders)
        many = f"{count}-order{'' if count == 1 else 's'}"
        return [what, Bilingual(zh=f"{count}个订单", en=many), f"{day}"]

    @property
    def photos(self) -> list[str]:
        """The photos of all claims, by their names in the ZIP."""
        claims_of = [claim for each in self.orders for claim in each.order.claims]
        return sorted({photo.url for claim in claims_of for photo in claim.photos})


class Zip(NamedTuple):
    """A finished file, opened at its start: size in bytes, parts of its name, number of orders,
    and number and broadcast of the first ones.
    """

    file: IO[bytes]
    size: int
    names: list[str | Bilingual]
    orders: int
    named: list[dict[str, str]]


Draw = Callable[[Export, Language, Mapping[str, bytes]], str]
"""Draws the page to read, with these photos in it."""


class PersonExport:
    """Collects a buyer's data."""

    def __init__(self, store: Store, log: Log, origin: Origin, photos: Files):
        self._store = store
        self._log = log
        self._origin = origin
        self._links = OrderLinks(store.keys.orders)
        self._photos = photos

    async def collect(self, whose: OrderScope) -> Export:
        """Collect the data of these orders. Raises Unavailable."""
        found: list[ExportedOrder] = []
        after = ""
        while True:
            some = partial(self._some, whose=whose, after=after)
            page = await self._store.read(some, within_s=FILE_S)
            found += page
            if len(page) < ORDERS_PER_READ:
                return Export(now_ms(), found, is_one_order=whose.order is not None)
            after = page[-1].order.id

    async def zipped(self, export: Export, language: Language, draw: Draw, at_most: int) -> Zip:
        """Create the ZIP; its page includes photos up to `at_most` bytes. Raises OSError."""
        return await asyncio.to_thread(self._zip, export, language, draw, at_most)

    async def photos(self, export: Export, at_most: int) -> dict[str, bytes]:
        """Read the photos of the claims, up to `at_most` bytes in total.

        Further ones are left out.
        """
        return await asyncio.to_thread(self._read_photos, export.photos, at_most)

    def _zip(self, export: Export, language: Language, draw: Draw, at_most: int) -> Zip:
        made: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (its reader closes it)
        whole = {
            "made_at": rfc3339(export.made_at),
            "orders": [each.data for each in export.orders],
        }
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
            photos = self._read_photos(export.photos, at_most)
            file.writestr(PAGE, draw(export, language, photos))
            file.writestr("data.json", json.dumps(whole, ensure_ascii=False, indent=2))
            for name in export.photos:
                if (path := self._path(name)) is not None:
                    _add(file, path, name)
        size = made.tell()
        made.seek(0)
        named = [
            {"number": each.order.number, "broadcast": each.order.broadcast}
            for each in export.orders[:NAMED]
        ]
        return Zip(made, size, export.names, len(export.orders), named)

    def _read_photos(self, names: Sequence[str], at_most: int) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name in names:
            path = self._path(name)
            try:
                if path is None or path.stat().st_size > at_most:
                    continue
                found[name] = path.read_bytes()
            except FileNotFoundError:  # removed meanwhile
                continue
            at_most -= len(found[name])
        return found

    def _path(self, name: str) -> Path | None:
        return self._photos.path(name.removeprefix(PHOTOS))

    def _some(self, connection: Connection, whose: OrderScope, after: str) -> list[ExportedOrder]:
        query = (
            whose.query().where(orders.c.id > after).order_by(orders.c.id).limit(ORDERS_PER_READ)
        )
        rows = connection.execute(query).all()
        if not rows:
            return []
        ids = [row.id for row in rows]
        told = order_view.orders(connection, self._origin, self._links, rows, None)
        claimed = _by_order(
            connection, select(claims).where(claims.c.order.in_(ids)).order_by(claims.c.id)
        )
        changed = _by_order(
            connection,
            select(order_changes).where(order_changes.c.order.in_(ids)),
        )
        noticed = _by_order(
            connection, select(notices).where(notices.c.order.in_(ids)).order_by(notices.c.id)
        )
        titles = read_titles(connection, {row.broadcast for row in rows})
        events = defaultdict(list)
        for broadcast in sorted({row.broadcast for row in rows}):
            of_broadcast = [row.id for row in rows if row.broadcast == broadcast]
            for event in self._log.of_orders(connection, broadcast, of_broadcast):
                events[event.data["order"]].append(
                    {"at": rfc3339(event.at), "kind": event.kind, "data": event.data}
                )
        exported = []
        for row, order in zip(rows, told, strict=True):
            marks, title = _marks(row, whose), titles[row.broadcast]
            messages = [_message(each, whose) for each in noticed[row.id]]
            data = {
                **_order(row, order.model_dump(mode="json"), title, marks),
                "history": [_change(each) for each in changed[row.id]],
                "claims": [_claim(each) for each in claimed[row.id]],
                "messages": [
                    _recipient_shown(message, each.provider)
                    for message, each in zip(messages, noticed[row.id], strict=True)
                ],
                "events": events[row.id],
            }
            photos = [each.photos for each in claimed[row.id]]
            exported.append(
                ExportedOrder(_closed(order, photos), title, row.language, marks, messages, data)
            )
        return exported


def parts(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the file in parts, and close it."""
    with file:
        while part := file.read(PART):
            yield part


def _by_order(connection: Connection, query: Any) -> defaultdict[str, list[Row[Any]]]:
    found = defaultdict(list)
    for row in connection.execute(query):
        found[row.order].append(row)
    return found


def _closed(order: Order, photos: Sequence[Sequence[str]]) -> Order:
    """Return the order without its token and code: a file is passed on more easily than a link."""
    told = [
        claim.model_copy(update={"photos": [ClaimPhoto(url=f"{PHOTOS}{name}") for name in names]})
        for claim, names in zip(order.claims, photos, strict=True)
    ]
    return order.model_copy(update={"token": None, "url": None, "code": None, "claims": told})


def _marks(row: Row[Any], whose: OrderScope) -> list[str]:
    """Return the order's flags.

    Readers by its link get only those that don't come from the phone's other orders, since somebody
    may have ordered with another person's number.
    """
    hidden = fraud_flags.OF_PHONE if whose.order is not None else ()
    return [mark for mark in row.flags or [] if mark not in hidden]


def _order(
    row: Row[Any], told: dict[str, Any], title: Bilingual, marks: Sequence[str]
) -> dict[str, Any]:
    """Return the row with its lines and the pick-up point's name."""
    return {
        "id": row.id,
        "number": told["number"],
        "broadcast": row.broadcast,
        "broadcast_title": title.model_dump(mode="json"),
        "placed_at": rfc3339(row.placed_at),
        "held_at": None if row.held_at is None else rfc3339(row.held_at),
        "name": row.buyer_name,
        "phone": row.buyer_phone,
        "email": row.buyer_email,
        "language": row.language,
        "way": row.way,
        "address": told["delivery"]["address"],
        "region": row.region,
        "pickup_point": told["delivery"]["centre"],
        "state": row.state,
        "payment": row.payment,
        "payment_method": row.payment_method,
        "lines": [
            {name: value for name, value in line.items() if not name.startswith("lot_l")}
            for line in told["lines"]
        ],
        "fee": told["fee"],
        "total": told["total"],
        "refunded": told["refunded"],
        "marked": list(marks),
        "code_of_phone": row.buyer,
        "code_of_device": row.device if row.account is None else None,
    }


def _change(row: Row[Any]) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in ("state", "payment", "by", "reason", "undone")}
    return {"at": rfc3339(row.at), **said, "refund": row.refund}


def _claim(row: Row[Any]) -> dict[str, Any]:
    return {
        "claimed_at": rfc3339(row.claimed_at),
        "state": row.state,
        "text": row.text,
        "photos": [f"{PHOTOS}{name}" for name in row.photos],
        "amount": row.amount,
        "answer": row.answer,
        "answered_at": None if row.answered_at is None else rfc3339(row.answered_at),
    }


def _message(row: Row[Any], whose: OrderScope) -> Message:
    """Return a message as the export has it.

    Readers by a link don't get its state: a held notice would reveal other messages to the number,
    which may belong to another person.
    """
    is_hidden = whose.order is not None and (row.cause == "stranger" or row.held_by is not None)
    return Message(
        at=row.created_at,
        kind=row.kind,
        to=row.person,
        state=None if is_hidden else row.state,
        sent_at=None if is_hidden else row.sent_at,
    )


def _recipient_shown(message: Message, provider: str) -> dict[str, Any]:
    told = {"at": rfc3339(message.at), "kind": message.kind, "to": message.to, "by": provider}
    if message.state is None:
        return told
    sent_at = None if message.sent_at is None else rfc3339(message.sent_at)
    return {**told, "state": message.state, "sent_at": sent_at}


def _add(file: zipfile.ZipFile, path: Path, name: str) -> None:
    try:
        file.write(path, name, zipfile.ZIP_STORED)
    except FileNotFoundError:  # removed meanwhile
        return
