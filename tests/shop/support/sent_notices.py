"""What buyers were told, as tests look at it: the table, the outbox, what went by mail."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, select, update
from tests.shop.support.mail_server import MailServer
from tests.shop.support.orders import enter
from tests.support.parts import notices_of
from tests.support.waiting import until

from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.settings import Settings
from farmlive.shop.core.order_tables import orders
from farmlive.shop.notices.notices import Notices
from farmlive.shop.notices.providers import Notice
from farmlive.shop.notices.smtp import Mail
from farmlive.shop.notices.tables import notices
from farmlive.shop.notices.texts import NoticeText
from farmlive.store import Store

PHONE = "13800000000"
MAILBOX = "ann@example.org"


async def kept(store: Store) -> list[Any]:
    def read(connection: Connection) -> list[Any]:
        return list(connection.execute(select(notices).order_by(notices.c.id)))

    return await store.read(read)


async def states(stall: Any) -> list[str]:
    return [row.state for row in await kept(stall.store)]


async def all_are_sent(stall: Any, provider: str = "file") -> None:
    """Wait until every notice of the provider is marked so."""

    async def are() -> bool:
        rows = [row for row in await kept(stall.store) if row.provider == provider]
        return bool(rows) and all(row.state == "sent" for row in rows)

    await until(are, f"every notice by {provider} is sent")


async def change(stall: Any, placed: Any, **values: Any) -> None:
    def write_(connection: Connection) -> None:
        connection.execute(update(orders).where(orders.c.id == placed["id"]).values(**values))

    await stall.store.write(write_)


def lines(settings: Settings) -> list[dict[str, Any]]:
    written = []
    for path in sorted((settings.data / "outbox").glob("*.jsonl")):
        written += [json.loads(line) for line in path.read_text().splitlines()]
    return written


def notice(at: int | None = None, **other: Any) -> Notice:
    usual: dict[str, Any] = {
        "id": ulid(),
        "at": now_ms() if at is None else at,
        "kind": "order.placed",
        "number": "A0001",
        "person": PHONE,
        "language": None,
        "text": NoticeText("subject", "text"),
        "url": "https://farm.test",
    }
    return Notice(**{**usual, **other})


@asynccontextmanager
async def by_mail(stall: Any, settings: Settings, server: MailServer) -> AsyncIterator[Notices]:
    """Notices by e-mail beside those by file, which are not sent."""
    mail = Mail(f"smtp://127.0.0.1:{server.port}", "Youxi farms <orders@example.org>")
    made = notices_of(stall.store, stall.log, settings, [mail])
    try:
        yield made
    finally:
        await made.stop()


async def shipped(stall: Any, mailbox: str = MAILBOX) -> Any:
    placed = await stall.place(1)
    await change(stall, placed, buyer_email=mailbox)
    for state in ("packed", "shipped"):
        await enter(stall, placed, state)
    return placed


def of_mail(rows: list[Any]) -> list[Any]:
    return [row for row in rows if row.provider == "smtp"]
