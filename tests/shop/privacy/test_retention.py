"""The person of an order goes 180 days after its last change, and nothing else of it does."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update
from tests.shop.conftest import HOST
from tests.shop.support import sent_notices
from tests.shop.support.claims import answer, arrived, claim, kept
from tests.shop.support.departing_buyer import everything
from tests.shop.support.old_answers import make_older
from tests.shop.support.orders import enter, pay, pickup, refund, seen
from tests.support.query_plans import explain, without_rows

from farmlive import ids
from farmlive.clock import DAY_MS, now_ms, pretended
from farmlive.settings import Settings
from farmlive.shop.claims.claims import FOLDER
from farmlive.shop.core.order_tables import claims, order_keys, order_lines, orders
from farmlive.shop.core.problems import AnswerGone
from farmlive.shop.notices.tables import notices
from farmlive.shop.orders import buyer_data
from farmlive.shop.privacy import retention
from farmlive.shop.privacy.retention import PersonRetention, RetentionPreview
from farmlive.shop.privacy.tables import retention_marks
from farmlive.store import Store
from farmlive.store.files.uploads import uploads

KEEP_DAYS = 180
WORDS = ("王小明", "13800000000", "溪口村", "ann@example.org", "压坏", "地址写错", "不好意思")


def persons(stall: Any) -> PersonRetention:
    return PersonRetention(stall.store, stall.shop.claim_photos, KEEP_DAYS * DAY_MS)


@contextmanager
def days_later(days: float) -> Iterator[None]:
    with pretended(now_ms() + int(days * DAY_MS)):
        yield


async def remove(stall: Any, days: float = KEEP_DAYS + 0.01) -> int:
    with days_later(days):
        return await persons(stall).remove()


async def outlook(stall: Any, days: float = KEEP_DAYS + 0.01) -> RetentionPreview:
    with days_later(days):
        return await persons(stall).preview()


async def row_of(stall: Any, placed: Any) -> Any:
    query = select(orders).where(orders.c.id == placed["id"])
    return await stall.store.read(lambda connection: connection.execute(query).one())


async def over(stall: Any, **change: Any) -> Any:
    """An order that was received and paid for."""
    placed = await stall.place(1, **change)
    for state in ("packed", "shipped", "received"):
        await enter(stall, placed, state)
    await pay(stall, placed)
    return placed


@pytest.fixture
async def stall(stall: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stall without past orders, whose identifiers are of the present whatever was pretended."""
    monkeypatch.setattr(ids, "_last", 0)

    def write(connection: Connection) -> None:
        for table in (order_lines, orders):
            connection.execute(delete(table))

    await stall.store.write(write)
    return stall


@pytest.fixture
async def full(stall: Any) -> Any:
    """An order with all that a person may leave with it."""
    buyer = {"name": "王小明", "phone": "13800000000", "email": "ann@example.org"}
    to = {"way": "parcel", "address": "尤溪县 溪口村 1 号", "region": "350426"}
    placed = await over(stall, buyer=buyer, delivery=to)
    photo = await kept(stall, placed)
    made = await claim(stall, placed, text="压坏了", photos=[photo])
    await answer(stall, made.claims[-1], amount=100, answer="不好意思")
    await refund(stall, placed, 100)
    return placed


async def test_no_word_of_a_person_stands_anywhere_half_a_year_after(
    stall: Any, full: Any, settings: Settings
) -> None:
    before = await everything(stall.store)
    assert all(word in before for word in WORDS if word != "地址写错")
    assert list((settings.data / FOLDER).glob("*/*"))
    assert await remove(stall) == 1
    rows = [line for line in (await everything(stall.store)).splitlines() if full["id"] in line]
    assert rows
    after = await everything(stall.store)
    assert not [word for word in WORDS if word in after]
    assert not list((settings.data / FOLDER).glob("*/*"))
    assert "350426" not in after
    assert (await stall.shop.order(full["token"])).id == full["id"]  # its page still opens


async def test_what_is_no_persons_stays(stall: Any, full: Any) -> None:
    before = await row_of(stall, full)
    await remove(stall)
    after = await row_of(stall, full)
    assert (after.buyer_name, after.buyer_phone, after.buyer_email, after.address) == (
        "",
        "",
        None,
        None,
    )
    stays = ("buyer", "device", "number", "state", "payment", "total", "refunded", "placed_at")
    assert [getattr(after, name) for name in stays] == [getattr(before, name) for name in stays]

    def read(connection: Connection) -> list[int]:
        return [
            len(connection.execute(select(table).where(table.c.order == full["id"])).all())
            for table in (order_lines, claims, notices)
        ]

    assert await stall.store.read(read) == [1, 1, 0]
    page = await stall.shop.order(full["token"])
    assert page.buyer is None
    assert page.person_gone_at
    assert [change.reason for change in page.history] == [None] * len(page.history)
    (made,) = page.claims
    assert (made.text, made.answer, made.photos, made.state) == ("", None, [], "refunded")
    assert made.amount.amount == 100


async def test_a_day_less_is_too_early(stall: Any, full: Any) -> None:
    assert await remove(stall, KEEP_DAYS - 1) == 0
    assert (await row_of(stall, full)).buyer_name == "王小明"


async def test_it_counts_from_the_last_change(stall: Any) -> None:
    placed = await over(stall)
    with days_later(100):
        await refund(stall, placed, 100)
    assert await remove(stall, KEEP_DAYS + 1) == 0
    assert await remove(stall, 100 + KEEP_DAYS - 1) == 0
    assert await remove(stall, 100 + KEEP_DAYS + 1) == 1


async def test_a_claim_is_a_change_too(stall: Any) -> None:
    placed = await over(stall)
    with days_later(100):
        made = await claim(stall, placed)
    with days_later(130):
        await answer(stall, made.claims[-1], refuse=True, answer="不赔")
    assert await remove(stall, 100 + KEEP_DAYS + 1) == 0
    assert await remove(stall, 130 + KEEP_DAYS + 1) == 1


async def test_what_is_open_or_due_keeps_its_person_and_is_named(stall: Any) -> None:
    wanted = {}
    placed = await stall.place(1)
    wanted[placed["number"]] = "due"
    packed = await pickup(stall)
    await enter(stall, packed, "packed")
    await pay(stall, packed)
    wanted[packed["number"]] = "packed"
    waits = await pickup(stall)
    for state in ("packed", "at_centre"):
        await enter(stall, waits, state)
    await pay(stall, waits)
    wanted[waits["number"]] = "at_centre"
    owed = await stall.place(1)
    await pay(stall, owed)
    await enter(stall, owed, "cancelled")
    wanted[owed["number"]] = "to_give_back"
    claimed = await over(stall)
    await claim(stall, claimed)
    wanted[claimed["number"]] = "claim"
    found = await outlook(stall)
    assert {number: because for _, number, because in found.named} == wanted
    assert {broadcast for broadcast, _, _ in found.named} == {stall.broadcast}
    assert await remove(stall) == 0
    for each in (placed, packed, waits, owed, claimed):
        assert (await row_of(stall, each)).buyer_name == "王小明"
    # Once it is over it is looked at again.
    with days_later(KEEP_DAYS + 2):
        await refund(stall, owed, 2990)
    assert await remove(stall, KEEP_DAYS + 4) == 0
    assert await remove(stall, 2 * KEEP_DAYS + 4) == 1
    assert (await row_of(stall, owed)).buyer_name == ""


async def test_a_parcel_that_left_and_is_paid_for_has_arrived_by_then(stall: Any) -> None:
    placed = await stall.place(1)
    for state in ("packed", "shipped"):
        await enter(stall, placed, state)
    assert await remove(stall) == 0  # the courier has its money
    await pay(stall, placed)
    assert await remove(stall, KEEP_DAYS + 2) == 1


async def test_the_key_of_the_order_is_gone_and_takes_no_second_order(stall: Any) -> None:
    request = stall.request(1)
    placed = await stall.shop.till.place(stall.viewer, stall.broadcast, request)
    await stall.shop.orders.cancel(placed["token"], "地址写错")
    again = await stall.shop.till.place(stall.viewer, stall.broadcast, request)
    assert again["id"] == placed["id"]
    await remove(stall)
    with pytest.raises(AnswerGone) as refused:
        await stall.shop.till.place(stall.viewer, stall.broadcast, request)
    assert refused.value.status == 410
    query = select(order_keys).where(order_keys.c.key == request.key)
    key = await stall.store.read(lambda connection: connection.execute(query).one())
    assert (key.answer, key.body_hash) == ({}, "")
    assert len(await seen(stall, HOST)) == 1


async def test_the_key_answers_410_over_http(site: Any, stall: Any) -> None:
    url = f"/api/v1/broadcasts/{stall.broadcast}/orders"
    headers = {"Idempotency-Key": "a-key-of-a-test-0001"}
    placed = (await site.viewer.post(url, json=stall.body(), headers=headers)).json()
    await site.viewer.post(f"/api/v1/orders/{placed['token']}/cancellation", json={})
    await stall.shop.orders.cancel(placed["token"])
    await remove(stall)
    gone = await site.viewer.post(url, json=stall.body(), headers=headers)
    assert gone.status_code == 410
    assert gone.json()["type"].endswith("answer-gone")
    page = await site.viewer.get(f"/api/v1/orders/{placed['token']}")
    assert page.status_code == 200
    assert page.json()["buyer"] is None


async def test_an_order_of_older_code_does_not_say_its_key_and_loses_its_answer(stall: Any) -> None:
    request = stall.request(1)
    placed = await stall.shop.till.place(stall.viewer, stall.broadcast, request)
    other = await stall.place(1)
    await stall.shop.orders.cancel(placed["token"])
    await stall.store.write(
        lambda connection: connection.execute(orders.update().values(key=None)) and None
    )
    await make_older(stall.store, request.key, "order")
    assert await remove(stall) == 1
    with pytest.raises(AnswerGone):
        await stall.shop.till.place(stall.viewer, stall.broadcast, request)
    query = select(order_keys.c.answer).where(order_keys.c.body_hash != "")
    answers = await stall.store.read(lambda connection: connection.execute(query).scalars().all())
    assert [each["id"] for each in answers] == [other["id"]]


async def reasons(stall: Any, placed: Any) -> None:
    await refund(stall, placed, 100)  # 压坏了


async def claims_(stall: Any, placed: Any) -> None:
    made = await claim(stall, placed, text="压坏了")
    await answer(stall, made.claims[-1], refuse=True, answer="不好意思")


@pytest.mark.parametrize("write", [reasons, claims_])
async def test_what_is_written_of_one_that_is_gone_goes_in_its_time(stall: Any, write: Any) -> None:
    placed = await over(stall)
    await remove(stall)
    with days_later(200):
        await write(stall, placed)
    assert await remove(stall, 201) == 0
    assert "压坏" in await everything(stall.store)
    await remove(stall, 200 + KEEP_DAYS + 1)
    after = await everything(stall.store)
    assert not [word for word in WORDS if word in after]
    assert (await row_of(stall, placed)).person_gone_at < now_ms() + 190 * DAY_MS


async def test_a_photo_that_another_order_has_too_stays(stall: Any, settings: Settings) -> None:
    first, second = await arrived(stall, 1), await arrived(stall, 1)
    for placed in (first, second):
        made = await claim(stall, placed, photos=[await kept(stall, placed)])
        if placed is first:
            await answer(stall, made.claims[-1], refuse=True, answer="不赔")
    assert await remove(stall) == 1  # the other's claim is open
    assert len(list((settings.data / FOLDER).glob("*/*"))) == 1
    owners = select(uploads.c.owner)
    found = await stall.store.read(lambda connection: connection.execute(owners).scalars().all())
    assert found == [f"order:{second['id']}"]


async def test_a_notice_that_was_to_go_with_one_that_is_removed_goes_without_it(
    stall: Any,
) -> None:
    first, second, third = [await stall.place(1) for _ in range(3)]
    of_first, of_second, of_third = (row.id for row in await sent_notices.kept(stall.store))

    def together(connection: Connection) -> None:
        connection.execute(update(notices).values(message=of_first))

    await stall.store.write(together)
    row = await row_of(stall, first)
    await stall.store.write(
        lambda connection: buyer_data.erase_details(connection, [row], now_ms()) and None
    )
    left = [(row.order, row.id, row.message) for row in await sent_notices.kept(stall.store)]
    assert left == [
        (second["id"], of_second, of_second),
        (third["id"], of_third, of_second),
    ]


async def test_it_goes_on_from_where_it_was_and_two_servers_may_both_do_it(stall: Any) -> None:
    placed = [await over(stall) for _ in range(4)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retention, "ORDERS_PER_BATCH", 1)
        with days_later(KEEP_DAYS + 1):
            done = await asyncio.gather(persons(stall).remove(), persons(stall).remove())
            assert await persons(stall).remove() == 0
    assert sum(done) == len(placed)
    for each in placed:
        assert (await row_of(stall, each)).buyer_phone == ""
    upto = await stall.store.read(
        lambda connection: connection.execute(select(retention_marks.c.upto)).scalar_one()
    )
    assert upto == max(each["id"] for each in placed)


async def test_a_look_ahead_changes_nothing(stall: Any, full: Any) -> None:
    before = await everything(stall.store)
    found = await outlook(stall)
    assert found.due == 1
    assert await everything(stall.store) == before


async def test_finding_and_lists_go_on_without_the_person(stall: Any, full: Any) -> None:
    await remove(stall)
    assert await seen(stall, HOST, find="王小明") == []
    assert await seen(stall, HOST, find="0000") == []
    (found,) = await seen(stall, HOST, find=full["number"])
    assert found.buyer is None
    assert await seen(stall, HOST, find="小") == []


async def test_what_is_asked_walks_through_no_table(store: Store) -> None:
    named: dict[Any, Any] = {
        retention._NEW: {"after": "", "before": "x", "most": 2},
        retention._AGAIN: {"now": 1, "most": 2},
        retention._PASSED: {"after": "", "most": 2},
    }

    def look(connection: Connection) -> list[str]:
        walked = []
        with without_rows(connection):
            for statement, values in named.items():
                text = statement.params(**values).compile(
                    connection, compile_kwargs={"literal_binds": True}
                )
                walked += explain(connection, str(text).replace("%", "%%")).walked
        return walked

    assert await store.read(look) == []
