"""What is kept of a buyer, as a file to take away: a ZIP with it as JSON, as a page to read, and
with the photos of claims.

Which orders are meant is erasing.py's `Whose`; who may have them, the routes'.
"""

import asyncio
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from html import escape
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from sqlalchemy import Connection, Row, select

from farmlive.broadcast.log import Log
from farmlive.clock import now_ms, rfc3339
from farmlive.origin.origin import Origin
from farmlive.shop import shown
from farmlive.shop.erasing import Whose
from farmlive.shop.notices_words import Language
from farmlive.shop.order_links import OrderLinks
from farmlive.shop.tables import claims, notices, order_changes, orders
from farmlive.store import FILE_S, Store
from farmlive.store.files import Files

AT_ONCE = 100
# Smaller files stay in memory.
IN_MEMORY = 4 << 20
PART = 1 << 16
NAME = "farmlive-my-data.zip"


class PersonExport:
    """Collects what is kept."""

    def __init__(self, store: Store, log: Log, origin: Origin, photos: Files):
        self._store = store
        self._log = log
        self._origin = origin
        self._links = OrderLinks(store.keys.orders)
        self._photos = photos

    async def collect(self, whose: Whose) -> list[dict[str, Any]]:
        """All that is kept of these orders, the oldest first. Raises Unavailable."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            some = partial(self._some, whose=whose, after=after)
            page = await self._store.read(some, within_s=FILE_S)
            found += page
            if len(page) < AT_ONCE:
                return found
            after = page[-1]["id"]

    async def zipped(
        self, found: Sequence[dict[str, Any]], language: Language
    ) -> tuple[IO[bytes], int]:
        """The file, from its beginning, and its size in bytes. Raises OSError."""
        return await asyncio.to_thread(self._zip, found, language)

    def _zip(self, found: Sequence[dict[str, Any]], language: Language) -> tuple[IO[bytes], int]:
        made: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (its reader closes it)
        whole = {"made_at": rfc3339(now_ms()), "orders": list(found)}
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("data.json", json.dumps(whole, ensure_ascii=False, indent=2))
            file.writestr("read-me.html", _page(whole, language))
            for name in sorted({name for order in found for name in _photos(order)}):
                path = self._photos.path(name)
                if path is not None:
                    _add(file, path, name)
        size = made.tell()
        made.seek(0)
        return made, size

    def _some(self, connection: Connection, whose: Whose, after: str) -> list[dict[str, Any]]:
        query = whose.query().where(orders.c.id > after).order_by(orders.c.id).limit(AT_ONCE)
        rows = connection.execute(query).all()
        if not rows:
            return []
        ids = [row.id for row in rows]
        told = shown.orders(connection, self._origin, self._links, rows, None)
        claimed = _by_order(connection, select(claims).where(claims.c.order.in_(ids)))
        changed = _by_order(
            connection,
            select(order_changes).where(order_changes.c.order.in_(ids)),
        )
        noticed = _by_order(
            connection, select(notices).where(notices.c.order.in_(ids)).order_by(notices.c.id)
        )
        events = defaultdict(list)
        for broadcast in sorted({row.broadcast for row in rows}):
            of_broadcast = [row.id for row in rows if row.broadcast == broadcast]
            for event in self._log.of_orders(connection, broadcast, of_broadcast):
                events[event.data["order"]].append(
                    {"at": rfc3339(event.at), "kind": event.kind, "data": event.data}
                )
        return [
            {
                **_order(row, order.model_dump(mode="json")),
                "history": [_change(each) for each in changed[row.id]],
                "claims": [_claim(each) for each in claimed[row.id]],
                "messages": [_notice(each, whose) for each in noticed[row.id]],
                "events": events[row.id],
            }
            for row, order in zip(rows, told, strict=True)
        ]


def parts(file: IO[bytes]) -> Iterator[bytes]:
    """The file in parts, which is then closed."""
    with file:
        while part := file.read(PART):
            yield part


def _by_order(connection: Connection, query: Any) -> defaultdict[str, list[Row[Any]]]:
    found = defaultdict(list)
    for row in connection.execute(query):
        found[row.order].append(row)
    return found


def _order(row: Row[Any], told: dict[str, Any]) -> dict[str, Any]:
    """What the row says, and its lines and its pick-up point with their names."""
    return {
        "id": row.id,
        "number": told["number"],
        "broadcast": row.broadcast,
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
        "marked": row.flags or [],
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
        "photos": [f"photos/{name}" for name in row.photos],
        "amount": row.amount,
        "answer": row.answer,
        "answered_at": None if row.answered_at is None else rfc3339(row.answered_at),
    }


def _notice(row: Row[Any], whose: Whose) -> dict[str, Any]:
    """What was told. What strangers cause is held back by what else the number was told, which
    whoever ordered with another's number, and has its link, must not learn.
    """
    told = {"at": rfc3339(row.created_at), "kind": row.kind, "to": row.person, "by": row.provider}
    if whose.order is not None and (row.cause == "stranger" or row.held_by is not None):
        return told
    sent_at = None if row.sent_at is None else rfc3339(row.sent_at)
    return {**told, "state": row.state, "sent_at": sent_at}


def _photos(order: dict[str, Any]) -> Iterator[str]:
    for claim in order["claims"]:
        for photo in claim["photos"]:
            yield photo.removeprefix("photos/")


def _add(file: zipfile.ZipFile, path: Path, name: str) -> None:
    try:
        file.write(path, f"photos/{name}", zipfile.ZIP_STORED)
    except FileNotFoundError:  # removed meanwhile
        return


# The page to read: every fact by its name, in the reader's language.
_WORDS = {
    "title": ("我们保存的您的信息", "What we keep about you"),
    "made_at": ("生成时间", "Made at"),
    "id": ("内部编号", "Internal number"),
    "number": ("订单号", "Order number"),
    "broadcast": ("直播编号", "Broadcast"),
    "placed_at": ("下单时间", "Ordered at"),
    "held_at": ("预留时间", "Held at"),
    "name": ("姓名或名称", "Name"),
    "phone": ("电话", "Phone"),
    "email": ("邮箱", "E-mail"),
    "language": ("语言", "Language"),
    "way": ("配送方式", "Delivery"),
    "address": ("地址", "Address"),
    "region": ("地区代码", "Region"),
    "pickup_point": ("自提点", "Pick-up point"),
    "state": ("状态", "State"),
    "payment": ("付款", "Payment"),
    "payment_method": ("付款方式", "Way of paying"),
    "lines": ("商品", "Items"),
    "unit": ("规格", "Unit"),
    "quantity": ("件数", "Boxes"),
    "price": ("单价", "Price"),
    "total": ("合计", "Total"),
    "fee": ("运费", "Parcel fee"),
    "refunded": ("减免和退款", "Taken off, given back"),
    "refund": ("退款", "Refund"),
    "returned": ("未发的件数", "Boxes that did not come"),
    "amount": ("金额（最小货币单位）", "Amount, minor units"),
    "currency": ("货币", "Currency"),
    "farm_name": ("果园", "Farm"),
    "marked": ("需留意", "Marked for a look"),
    "code_of_phone": ("代表您电话号码的代码", "The code that stands for your phone number"),
    "code_of_device": ("代表您设备的代码", "The code that stands for your device"),
    "history": ("订单经过", "What happened to it"),
    "at": ("时间", "When"),
    "by": ("由谁", "By"),
    "reason": ("原因", "Reason"),
    "undone": ("已撤销", "Undone"),
    "claims": ("您反映的问题", "What you told us"),
    "claimed_at": ("提交时间", "Sent at"),
    "text": ("内容", "Text"),
    "photos": ("照片", "Photos"),
    "answer": ("我们的答复", "Our answer"),
    "answered_at": ("答复时间", "Answered at"),
    "messages": ("发给您的消息", "Messages to you"),
    "kind": ("类型", "Kind"),
    "to": ("发往", "To"),
    "sent_at": ("发送时间", "Sent at"),
    "events": ("记录", "Log"),
    "data": ("内容", "Contents"),
}
_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#222;background:#fff}dl{display:grid;grid-template-columns:max-content 1fr;"
    "gap:.1rem 1rem;margin:0}dt{color:#666}dd{margin:0;overflow-wrap:anywhere}"
    "section{border:1px solid #ddd;border-radius:.5rem;padding:1rem;margin:1rem 0}"
    "ul{margin:0;padding-left:1.2rem}img{max-width:12rem;display:block}"
)


def _page(whole: dict[str, Any], language: Language) -> str:
    title = escape(_word("title", language))
    sections = "".join(
        f"<section><h2>{escape(str(order['number']))}</h2>{_shown(order, language)}</section>"
        for order in whole["orders"]
    )
    made = f"{escape(_word('made_at', language))}: {escape(whole['made_at'])}"
    lang = "zh-CN" if language == "zh" else "en"
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1><p>{made}</p>"
        f"{sections}</html>"
    )


def _word(name: str, language: Language) -> str:
    zh, en = _WORDS.get(name, (name, name))
    return zh if language == "zh" else en


def _shown(value: Any, language: Language) -> str:
    """A value as HTML: a table of facts, a list, or its text."""
    if isinstance(value, dict):
        if value.keys() == {"zh", "en"}:  # a name in both languages
            return escape(str(value[language] or value["zh"] or value["en"] or ""))
        facts = (
            f"<dt>{escape(_word(name, language))}</dt><dd>{_shown(each, language)}</dd>"
            for name, each in value.items()
            if each not in (None, "", [], {})
        )
        return f"<dl>{''.join(facts)}</dl>"
    if isinstance(value, list):
        return f"<ul>{''.join(f'<li>{_shown(each, language)}</li>' for each in value)}</ul>"
    text = escape(str(value), quote=True)
    if isinstance(value, str) and value.startswith("photos/"):
        return f'<a href="{text}"><img src="{text}" alt=""></a>'
    return text
