"""A buyer's details go at their wish: of one order, or of all of a phone, and whole."""

import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text
from tests.shop.conftest import HOST, caller
from tests.shop.support import flash_batches, sent_notices
from tests.shop.support.departing_buyer import (
    BUYER,
    NAME,
    PHONE,
    TO,
    WORDS,
    erase,
    erase_phone,
    everything,
    full,
    nothing_waits,
    over,
    row_of,
    settings,
)
from tests.shop.support.notice_providers import server
from tests.shop.support.orders import enter, pay, seen

from farmlive.broadcast.broadcast_state import BroadcastState, fold
from farmlive.broadcast.checkpoints import Checkpoints, capture
from farmlive.broadcast.snapshot import view
from farmlive.broadcast.tables import log_checkpoints
from farmlive.clock import now_ms, pretended
from farmlive.ids import ulid
from farmlive.people.core import tables as people_tables
from farmlive.people.core.problems import Blocked, NothingToBlock
from farmlive.people.moderation.models import NewBlock
from farmlive.settings import Settings
from farmlive.shop.claims.claims import FOLDER
from farmlive.shop.core.order_tables import claims, order_lines
from farmlive.shop.core.problems import AnswerGone
from farmlive.shop.notices.tables import notice_counts, notices
from farmlive.shop.orders import buyer_data
from farmlive.shop.privacy.problems import OrdersOpen
from farmlive.store import metadata

__all__ = ["full", "settings"]


def on_disk(folder: Path, words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Where in the folder's files one of the words stands, by its bytes or as JSON escapes it."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "pg_" not in path.name:
            data = path.read_bytes()
            for word in words:
                forms = (word.encode(), json.dumps(word)[1:-1].encode(), word.encode("utf-16-le"))
                if any(form in data for form in forms):
                    found.append((path.name, word))
    return found


async def test_no_word_of_a_person_stands_anywhere_afterwards(
    stall: Any, full: Any, settings: Settings
) -> None:
    before = await everything(stall.store)
    assert all(word in before for word in WORDS)
    (before_row, buyer_before) = ((row := await row_of(stall, full)), row.buyer)
    assert list((settings.data / FOLDER).glob("*/*"))
    assert PHONE in str(sent_notices.lines(settings))
    assert await erase_phone(stall) == 1
    after = await everything(stall.store)
    assert [word for word in WORDS if word in after] == []
    assert not list((settings.data / FOLDER).glob("*/*"))
    assert PHONE not in str(sent_notices.lines(settings))
    # Its pseudonyms are others, in the log, too; the erasure alone knows the old one for a while.
    row = await row_of(stall, full)
    assert row.buyer.startswith(buyer_data.ERASED)
    assert row.device.startswith(buyer_data.ERASED)
    for line in after.splitlines():
        if not line.startswith("erasures"):
            assert buyer_before not in line
            assert before_row.device not in line or full["id"] not in line
    (placed,) = [
        event for event in await stall.events("order.placed") if event.data["order"] == full["id"]
    ]
    assert placed.data["buyer"] == row.buyer
    assert placed.device is None


async def test_what_is_no_persons_stays(stall: Any, full: Any) -> None:
    before = await row_of(stall, full)
    events = await stall.events()
    await erase_phone(stall)
    after = await row_of(stall, full)
    stays = ("number", "state", "payment", "total", "fee", "refunded", "placed_at", "flags", "way")
    assert [getattr(after, name) for name in stays] == [getattr(before, name) for name in stays]
    kept_events = (await stall.events())[: len(events)]
    without = [
        (event.seq, event.at, event.kind, event.audience, {**event.data, "buyer": ""})
        for event in events
    ]
    assert without == [
        (event.seq, event.at, event.kind, event.audience, {**event.data, "buyer": ""})
        for event in kept_events
    ]

    def read(connection: Connection) -> list[int]:
        return [
            len(connection.execute(select(table).where(table.c.order == full["id"])).all())
            for table in (order_lines, claims, notices)
        ]

    assert await stall.store.read(read) == [1, 1, 0]
    page = await stall.shop.order(full["token"])
    assert page.buyer is None
    assert page.person_gone_at
    assert await seen(stall, HOST, find=NAME) == []
    assert await seen(stall, HOST, find=PHONE[-4:]) == []


async def test_all_orders_of_a_phone_in_all_broadcasts_become_one_other_buyer(stall: Any) -> None:
    first, second = await over(stall), await over(stall)
    await stall.shop.orders.cancel((third := await stall.place(1, buyer=BUYER))["token"])
    somebody_elses = await stall.place(1)
    before = {(await row_of(stall, each)).buyer for each in (first, second, third)}
    assert len(before) == 1
    assert await erase_phone(stall) == 3
    after = {(await row_of(stall, each)).buyer for each in (first, second, third)}
    assert len(after) == 1
    assert after.isdisjoint(before)
    devices = {(await row_of(stall, each)).device for each in (first, second, third)}
    assert len(devices) == 1
    other = await row_of(stall, somebody_elses)
    assert (other.buyer_phone, other.device) == ("13800000000", "a device")
    assert await erase_phone(stall) == 0


async def test_by_a_link_that_order_alone_goes(stall: Any, full: Any, settings: Settings) -> None:
    other = await over(stall)
    await nothing_waits(stall)
    whose = await stall.shop.persons.of_order(caller(), full["token"])
    assert await erase(stall, whose, caller()) == 1
    assert (await row_of(stall, full)).buyer_name == ""
    kept_one = await row_of(stall, other)
    assert (kept_one.buyer_name, kept_one.buyer_phone) == (NAME, PHONE)
    assert (await row_of(stall, full)).buyer != kept_one.buyer
    urls = str(sent_notices.lines(settings))
    assert full["token"] not in urls
    assert other["token"] in urls
    assert await erase(stall, whose, caller()) == 0  # twice is as once
    assert (await stall.events("order.erased"))[1:] == []


async def test_one_whose_details_went_by_their_time_gets_another_pseudonym_too(stall: Any) -> None:
    placed = await over(stall)
    row = await row_of(stall, placed)
    await stall.store.write(
        lambda connection: buyer_data.erase_details(connection, [row], now_ms()) and None
    )
    assert await erase_phone(stall) == 1
    assert (await row_of(stall, placed)).buyer.startswith(buyer_data.ERASED)


async def test_the_key_of_the_order_answers_410(stall: Any) -> None:
    request = stall.request(1, buyer=BUYER)
    placed = await stall.shop.till.place(stall.viewer, stall.broadcast, request)
    await stall.shop.orders.cancel(placed["token"])
    await erase_phone(stall)
    with pytest.raises(AnswerGone):
        await stall.shop.till.place(stall.viewer, stall.broadcast, request)
    assert len(await seen(stall, HOST)) == 1


async def test_a_block_stays_and_does_not_know_the_order_any_more(stall: Any) -> None:
    placed = await over(stall)
    row = await row_of(stall, placed)

    def block(connection: Connection) -> None:
        connection.execute(
            insert(people_tables.blocks),
            {
                "id": ulid(),
                "kind": "phone",
                "mark": row.buyer,
                "reason": "不取货",
                "at": now_ms(),
                "by": "a host",
                "order": placed["id"],
            },
        )

    await stall.store.write(block)
    await erase_phone(stall)
    (found,) = await stall.blocks.all()
    assert (found.mark, found.order) == (row.buyer, None)
    stall.blocks._read_at = None
    with pytest.raises(Blocked):
        await stall.blocks.check(device="any", phone=row.buyer, address="192.0.2.77")


@pytest.mark.parametrize("kind", ["phone", "device", "address"])
async def test_by_an_erased_order_nobody_is_blocked_and_it_says_so(stall: Any, kind: Any) -> None:
    placed = await over(stall)
    new = NewBlock(kind=kind, order=placed["id"], reason="不取货")
    await erase_phone(stall)
    with pytest.raises(NothingToBlock, match="Nobody was blocked") as refused:
        await stall.blocks.add(HOST, new)
    assert "erased" in refused.value.detail
    assert await stall.blocks.all() == []


async def test_erasing_has_no_more_messages_sent(stall: Any, settings: Settings) -> None:
    """Order, call off and erase, again and again: a number hears as often as without that."""
    shop = server(stall, settings, notices_per_hour=3, notices_per_day=10)
    for _ in range(4):
        request = stall.request(1, buyer=BUYER)
        placed = await shop.till.place(caller(), stall.broadcast, request)
        await shop.orders.cancel(placed["token"], address="192.0.2.1")
        await shop.persons.erase(
            caller(), await shop.persons.of_order(caller(), placed["token"]), "link"
        )
    request = stall.request(1, buyer=BUYER)
    await shop.till.place(caller(), stall.broadcast, request)
    rows = await sent_notices.kept(stall.store)
    assert {row.held_by for row in rows} == {"number"}
    counted = select(notice_counts)
    (kept_one,) = await stall.store.read(lambda connection: connection.execute(counted).all())
    assert len(kept_one.times) == 3
    assert PHONE not in str(kept_one)
    with pretended(now_ms() + 2 * 3_600_000):  # an hour later there are some again
        await shop.till.place(caller(), stall.broadcast, stall.request(1, buyer=BUYER))
    assert [row.held_by for row in await sent_notices.kept(stall.store)][-1] is None


async def test_boxes_of_a_flash_batch_are_not_had_twice_by_erasing(stall: Any) -> None:
    batch = await flash_batches.plan(stall, per_buyer=1)
    placed = await flash_batches.order(stall, buyer=BUYER, delivery=TO)
    for state in ("packed", "shipped", "received"):
        await enter(stall, placed, state)
    await pay(stall, placed)
    with pytest.raises(OrdersOpen) as refused:
        await erase_phone(stall)
    assert refused.value.members["orders"][0]["because"] == "flash"
    await flash_batches.end(stall, batch)
    assert await erase_phone(stall) == 1


async def test_staff_with_a_page_open_know_the_new_pseudonym_alone(stall: Any, full: Any) -> None:
    old = (await row_of(stall, full)).buyer
    scene = BroadcastState()
    before = await stall.events()
    for event in before:
        fold(scene, event)
    assert old in str(view(scene, frozenset({"staff"})))
    await erase_phone(stall)
    for event in (await stall.events())[len(before) :]:
        fold(scene, event)
    shown = str(view(scene, frozenset({"staff"})))
    assert old not in shown
    assert (await row_of(stall, full)).buyer in shown


async def test_no_state_that_is_kept_of_a_broadcast_has_the_old_pseudonym(
    stall: Any, full: Any
) -> None:
    """From the order on there are none; those before it never had it."""
    old = (await row_of(stall, full)).buyer
    states = select(log_checkpoints).order_by(log_checkpoints.c.seq)
    told = await stall.events()
    (placed,) = [
        event.seq
        for event in told
        if event.kind == "order.placed" and event.data["order"] == full["id"]
    ]
    scene, keeper = BroadcastState(), Checkpoints(stall.store)
    for event in told:
        fold(scene, event)
        if event.seq == placed - 1 or event is told[-1]:
            assert await keeper.store(capture(stall.broadcast, scene, len(told)))
    late = capture(stall.broadcast, scene, len(told))
    before = await stall.store.read(lambda connection: connection.execute(states).all())
    assert [old.encode() in zlib.decompress(row.data) for row in before] == [False, True]
    await erase_phone(stall)
    after = await stall.store.read(lambda connection: connection.execute(states).all())
    assert [row.seq for row in after] == [placed - 1]
    assert not await keeper.store(late)
    for event in (await stall.events())[len(told) :]:
        fold(scene, event)
    assert await keeper.store(capture(stall.broadcast, scene, scene.seq))
    after = await stall.store.read(lambda connection: connection.execute(states).all())
    assert [row.seq for row in after] == [placed - 1, scene.seq]
    assert not any(old.encode() in zlib.decompress(row.data) for row in after)


async def test_it_is_audited_without_the_person(stall: Any, full: Any) -> None:
    await erase_phone(stall)
    query = select(people_tables.audit).where(people_tables.audit.c.action == "person.erase")
    (deed,) = await stall.store.read(lambda connection: connection.execute(query).all())
    named = [{"number": full["number"], "broadcast": stall.broadcast}]
    assert deed.detail == {"by": "role", "orders": 1, "named": named}
    assert (deed.name, deed.broadcast) == ("Lin", stall.broadcast)


async def test_the_device_of_a_clerk_stays(stall: Any) -> None:
    placed = await over(stall)
    await sent_notices.change(stall, placed, account="01CLERK", device="the clerk's device")
    await erase_phone(stall)
    row = await row_of(stall, placed)
    assert (row.device, row.account) == ("the clerk's device", "01CLERK")


async def test_nothing_is_left_in_the_files(stall: Any, full: Any, settings: Settings) -> None:
    await erase_phone(stall)
    if stall.store.dialect == "sqlite":
        assert on_disk(settings.data, WORDS) == []
        return

    def read(connection: Connection) -> str:
        names = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).scalars()
        return "\n".join(
            str(connection.execute(text(f'SELECT * FROM "{name}"')).all()) for name in names
        )

    found = await stall.store.read(read)
    assert [word for word in WORDS if word in found] == []
    assert on_disk(settings.data, WORDS) == []


async def test_nothing_is_left_in_the_statistics(stall: Any, full: Any) -> None:
    if stall.store.dialect == "sqlite":
        pytest.skip("SQLite's keep counts alone")
    await over(stall, buyer={"name": "王小明", "phone": "13700000009"})
    before = await row_of(stall, full)
    names = [table for table in metadata.tables if table != "erasures"]

    def analyze(connection: Connection) -> None:
        for name in names:
            connection.execute(text(f'ANALYZE "{name}"'))

    def read(connection: Connection) -> str:
        kept_ones = text("SELECT s::text FROM pg_stats s WHERE tablename <> 'erasures'")
        return "\n".join(connection.execute(kept_ones).scalars())

    await stall.store.write(analyze)
    found = await stall.store.read(read)
    assert [word for word in WORDS if word in found] == []
    assert before.buyer in found
    await erase_phone(stall)
    await stall.shop.erasure.resume()
    assert before.buyer not in await stall.store.read(read)
