"""Notices by e-mail: what a mail server takes, refuses or puts off."""

import asyncio
import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from tests.shop.support.mail_server import mail_server
from tests.shop.support.orders import enter
from tests.shop.support.sent_notices import MAILBOX, by_mail, change, kept, notice, of_mail, shipped
from tests.support.waiting import LONG_S, until

from farmlive.clock import now_ms
from farmlive.demo.authority import get_certificates
from farmlive.settings import Settings
from farmlive.shop.notices import notices as module
from farmlive.shop.notices.providers import NoticeRejected, ProviderUnavailable
from farmlive.shop.notices.smtp import Mail


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
    assert mail["Subject"] == "订单 A0001 已发货"
    assert "您的订单 A0001 已发货，正在路上" in mail.get_content()
    assert mail["Date"] is not None
    assert [row.state for row in rows] == ["sent", "sent"]


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


async def test_what_is_being_sent_is_sent_to_its_end_when_the_server_stops(
    stall: Any, settings: Settings
) -> None:
    async with mail_server() as server, by_mail(stall, settings, server) as sender:
        await shipped(stall)
        server.answering.clear()
        await sender.start()
        await asyncio.wait_for(server.taken.wait(), LONG_S)
        stopping = asyncio.create_task(sender.stop())
        await asyncio.sleep(0)
        server.answering.set()
        await stopping
        assert [row.state for row in of_mail(await kept(stall.store))] == ["sent"]


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate of 127.0.0.1 that this process trusts."""
    made = get_certificates(tmp_path / "tls", [ip_address("127.0.0.1")])
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
    monkeypatch.setattr("farmlive.shop.notices.smtp._HERE", ())
    async with mail_server() as server:
        mail = Mail(f"smtp://me:secret@127.0.0.1:{server.port}", "orders@example.org")
        with pytest.raises(ProviderUnavailable):
            await asyncio.to_thread(mail.send, notice(person=MAILBOX))
    assert not any("AUTH" in each for each in server.commands)
    assert server.mails == []


async def test_a_mailbox_at_a_name_in_other_letters_is_one_for_every_server() -> None:
    async with mail_server() as server:
        mail = Mail(f"smtp://127.0.0.1:{server.port}", "orders@example.org")
        await asyncio.to_thread(mail.send, notice(person="wang@bücher.example"))
        await asyncio.to_thread(mail.close)
    told = "wang@xn--bcher-kva.example"
    assert server.recipients == [told]
    assert server.mails[0]["To"] == told


@pytest.mark.parametrize("person", ["wang(1)@a.example", "(1)wang@a.example", "wang@a.example(1)"])
async def test_a_comment_leads_to_no_other_mailbox(person: str) -> None:
    async with mail_server() as server:
        mail = Mail(f"smtp://127.0.0.1:{server.port}", "orders@example.org")
        with pytest.raises(NoticeRejected, match="can't be written to"):
            await asyncio.to_thread(mail.send, notice(person=person))
        await asyncio.to_thread(mail.close)
    assert server.recipients == []


async def test_a_mailbox_in_other_letters_is_written_to_where_the_server_takes_it() -> None:
    async with mail_server() as server:
        mail = Mail(f"smtp://127.0.0.1:{server.port}", "orders@example.org")
        with pytest.raises(NoticeRejected, match="SMTPUTF8"):
            await asyncio.to_thread(mail.send, notice(person="王@example.org"))
        await asyncio.to_thread(mail.send, notice(person=MAILBOX))  # the others are told
        await asyncio.to_thread(mail.close)
        assert server.recipients == [MAILBOX]
        server.utf8 = True
        await asyncio.to_thread(mail.send, notice(person="王@example.org"))
        await asyncio.to_thread(mail.close)
    assert server.recipients == [MAILBOX, "王@example.org"]
    assert any("SMTPUTF8" in each for each in server.commands)
    assert server.mails[-1]["To"] == "王@example.org"


async def test_a_name_that_no_address_can_have_is_never_tried() -> None:
    mail = Mail("smtp://127.0.0.1:1", "orders@example.org")
    with pytest.raises(NoticeRejected):
        await asyncio.to_thread(mail.send, notice(person="wang@a..example"))
