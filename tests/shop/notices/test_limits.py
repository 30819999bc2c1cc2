"""Limits of what a stranger can have told to whom: what is held back, and until when."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from tests.shop.conftest import caller
from tests.shop.support import flash_batches
from tests.shop.support.notice_providers import AS_SHIPPED, held_by, order, plenty, server
from tests.shop.support.sent_notices import kept, lines
from tests.support.parts import local_log

from farmlive.clock import DAY_MS, HOUR_MS, now_ms, pretended
from farmlive.ids import token
from farmlive.settings import Settings
from farmlive.shop.checkout.waitlist_models import WaitJoin
from farmlive.shop.core.order_tables import orders
from farmlive.shop.notices.limits import NOTICES_BLOCK_FACTOR, normalize_recipient
from farmlive.shop.notices.tables import notice_budgets
from farmlive.store import Store


async def test_a_flood_to_one_number_is_three_messages(stall: Any, settings: Settings) -> None:
    await plenty(stall)
    shop = server(stall, settings)
    for turn in range(60):  # each with the cookie thrown away, from another address
        visitor = replace(caller(f"device {turn}"), address=f"198.51.{turn}.1")
        placed = await order(stall, shop, by=visitor)
        await shop.notices.send()
        await shop.orders.cancel(placed["token"], None, visitor.address)
    assert (await held_by(stall)).count("number") == 120 - 3
    await shop.notices.send()
    assert len(lines(settings)) == 3
    counts = await shop.notices.counts()
    assert (counts["sent"], counts["held"]) == (3, 117)


async def test_an_order_of_a_held_notice_is_an_order_like_any(
    stall: Any, settings: Settings
) -> None:
    shop = server(stall, settings, notices_per_hour=1)
    placed = [await order(stall, shop) for _ in range(2)]
    assert [each["state"] for each in placed] == ["placed", "placed"]
    assert (await shop.order(placed[1]["token"])).state == "placed"


async def test_the_hour_and_the_day_are_of_the_number_and_go_on(
    stall: Any, settings: Settings
) -> None:
    await plenty(stall)
    shop = server(stall, settings)
    with pretended(now_ms()) as clock:
        for _ in range(5):
            for _ in range(4):
                await order(stall, shop)
            clock.at += HOUR_MS + 1
        waiting = [by is None for by in await held_by(stall)]
        assert waiting == [True, True, True, False] * 3 + [True, False, False, False] + [False] * 4
        clock.at += DAY_MS
        await order(stall, shop)
        assert (await held_by(stall))[-1] is None


async def test_limits_survive_a_restart_and_hold_across_servers(
    stall: Any, settings: Settings
) -> None:
    other_store = await Store.open(settings)
    try:
        here, there = server(stall, settings), server(stall, settings)
        elsewhere = stall.another_shop(
            settings.model_copy(update=AS_SHIPPED), store=other_store, log=local_log()
        )
        await asyncio.gather(
            *(order(stall, shop) for shop in (here, elsewhere, here, elsewhere, there))
        )
        after_the_restart = server(stall, settings)
        await order(stall, after_the_restart)
    finally:
        await other_store.close()
    assert sorted(await held_by(stall), key=str) == [None] * 3 + ["number"] * 3


async def test_a_mailbox_is_one_however_it_is_spelled(stall: Any, settings: Settings) -> None:
    spellings = ["ann@example.org", "ANN@example.org", "ann+1@example.org", "a.n.n@Example.ORG"]
    assert len({normalize_recipient(each) for each in spellings}) == 1
    assert normalize_recipient("ann@example.org") != normalize_recipient("ann@example.com")
    assert normalize_recipient("ann@example.org。") == normalize_recipient("ann@example.org")
    assert normalize_recipient("+x@example.org") == "+x@example.org"
    assert normalize_recipient("ann@bücher.example") == normalize_recipient(
        "ann@xn--bcher-kva.example"
    )
    url = SecretStr("smtp://127.0.0.1")
    shop = server(stall, settings, notices=("smtp",), smtp_url=url, smtp_from="a@example.org")
    for turn, each in enumerate(spellings):
        await order(stall, shop, f"1380000000{turn}", email=each)
    assert await held_by(stall, "smtp") == [None] * 3 + ["number"]


async def test_a_mailbox_of_two_domains_is_one_and_is_written_to_as_the_buyer_did(
    stall: Any, settings: Settings
) -> None:
    spellings = ["ann@gmail.com", "a.n.n+1@googlemail.com", "Ann@GMail.com", "ANN@GoogleMail.COM"]
    assert len({normalize_recipient(each) for each in spellings}) == 1
    assert (
        normalize_recipient("ann@ya.ru")
        == normalize_recipient("ann@yandex.com")
        != normalize_recipient("ann@gmail.com")
    )
    assert normalize_recipient("ann@mail.googlemail.com") != normalize_recipient("ann@gmail.com")
    assert normalize_recipient("a-n_n@pm.me") == normalize_recipient("ann@proton.me")
    assert normalize_recipient("a-n_n@gmail.com") != normalize_recipient("ann@gmail.com")
    assert normalize_recipient("-@proton.me") == "-@proton.me"
    url = SecretStr("smtp://127.0.0.1")
    shop = server(stall, settings, notices=("smtp",), smtp_url=url, smtp_from="a@example.org")
    for turn, each in enumerate(spellings):
        await order(stall, shop, f"1380000000{turn}", email=each)
    query = select(orders.c.buyer_email).filter_by(broadcast=stall.broadcast)
    query = query.order_by(orders.c.number)
    written = await stall.store.read(lambda connection: list(connection.execute(query).scalars()))
    assert written == spellings
    assert [row.person for row in await kept(stall.store)] == spellings
    assert await held_by(stall, "smtp") == [None] * 3 + ["number"]


@pytest.mark.parametrize(
    ("phone", "goes"),
    [
        ("13800000001", True),
        ("+86 138 0000 0001", True),
        ("0598 1234567", True),
        ("+8816 1234 5678", False),
        ("00870 7731 23456", False),
        ("+44 20 7946 0000", False),
    ],
)
async def test_a_stranger_has_nobody_told_in_countries_that_are_not_named(
    stall: Any, settings: Settings, phone: str, goes: bool
) -> None:
    shop = server(stall, settings)
    placed = await order(stall, shop, phone)
    assert placed["state"] == "placed"
    assert await held_by(stall) == [None if goes else "prefix"]
    anywhere = server(stall, settings, notice_prefixes=("",))
    await order(stall, anywhere, phone)
    assert (await held_by(stall))[1] is None


async def test_an_address_and_its_block_have_a_budget_for_everyone(
    stall: Any, settings: Settings
) -> None:
    await plenty(stall)
    shop = server(stall, settings, notices_per_address=2)

    async def from_address(address: str | None, phone: int) -> None:
        visitor = replace(caller(f"device {phone}"), address=address)
        await order(stall, shop, f"138{phone:08d}", visitor)

    with pretended(now_ms() // HOUR_MS * HOUR_MS) as clock:
        for phone in range(4):
            await from_address("203.0.113.1", phone)
        assert await held_by(stall) == [None, None, "address", "address"]
        for phone in range(10, 30):
            await from_address(f"203.0.113.{phone}", phone)
        found = (await held_by(stall))[4:]
        assert found == [None] * (2 * NOTICES_BLOCK_FACTOR - 2) + ["block"] * 2
        # Behind a proxy that nobody named, nothing is counted by the address.
        await from_address(None, 50)
        clock.at += HOUR_MS
        await from_address("203.0.113.1", 51)
        assert (await held_by(stall))[-2:] == [None, None]
        await shop.notices.send()
    query = select(notice_budgets)
    budgets = await stall.store.read(lambda connection: connection.execute(query).all())
    assert {row.hour for row in budgets} == {clock.at // HOUR_MS}
    assert not any("203.0.113" in row.sender for row in budgets)


async def test_a_rush_of_one_sender_is_counted_within_its_transactions(
    stall: Any, settings: Settings
) -> None:
    await plenty(stall)
    shop = server(stall, settings, notices_per_address=7)
    visitors = [replace(caller(f"device {n}"), address="203.0.113.1") for n in range(40)]
    with pretended(now_ms()):
        await asyncio.gather(
            *(order(stall, shop, f"138{n:08d}", visitor) for n, visitor in enumerate(visitors))
        )
    assert sorted(await held_by(stall), key=str) == [None] * 7 + ["address"] * 33
    query = select(notice_budgets.c.used)
    used = await stall.store.read(lambda connection: connection.execute(query).scalars().all())
    assert used == [7, 7]  # of the address, and of its block


async def test_what_was_counted_stays_so_where_others_take_boxes_of_a_batch_that_is_over(
    stall: Any, settings: Settings
) -> None:
    await plenty(stall)
    shop = server(stall, settings, notices_per_address=1)
    flash = await flash_batches.plan(stall, 4)
    visitors = [replace(caller(f"device {n}"), address="203.0.113.1") for n in range(3)]
    held = await flash_batches.hold(stall, 1, by=visitors[1])
    await flash_batches.end(stall, flash)
    wanted = [
        stall.request(1, buyer={"name": "王小明", "phone": "13800000001"}),
        stall.request(
            lines=flash_batches.lines(stall, 1),
            order=held["id"],
            buyer={"name": "王小明", "phone": "13800000002"},
        ),
        stall.request(1, buyer={"name": "王小明", "phone": "13800000003"}),
    ]
    with pretended(now_ms()):
        await asyncio.gather(
            *(
                shop.till.place(by, stall.broadcast, request)
                for by, request in zip(visitors, wanted, strict=True)
            )
        )
    assert sorted(await held_by(stall), key=str) == [None, "address", "address"]


async def test_calling_off_counts_for_the_sender_whatever_number_it_was(
    stall: Any, settings: Settings
) -> None:
    await plenty(stall)
    shop = server(stall, settings, notices_per_address=5)
    visitors = [replace(caller(f"device {n}"), address="203.0.113.1") for n in range(10)]
    with pretended(now_ms()):
        placed = [
            await order(stall, shop, f"138{n:08d}", visitor) for n, visitor in enumerate(visitors)
        ]
        for each in placed:
            await shop.orders.cancel(each["token"], None, "203.0.113.1")
    assert sorted(await held_by(stall), key=str) == [None] * 5 + ["address"] * 15


async def test_ordering_counts_for_the_sender_who_waits_for_something(
    stall: Any, settings: Settings
) -> None:
    await plenty(stall)
    shop = server(stall, settings, notices_per_address=2)
    few = await stall.offer(released=1)
    visitors = [replace(caller(f"device {n}"), address="203.0.113.1") for n in range(5)]
    await stall.shop.till.place(
        caller("another"),
        stall.broadcast,
        stall.request(lines=[{"offer": few.id, "quantity": 1, "price": few.price.amount}]),
    )
    with pretended(now_ms()):
        for n, visitor in enumerate(visitors):
            waited = {"offer": few.id, "quantity": 1, "key": token()}
            await shop.waitlist.join(visitor, stall.broadcast, WaitJoin.model_validate(waited))
            await order(stall, shop, f"138{n:08d}", visitor)
    assert (await held_by(stall)).count("address") == 3


async def test_a_rush_to_one_number_is_counted_within_its_transactions(
    stall: Any, settings: Settings
) -> None:
    await plenty(stall)
    shop = server(stall, settings, notices_per_hour=2)
    visitors = [replace(caller(f"device {n}"), address=f"198.51.{n}.1") for n in range(20)]
    await asyncio.gather(*(order(stall, shop, by=visitor) for visitor in visitors))
    assert sorted(await held_by(stall), key=str) == [None] * 2 + ["number"] * 18


async def test_a_village_behind_one_address_is_told_all(stall: Any, settings: Settings) -> None:
    stall.card = await stall.offer(released=300, net_weight_g=500)
    shop = server(stall, settings)
    visitors = [replace(caller(f"device {n}"), address="203.0.113.1") for n in range(300)]
    await asyncio.gather(
        *(order(stall, shop, f"138{n:08d}", visitor) for n, visitor in enumerate(visitors))
    )
    assert await held_by(stall) == [None] * 300


async def test_digits_too_many_make_no_other_number(stall: Any, settings: Settings) -> None:
    shop = server(stall, settings)
    for more in ("", "0", "12", "9"):
        await order(stall, shop, f"13900000001{more}")
    assert await held_by(stall) == [None] * 3 + ["number"]


@pytest.mark.parametrize("value", [("86",), ("+0",), ("+86", "any"), ("+８６",)])
def test_a_prefix_that_is_none_is_refused(value: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"\+86, or any"):
        Settings(notice_prefixes=value)


def test_every_number_may_be_named() -> None:
    assert Settings(notice_prefixes="any").notice_prefixes == ("",)
    assert Settings(notice_prefixes="+86, +852").notice_prefixes == ("+86", "+852")
