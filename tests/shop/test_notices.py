"""Notices: who hears what, once each, whatever breaks on the way."""

import asyncio
import errno
import json
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, insert, select, update
from tests.waiting import until

from farmlive.app import Server
from farmlive.bilingual import Bilingual
from farmlive.broadcast.log import Log
from farmlive.broadcast.models import NewBroadcast
from farmlive.bus import LocalBus
from farmlive.clock import now_ms, rfc3339
from farmlive.demo.authority import certificates
from farmlive.ids import ulid
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.shop import notices as module
from farmlive.shop.notices import CORRECTED, Notices
from farmlive.shop.notices_file import Outbox
from farmlive.shop.notices_providers import Notice, NotNow
from farmlive.shop.notices_smtp import Mail
from farmlive.shop.notices_words import Facts, Said, write
from farmlive.shop.tables import notices, orders
from farmlive.store import Store

from .conftest import HOST, caller
from .mail import MailServer, mail_server
from .test_claims import answer as answer_claim
from .test_claims import arrived, claim
from .test_moves import move, undo
from .test_orders import enter, pickup, refund

PHONE = "13800000000"
MAILBOX = "ann@example.org"


async def kept(store: Store) -> list[Any]:
    def read(connection: Connection) -> list[Any]:
        return list(connection.execute(select(notices).order_by(notices.c.id)))

    return await store.read(read)


async def kinds(stall: Any) -> list[str]:
    return [row.kind for row in await kept(stall.store)]


async def states(stall: Any) -> list[str]:
    return [row.state for row in await kept(stall.store)]


async def all_are_sent(stall: Any, provider: str = "file") -> None:
    """Wait until every notice of the provider is marked so."""
    for _ in range(1500):
        rows = [row for row in await kept(stall.store) if row.provider == provider]
        if all(row.state == "sent" for row in rows):
            return
        await asyncio.sleep(0.01)
    pytest.fail("not every notice was sent within 15 s")


async def change(stall: Any, placed: Any, **values: Any) -> None:
    def write_(connection: Connection) -> None:
        connection.execute(update(orders).where(orders.c.id == placed["order"]).values(**values))

    await stall.store.write(write_)


def lines(settings: Settings) -> list[dict[str, Any]]:
    written = []
    for path in sorted((settings.data / "outbox").glob("*.jsonl")):
        written += [json.loads(line) for line in path.read_text().splitlines()]
    return written


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_MS", 1)
    monkeypatch.setattr(module, "LAST_PAUSE_MS", 20)


@asynccontextmanager
async def by_mail(stall: Any, settings: Settings, server: MailServer) -> AsyncIterator[Notices]:
    """Notices by e-mail beside those by file, which are not sent."""
    mail = Mail(f"smtp://127.0.0.1:{server.port}", "Youxi farms <orders@example.org>")
    made = Notices(stall.store, stall.log, settings, [mail])
    try:
        yield made
    finally:
        await made.stop()


# What is written, and when.


async def test_a_buyer_is_told_of_what_matters_and_of_nothing_else(stall: Any) -> None:
    placed, collected = await stall.place(1), await pickup(stall)
    for state in ("packed", "shipped", "received"):
        await enter(stall, placed, state)
    for state in ("packed", "at_centre"):
        await enter(stall, collected, state)
    await stall.shop.orders.pay(HOST, stall.broadcast, placed["order"])
    await refund(stall, placed, 100)
    await enter(stall, collected, "received")
    assert await kinds(stall) == [
        "order.placed",
        "order.placed",
        "order.shipped",
        "order.at_centre",
        "order.refunded",
    ]
    assert {(row.person, row.provider) for row in await kept(stall.store)} == {(PHONE, "file")}


async def test_a_notice_is_of_the_transaction_of_its_event(stall: Any) -> None:
    placed = await stall.place(1)
    (row,) = await kept(stall.store)
    (event,) = await stall.events("order.placed")
    assert (row.order, row.seq, row.state) == (placed["order"], event.seq, "waiting")

    def fail(connection: Connection) -> None:
        stall.log.append(connection, stall.broadcast, "order.shipped", ["staff"], event.data)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await stall.store.write(fail)
    assert len(await kept(stall.store)) == 1


async def test_a_hold_and_the_demos_people_are_told_nothing(stall: Any) -> None:
    stall.viewer = Caller(None, None, "simulator", "its device", "192.0.2.5")
    await stall.place(1)
    stall.viewer = caller()
    await stall.store.write(
        lambda connection: stall.log.append(
            connection,
            stall.broadcast,
            "order.cancelled",
            ["staff"],
            {"order": ulid(), "state": "cancelled"},
        )
    )
    assert await kept(stall.store) == []


async def test_a_claims_answer_tells_of_its_refund(stall: Any) -> None:
    placed = await arrived(stall)
    (said,) = (await claim(stall, placed)).claims
    await answer_claim(stall, said, amount=100, answer="好")
    assert (await kinds(stall))[-1] == "order.claim_answered"
    assert "order.refunded" not in await kinds(stall)


async def test_what_was_undone_is_put_right_for_those_who_were_told(stall: Any) -> None:
    placed = await stall.place(1)
    await undo(stall, await move(stall, placed, state="packed"))  # nobody was told of packing
    await enter(stall, placed, "packed")
    await undo(stall, await move(stall, placed, state="shipped"))
    await enter(stall, placed, "shipped")
    await undo(stall, await move(stall, placed, state="received"))
    await undo(stall, await move(stall, placed, state="cancelled", reason="拒收"))
    assert await kinds(stall) == [
        "order.placed",
        "order.shipped",
        CORRECTED,
        "order.shipped",
        "order.cancelled",
        CORRECTED,
    ]


# What it says.


def facts(**other: Any) -> Facts:
    usual: dict[str, Any] = {
        "number": "A0007",
        "url": "https://farm.test/order/x",
        "state": "placed",
        "way": "parcel",
        "payment": "due",
        "amount": 5980,
        "refunded": 1000,
        "currency": "CNY",
        "centre": Bilingual(zh="洋中服务站", en="Yangzhong centre"),
        "code": "042117",
    }
    return Facts(**{**usual, **other})


@pytest.mark.parametrize(
    ("kind", "other", "zh", "en"),
    [
        ("order.placed", {}, "共 ¥59.80，货到时付现金", "comes to CN¥59.80, to be paid in cash"),
        ("order.placed", {"way": "pickup"}, "取货时付款", "when you pick it up"),
        ("order.shipped", {}, "请备好现金 ¥59.80", "Keep CN¥59.80 in cash ready"),
        ("order.shipped", {"payment": "paid"}, "在路上了。\n", "on its way.\n"),
        (
            "order.at_centre",
            {},
            "已到洋中服务站。取货时请报取货码 042117。请付 ¥59.80",
            "Yangzhong centre. Say the code 042117 there. You pay CN¥59.80",
        ),
        ("order.at_centre", {"code": None}, "请报订单号", "Say its number"),
        ("order.cancelled", {}, "无需付款", "Nothing is to be paid"),
        ("order.cancelled", {"payment": "paid"}, "您付的钱会退给您", "comes back to you"),
        ("order.refunded", {}, "一共退了 ¥10.00", "In all CN¥10.00"),
        ("order.claim_answered", {}, "有了答复", "was answered"),
        (CORRECTED, {"state": "packed"}, "您的订单 A0007 已打包", "your order A0007 is packed"),
    ],
)
def test_a_notice_says_it_in_the_buyers_language_or_in_both(
    kind: str, other: Any, zh: str, en: str
) -> None:
    of = facts(**other)
    chinese, english, both = (write(kind, of, each) for each in ("zh", "en", None))  # type: ignore[arg-type]
    assert zh in chinese.text
    assert en in english.text
    assert chinese.text.split("\n")[0] in both.text
    assert english.text.split("\n")[0] in both.text
    assert both.text.count(of.url) == 1
    for said in (chinese, english, both):
        assert "\n" not in said.subject
        assert said.text.endswith(f"{of.url}\n")


def test_every_event_that_is_told_has_its_words() -> None:
    for kind in (*module.TOLD, CORRECTED):
        assert write(kind, facts(), "en").subject


# By file.


async def test_notices_are_lines_of_a_file_that_nobody_else_reads(
    stall: Any, settings: Settings
) -> None:
    placed = await stall.place(2)
    await change(stall, placed, language="en")
    await stall.shop.notices.send()
    (line,) = lines(settings)
    (row,) = await kept(stall.store)
    assert line == {
        "id": row.id,
        "at": rfc3339(row.created_at),
        "to": PHONE,
        "language": "en",
        "kind": "order.placed",
        "order": "A0001",
        "subject": "We have your order A0001",
        "text": line["text"],
        "url": f"{settings.url}/order/{placed['token']}",
    }
    assert (row.state, row.tries) == ("sent", 1)
    (path,) = (settings.data / "outbox").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_the_task_sends_at_once_and_what_an_earlier_run_left(
    stall: Any, settings: Settings
) -> None:
    await stall.place(1)
    await stall.shop.notices.start()
    try:
        await until(lambda: len(lines(settings)) == 1, "the notice that was left")
        await stall.place(1)
        await until(lambda: len(lines(settings)) == 2, "the notice of now")
    finally:
        await stall.shop.notices.stop()
    assert await stall.shop.notices.counts() == {"waiting": 0, "sent": 2, "failed": 0}


def notice(at: int | None = None, **other: Any) -> Notice:
    usual: dict[str, Any] = {
        "id": ulid(),
        "at": now_ms() if at is None else at,
        "kind": "order.placed",
        "number": "A0001",
        "person": PHONE,
        "language": None,
        "said": Said("subject", "text"),
        "url": "https://farm.test",
    }
    return Notice(**{**usual, **other})


def ids(folder: Path) -> list[str]:
    return [
        json.loads(line)["id"]
        for path in sorted(folder.iterdir())
        for line in path.read_text().splitlines()
    ]


def test_a_notice_stands_in_the_outbox_once_whoever_wrote_it(tmp_path: Path) -> None:
    ours, theirs = Outbox(tmp_path), Outbox(tmp_path)
    some = [notice() for _ in range(3)]
    for outbox, each in ((ours, some[0]), (theirs, some[1]), (ours, some[1]), (ours, some[2])):
        outbox.send(each)
    for again in (ours, theirs, Outbox(tmp_path)):
        for each in some:
            again.send(each)
    assert ids(tmp_path) == [each.id for each in some]


def test_half_a_line_of_a_server_that_was_killed_is_written_over(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    first, second = notice(), notice()
    outbox.send(first)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for cut in range(1, len(whole)):
        path.write_bytes(whole + whole[:cut])
        Outbox(tmp_path).send(second)
        assert ids(tmp_path) == [first.id, second.id]


def test_a_day_has_a_file_and_one_that_was_taken_away_is_begun_anew(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    day = 86_400_000
    some = [notice(at=at * day) for at in range(6)]
    for each in some:
        outbox.send(each)
    assert sorted(path.name for path in tmp_path.iterdir())[:2] == [
        "1970-01-01.jsonl",
        "1970-01-02.jsonl",
    ]
    last = max(tmp_path.iterdir())
    last.unlink()
    outbox.send(notice(at=5 * day))
    assert len(last.read_text().splitlines()) == 1
    assert outbox.reach(PHONE)
    assert not outbox.reach(MAILBOX)


async def test_a_full_disk_makes_notices_wait(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    await stall.place(1)
    await stall.place(1)
    with monkeypatch.context() as broken:
        broken.setattr("farmlive.shop.notices_file.os.fsync", full)
        await stall.shop.notices.send()
    assert await states(stall) == ["waiting", "waiting"]
    await stall.shop.notices.start()
    try:
        await until(lambda: len(lines(settings)) == 2, "both, once there is room")
    finally:
        await stall.shop.notices.stop()
    assert len({line["id"] for line in lines(settings)}) == 2


async def test_several_servers_send_each_notice_once(stall: Any, settings: Settings) -> None:
    for _ in range(8):
        await stall.place(1)
    others = [Notices(stall.store, Log(LocalBus()), settings) for _ in range(3)]
    await asyncio.gather(*(each.send() for each in (stall.shop.notices, *others)))
    assert sorted(line["id"] for line in lines(settings)) == sorted(
        row.id for row in await kept(stall.store)
    )
    assert [row.tries for row in await kept(stall.store)] == [1] * 8


# By e-mail.


async def test_a_mail_is_handed_over_with_all_that_it_needs(stall: Any, settings: Settings) -> None:
    async with mail_server() as server, by_mail(stall, settings, server) as sender:
        for _ in range(2):
            placed = await stall.place(1)
            await change(stall, placed, buyer_email=MAILBOX, language="zh")
            for state in ("packed", "shipped"):
                await enter(stall, placed, state)
        await sender.send()
        rows = [row for row in await kept(stall.store) if row.provider == "smtp"]
    assert server.recipients == [MAILBOX, MAILBOX]
    assert server.commands.count("QUIT") + server.commands.count("quit") == 1  # one connection
    mail = server.mails[0]
    assert mail["Message-ID"] == f"<{rows[0].id}@example.org>"
    assert mail["From"] == "Youxi farms <orders@example.org>"
    assert (mail["To"], mail["Auto-Submitted"]) == (MAILBOX, "auto-generated")
    assert mail["Subject"] == "订单 A0001 已寄出"
    assert "您的订单 A0001 在路上了" in mail.get_content()
    assert mail["Date"] is not None
    assert [row.state for row in rows] == ["sent", "sent"]


async def shipped(stall: Any, mailbox: str = MAILBOX) -> Any:
    placed = await stall.place(1)
    await change(stall, placed, buyer_email=mailbox)
    for state in ("packed", "shipped"):
        await enter(stall, placed, state)
    return placed


def of_mail(rows: list[Any]) -> list[Any]:
    return [row for row in rows if row.provider == "smtp"]


@pytest.mark.parametrize("verb", ["RCPT", "DATA"])
async def test_a_mailbox_that_is_not_there_is_given_up_and_the_others_are_told(
    stall: Any, settings: Settings, verb: str
) -> None:
    async with mail_server() as server, by_mail(stall, settings, server) as sender:
        await shipped(stall)
        server.answers[verb] = "550 no such mailbox"
        await sender.send()
        del server.answers[verb]
        await shipped(stall, "bea@example.org")
        await sender.send()
        rows = of_mail(await kept(stall.store))
        assert [row.state for row in rows] == ["failed", "sent"]
        assert (await sender.counts())["failed"] == 1


async def test_a_mail_that_is_put_off_is_tried_after_growing_pauses(
    stall: Any, settings: Settings, quick: None
) -> None:
    async with mail_server() as server, by_mail(stall, settings, server) as sender:
        await shipped(stall)
        server.answers["RCPT"] = "450 try again later"
        await sender.start()
        await until(lambda: sum("RCPT" in each.upper() for each in server.commands) > 3, "tries")
        assert (await sender.counts())["waiting"] > 0
        del server.answers["RCPT"]
        await until(lambda: len(server.mails) == 1, "the mail")
        await sender.stop()
        (row,) = of_mail(await kept(stall.store))
        assert row.state == "sent"
        assert row.tries > 3


async def test_pauses_grow_to_an_hour_and_end(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mail_server() as server, by_mail(stall, settings, server) as sender:
        await shipped(stall)
        server.answers["RCPT"] = "450 try again later"
        at = now_ms()
        monkeypatch.setattr(module, "now_ms", lambda: at)
        pauses = []
        for _ in range(module.TRIES):
            await sender.send()
            (row,) = of_mail(await kept(stall.store))
            pauses.append(row.next_at - at)
            at = row.next_at
        assert pauses[:4] == [5_000, 10_000, 20_000, 40_000]
        assert pauses[15] == 3_600_000
        assert row.state == "failed"
        await sender.send()
        assert len(of_mail(await kept(stall.store))) == 1


async def test_a_mail_server_that_is_away_is_asked_once_for_all(
    stall: Any, settings: Settings, quick: None
) -> None:
    async with mail_server() as server, by_mail(stall, settings, server) as sender:
        for _ in range(3):
            await shipped(stall)
        server.answers["EHLO"] = None
        server.answers["HELO"] = None
        await sender.send()
        assert sum("ehlo" in each.lower() for each in server.commands) == 1
        rows = of_mail(await kept(stall.store))
        assert [(row.state, row.tries) for row in rows] == [
            ("waiting", 1),
            ("waiting", 0),
            ("waiting", 0),
        ]
        assert rows[0].next_at > max(row.next_at for row in rows[1:])
        server.answers.clear()
        await sender.start()
        await until(lambda: len(server.mails) == 3, "all three")
        await sender.stop()


async def test_a_mail_that_breaks_every_connection_holds_no_other_up(
    stall: Any, settings: Settings, quick: None
) -> None:
    async with mail_server() as server, by_mail(stall, settings, server) as sender:
        for mailbox in ("bad@example.org", "good@example.org"):
            await shipped(stall, mailbox)
        server.breaks_at = "bad@example.org"
        await sender.start()
        await until(lambda: server.recipients == ["good@example.org"], "the good one")
        await sender.stop()


async def test_an_address_that_no_server_takes_is_given_up(stall: Any, settings: Settings) -> None:
    async with mail_server() as server, by_mail(stall, settings, server) as sender:
        await shipped(stall, "王芳@example.org")
        await shipped(stall)
        await sender.send()
        rows = of_mail(await kept(stall.store))
        assert [row.state for row in rows] == ["failed", "sent"]


async def test_a_fault_of_ours_is_logged_without_the_person(
    stall: Any, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(Outbox):
        name = "broken"
        at_once = 1

        def send(self, notice: Notice) -> None:
            raise RuntimeError(notice.person)

    broken = Notices(stall.store, stall.log, settings, [Broken(settings.data)])
    await stall.place(1)
    await broken.send()
    logged = capsys.readouterr().out
    assert "RuntimeError" in logged
    assert PHONE not in logged
    assert "waiting" in await states(stall)


async def test_what_is_being_sent_is_sent_to_its_end_when_the_server_stops(
    stall: Any, settings: Settings
) -> None:
    async with mail_server() as server, by_mail(stall, settings, server) as sender:
        await shipped(stall)
        server.answering.clear()
        await sender.start()
        await asyncio.wait_for(server.taken.wait(), 15)
        stopping = asyncio.create_task(sender.stop())
        await asyncio.sleep(0)
        server.answering.set()
        await stopping
        assert [row.state for row in of_mail(await kept(stall.store))] == ["sent"]


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate of 127.0.0.1 that this process trusts."""
    from ipaddress import ip_address

    made = certificates(tmp_path / "tls", [ip_address("127.0.0.1")])
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.chain, made.key)
    return context


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_mail_is_handed_over_in_secret(trusted: ssl.SSLContext, scheme: str) -> None:
    from_the_start = scheme == "smtps"
    async with mail_server(trusted, from_the_start=from_the_start) as server:
        url = f"{scheme}://orders%40example.org:s%3Acret@127.0.0.1:{server.port}"
        mail = Mail(url, "orders@example.org")
        await asyncio.to_thread(mail.send, notice(person=MAILBOX))
        await asyncio.to_thread(mail.close)
    assert len(server.mails) == 1
    (login,) = (each for each in server.commands if each.startswith("AUTH"))
    assert login == "AUTH PLAIN AG9yZGVyc0BleGFtcGxlLm9yZwBzOmNyZXQ="
    assert any("STARTTLS" in each.upper() for each in server.commands) != from_the_start


async def test_nothing_goes_in_the_open_to_another_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("farmlive.shop.notices_smtp._HERE", ())
    async with mail_server() as server:
        mail = Mail(f"smtp://me:secret@127.0.0.1:{server.port}", "orders@example.org")
        with pytest.raises(NotNow):
            await asyncio.to_thread(mail.send, notice(person=MAILBOX))
    assert not any("AUTH" in each for each in server.commands)
    assert server.mails == []


# kill -9.

RUN = """
import asyncio, sys
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.broadcast.log import Log
from farmlive.broadcast.models import NewBroadcast
from farmlive.bus import LocalBus
from farmlive.shop import notices

async def main():
    notices.LEASE_MS = 300
    settings = Settings()
    store = await Store.open(settings)
    made = notices.Notices(store, Log(LocalBus()), settings)
    if sys.argv[1:] == ["hang"]:
        for provider in made._through:
            send = provider.send
            def sent_and_not_marked(notice, send=send):
                send(notice)
                print("sent", flush=True)
                import time; time.sleep(1000)
            provider.send = sent_and_not_marked
    await made.start()
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@asynccontextmanager
async def running(settings: Settings, *args: str, **more: str) -> AsyncIterator[Any]:
    """A process that sends notices; killed at the end, if it is there."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "FARMLIVE_DATA": str(settings.data),
        "FARMLIVE_DATABASE_URL": settings.database_url,
        **more,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUN, *args, env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 30)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def test_a_line_that_was_written_and_not_marked_is_not_written_again(
    stall: Any, settings: Settings
) -> None:
    await stall.place(1)
    async with running(settings, "hang"):
        await until(lambda: len(lines(settings)) == 1, "the line")
    assert await states(stall) == ["sending"]
    await stall.place(1)
    async with running(settings):
        await until(lambda: len(lines(settings)) == 2, "the other line")
        await all_are_sent(stall)
    assert len({line["id"] for line in lines(settings)}) == len(lines(settings)) == 2


async def test_lines_are_whole_and_once_however_often_the_server_is_killed(
    stall: Any, settings: Settings
) -> None:
    wide = await stall.offer(released=100)
    line = [{"offer": wide.offer, "quantity": 1, "price": wide.price.amount}]
    for _ in range(40):
        await stall.place(1, lines=line)
    wanted = 0
    while wanted < 40:
        wanted = min(40, wanted + 11)
        async with running(settings):
            await until(lambda wanted=wanted: len(lines(settings)) >= wanted, "some more lines")  # type: ignore[misc]
    async with running(settings):
        await all_are_sent(stall)
    assert sorted(each["id"] for each in lines(settings)) == sorted(
        row.id for row in await kept(stall.store)
    )


async def test_a_mail_that_nobody_knows_was_taken_is_the_same_mail_again(
    stall: Any, settings: Settings
) -> None:
    async with mail_server() as server, by_mail(stall, settings, server):
        await shipped(stall)
        mail = {
            "FARMLIVE_NOTICES": "smtp",
            "FARMLIVE_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
            "FARMLIVE_SMTP_FROM": "orders@example.org",
        }
        server.answering.clear()
        async with running(settings, **mail):
            await asyncio.wait_for(server.taken.wait(), 15)
        server.answering.set()
        async with running(settings, **mail):
            await until(lambda: len(server.mails) == 2, "the mail once more")
            await all_are_sent(stall, "smtp")
        assert len({mail["Message-ID"] for mail in server.mails}) == 1


# Settings.


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"notices": ("pigeon",)}, "write file, smtp"),
        ({"notices": ("file", "off")}, "write file, smtp"),
        ({"notices": ("smtp",)}, "set FARMLIVE_SMTP_URL and FARMLIVE_SMTP_FROM"),
        ({"smtp_url": "http://mail.example.org"}, "smtps://"),
        ({"smtp_url": "smtp://"}, "smtps://"),
        ({"smtp_url": "smtp://mail.example.org:x"}, "smtps://"),
        ({"smtp_from": "orders"}, "orders@example.org"),
        ({"smtp_from": "a@example.org\nBcc: b@example.org"}, "orders@example.org"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_to_write(values: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Settings(**values)


def test_notices_are_turned_off() -> None:
    assert Settings(notices="off").notices == ()  # type: ignore[arg-type]
    assert Settings(notices="").notices == ()  # type: ignore[arg-type]
    assert Settings().notices == ("file",)


async def test_the_servers_numbers_tell_how_many_wait(server: Server) -> None:
    house = server.house
    made = await house.broadcasts.create(NewBroadcast(title=Bilingual(zh="金桔")))
    await house.shop.notices.stop()

    async def numbers() -> dict[str, float]:
        async with httpx.AsyncClient(base_url=server.url) as client:
            told = (await client.get("/metrics")).text
        return {
            name.removeprefix("farmlive_notices_"): float(value)
            for name, value in (line.split(" ") for line in told.splitlines() if line[0] != "#")
            if name.startswith("farmlive_notices_")
        }

    assert await numbers() == {"waiting": 0, "sent": 0, "failed": 0}
    row = {
        **dict.fromkeys(("id", "buyer", "device", "token"), "x"),
        "broadcast": made.id,
        "number": 1,
        "buyer_name": "x",
        "buyer_phone": PHONE,
        "way": "parcel",
        "payment_method": "cash_on_delivery",
        "state": "placed",
        "payment": "due",
        "total": 1,
        "currency": "CNY",
        "simulated": False,
        "placed_at": 1,
    }

    def write_(connection: Connection) -> None:
        connection.execute(insert(orders), row)
        house.log.append(connection, made.id, "order.placed", ["staff"], {"order": "x"})

    await house.store.write(write_)
    assert await numbers() == {"waiting": 1, "sent": 0, "failed": 0}
    await house.shop.notices.start()
    for _ in range(1500):
        if (await numbers())["sent"] == 1:
            break
        await asyncio.sleep(0.01)
    assert await numbers() == {"waiting": 0, "sent": 1, "failed": 0}
