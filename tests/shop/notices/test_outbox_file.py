"""Notices by file: lines of an outbox, each once, whoever writes it."""

import asyncio
import errno
import json
from pathlib import Path
from typing import Any

import pytest
from tests.shop.conftest import HOST
from tests.shop.support.bulk_actions import undo
from tests.shop.support.orders import enter, refund
from tests.shop.support.sent_notices import MAILBOX, PHONE, change, kept, lines, notice, states
from tests.support.parts import local_log, notices_of
from tests.support.waiting import until

from farmlive.clock import rfc3339
from farmlive.settings import Settings
from farmlive.shop.notices.outbox_file import Outbox
from farmlive.shop.notices.providers import Notice


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


async def test_what_was_taken_off_and_what_was_given_back_are_told_apart(
    stall: Any, settings: Settings
) -> None:
    async def said() -> str:
        await stall.shop.notices.send()
        return str(lines(settings)[-1]["text"]).split("\n", maxsplit=1)[0]

    placed = await stall.place(2)
    await change(stall, placed, language="en")
    await undo(stall, await refund(stall, placed, 300))
    await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])
    await undo(stall, await refund(stall, placed, 500))
    await refund(stall, placed, 500)
    assert await said() == "For your order A0001, CN¥5.00 in all was given back to you."

    placed = await stall.place(2)
    await change(stall, placed, language="en")
    await refund(stall, placed, 1_000)
    await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])
    await refund(stall, placed, 500)
    both = "For your order A0002, CN¥{} in all was taken off the price or given back to you."
    assert await said() == both.format("15.00")
    await enter(stall, placed, "cancelled")
    assert await said() == "Your order A0002 is cancelled. You will get CN¥44.80 back."
    await refund(stall, placed, 4_480)
    assert await said() == both.format("59.80")


async def test_of_what_was_given_back_before_it_was_cancelled_nothing_more_comes(
    stall: Any, settings: Settings
) -> None:
    placed = await stall.place(1)
    await change(stall, placed, language="en")
    await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])
    await refund(stall, placed, 2_990)
    await enter(stall, placed, "cancelled")
    await stall.shop.notices.send()
    text = str(lines(settings)[-1]["text"])
    assert text.startswith("Your order A0001 is cancelled. You have your money back.\n")


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


def test_what_is_sent_together_is_synced_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr("farmlive.shop.notices.outbox_file.os.fsync", synced.append)
    outbox = Outbox(tmp_path)
    some = [notice() for _ in range(5)]
    outbox.send(some[0])  # and the folder, since the file is new
    outbox.send(*some)
    assert ids(tmp_path) == [each.id for each in some]
    assert len(synced) == 3


async def test_one_that_can_not_be_written_keeps_no_other_from_it(
    stall: Any, settings: Settings
) -> None:
    class Picky(Outbox):
        def send(self, *notices: Notice) -> None:
            if any(each.number == "A0002" for each in notices):
                raise RuntimeError("a fault of ours")
            super().send(*notices)

    for _ in range(3):
        await stall.place(1)
    await notices_of(stall.store, stall.log, settings, [Picky(settings.data / "outbox")]).send()
    assert await states(stall) == ["sent", "waiting", "sent"]
    assert [line["order"] for line in lines(settings)] == ["A0001", "A0003"]


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
    assert outbox.can_reach(PHONE)
    assert not outbox.can_reach(MAILBOX)


async def test_a_full_disk_makes_notices_wait(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    await stall.place(1)
    await stall.place(1)
    with monkeypatch.context() as broken:
        broken.setattr("farmlive.shop.notices.outbox_file.os.fsync", full)
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
    others = [notices_of(stall.store, local_log(), settings) for _ in range(3)]
    await asyncio.gather(*(each.send() for each in (stall.shop.notices, *others)))
    assert sorted(line["id"] for line in lines(settings)) == sorted(
        row.id for row in await kept(stall.store)
    )
    assert [row.tries for row in await kept(stall.store)] == [1] * 8
