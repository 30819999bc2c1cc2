"""Two servers on one database sell from the same bag."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE, caller, selling
from tests.support.money import cny
from tests.support.parts import limits_of, local_log, people_of
from tests.support.waiting import LONG_S

from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.bus import LocalBus
from farmlive.clock import now_ms, pretended
from farmlive.ids import token
from farmlive.problems import BroadcastEnded
from farmlive.settings import Settings
from farmlive.shop.checkout.waitlist_models import WaitJoin
from farmlive.shop.core.checkout_models import HoldDrop, HoldPlace
from farmlive.shop.core.problems import KeyReused, PriceChanged, SoldOut
from farmlive.shop.flash.models import FlashPlan
from farmlive.shop.shop import Shop
from farmlive.store import Store, after_commit

CHEAP = 1990


@pytest.fixture
async def other(stall: Any, settings: Settings) -> AsyncIterator[Shop]:
    store = await Store.open(settings)
    log = local_log()
    blocks = people_of(store, settings).blocks
    yield selling(store, log, settings, limits=limits_of(), blocks=blocks)[0]
    await store.close()


async def test_they_sell_each_box_once_in_one_log(stall: Any, other: Shop) -> None:
    nodes = [stall.shop, other]
    answers = await asyncio.gather(
        *(
            nodes[turn % 2].till.place(stall.viewer, stall.broadcast, stall.request())
            for turn in range(40)
        ),
        return_exceptions=True,
    )
    placed = [answer for answer in answers if isinstance(answer, dict)]
    assert len(placed) == 10
    assert sum(isinstance(answer, SoldOut) for answer in answers) == 30
    assert sorted(answer["number"] for answer in placed) == [f"A{n:04d}" for n in range(1, 11)]
    assert await stall.left() == 0
    seqs = [event.seq for event in await stall.events()]
    assert seqs == list(range(1, len(seqs) + 1))


async def test_a_key_is_one_order_on_both(stall: Any, other: Shop) -> None:
    key = token()
    request = stall.request(1, key=key)
    first, second = await asyncio.gather(
        stall.shop.till.place(stall.viewer, stall.broadcast, request),
        other.till.place(stall.viewer, stall.broadcast, request),
    )
    assert first == second
    assert await stall.left() == 9
    with pytest.raises(KeyReused):
        await other.till.place(stall.viewer, stall.broadcast, stall.request(2, key=key))


async def test_orders_of_many_broadcasts_do_not_wait_for_each_other_in_circles(
    stall: Any, other: Shop
) -> None:
    places = []
    for _ in range(4):
        stall.broadcast = await stall.another_broadcast()
        stall.card = await stall.offer(released=100)
        places.append((stall.broadcast, [stall.request() for _ in range(10)]))
    mine = [(place, turn) for turn in range(5) for place in places]
    theirs = [(place, turn) for turn in range(5, 10) for place in reversed(places)]
    answers = await asyncio.gather(
        *(
            node.till.place(stall.viewer, broadcast, requests[turn])
            for node, order in ((stall.shop, mine), (other, theirs))
            for (broadcast, requests), turn in order
        )
    )
    assert len({answer["id"] for answer in answers}) == 40


async def test_no_order_follows_the_end_on_the_other(stall: Any, other: Shop) -> None:
    ending = Broadcasts(stall.store, stall.log, LocalBus())
    answers = await asyncio.gather(
        *(other.till.place(stall.viewer, stall.broadcast, stall.request()) for _ in range(4)),
        ending.end(stall.broadcast),
        *(other.till.place(stall.viewer, stall.broadcast, stall.request()) for _ in range(4)),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert all(isinstance(answer, BroadcastEnded) for answer in refused)
    kinds = [event.kind for event in await stall.events()]
    assert kinds[-1] == "broadcast.ended"
    assert kinds.count("order.placed") == 8 - len(refused)


async def test_a_hold_runs_out_once_for_both(stall: Any, other: Shop) -> None:
    for turn in range(5):
        await holding(stall, other if turn % 2 else stall.shop, f"device {turn}", 1)
    with pretended(now_ms() + 3_600_000):
        done = await asyncio.gather(*(node.holds.expire() for node in [stall.shop, other] * 3))
    assert sum(done) == 5
    assert len(await stall.events("order.expired")) == 5
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert (card.held, card.left) == (0, 10)


async def test_the_tasks_of_both_let_it_run_out_once(stall: Any, other: Shop) -> None:
    with pretended(now_ms() - 3_600_000):
        for turn in range(5):
            await holding(stall, stall.shop, f"device {turn}", 1)
    over = asyncio.Event()
    told = 0

    def tell() -> None:
        nonlocal told
        told += 1
        if told == 5:
            over.set()

    def expired(connection: Any, _event: object) -> None:
        after_commit(connection, tell)

    for log in (stall.log, other.bag._log):
        log.add_handler("order.expired", expired)
    await asyncio.gather(stall.shop.start(), other.start())
    async with asyncio.timeout(LONG_S):
        await over.wait()
    await asyncio.gather(stall.shop.stop(), other.stop())
    assert len(await stall.events("order.expired")) == 5
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert (card.held, card.left) == (0, 10)


async def test_a_hold_on_one_is_placed_on_the_other(stall: Any, other: Shop) -> None:
    held = await holding(stall, stall.shop, stall.viewer.device, 10)
    request = stall.request(10, order=held["id"])
    placed = await other.till.place(stall.viewer, stall.broadcast, request)
    assert placed["id"] == held["id"]
    with pretended(now_ms() + 3_600_000):
        assert await stall.shop.holds.expire() == 0
    assert await stall.left() == 0


async def test_they_hold_each_box_once(stall: Any, other: Shop) -> None:
    nodes = [stall.shop, other]
    answers = await asyncio.gather(
        *(holding(stall, nodes[turn % 2], f"device {turn}", 1) for turn in range(20)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, dict) for answer in answers) == 10
    assert sum(isinstance(answer, SoldOut) for answer in answers) == 10
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert (card.held, card.left) == (10, 0)


async def test_an_order_and_the_end_of_its_hold_meet(stall: Any, other: Shop) -> None:
    held = await holding(stall, stall.shop, stall.viewer.device, 10)
    with pretended(now_ms() + 3_600_000):
        placed, *done = await asyncio.gather(
            stall.shop.till.place(
                stall.viewer, stall.broadcast, stall.request(10, order=held["id"])
            ),
            *(node.holds.expire() for node in (stall.shop, other)),
        )
    assert sum(done) == (placed["id"] != held["id"])
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert (card.released, card.held, card.left) == (10, 0, 0)
    assert len(await stall.events("order.placed")) == 1


async def test_an_order_is_cancelled_once_on_both(stall: Any, other: Shop) -> None:
    placed = await stall.place(4)
    nodes = [stall.shop, other] * 3
    await asyncio.gather(*(node.orders.cancel(placed["token"]) for node in nodes))
    assert len(await stall.events("order.cancelled")) == 1
    assert await stall.left() == 10


async def test_they_sell_a_flash_batch_once_and_end_it_once(stall: Any, other: Shop) -> None:
    nodes = [stall.shop, other]
    plan = FlashPlan(offer=stall.card.id, price=cny(CHEAP), boxes=6, seconds=60)
    await other.flashes.plan(HOST, stall.broadcast, plan)
    lines = [{"offer": stall.card.id, "quantity": 1, "price": CHEAP}]

    async def order(turn: int) -> dict[str, Any]:
        device = caller(f"device {turn}")
        request = stall.request(lines=lines)
        placed: dict[str, Any] = await nodes[turn % 2].till.place(device, stall.broadcast, request)
        return placed

    answers = await asyncio.gather(*(order(turn) for turn in range(30)), return_exceptions=True)
    refused = [answer for answer in answers if not isinstance(answer, dict)]
    assert len(refused) == 24
    # Sold out, and a moment later over: then its price is nobody's any more.
    assert all(isinstance(answer, SoldOut | PriceChanged) for answer in refused)
    (over,) = await stall.events("flash.ended")
    assert (over.data["sold"], over.data["why"]) == (6, "sold_out")
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert (card.released, card.kept, card.left, card.flash) == (10, 0, 4, None)
    seqs = [event.seq for event in await stall.events()]
    assert seqs == list(range(1, len(seqs) + 1))


async def test_a_flash_batch_starts_and_ends_once_on_both(stall: Any, other: Shop) -> None:
    start = now_ms()
    plan = FlashPlan(
        offer=stall.card.id, price=cny(CHEAP), boxes=6, seconds=60, starts_at=start + 30_000
    )
    await stall.shop.flashes.plan(HOST, stall.broadcast, plan)
    for later_ms in (31_000, 100_000):
        with pretended(start + later_ms):
            turns = (node.flashes.run_due() for node in [stall.shop, other] * 3)
            assert sum(await asyncio.gather(*turns)) == 1
    kinds = [event.kind for event in await stall.events() if event.kind.startswith("flash.")]
    assert kinds == ["flash.planned", "flash.started", "flash.ended"]
    assert await stall.left() == 10


async def test_who_waits_on_one_is_served_by_the_other_once(stall: Any, other: Shop) -> None:
    nodes = [stall.shop, other]
    held = [await holding(stall, nodes[turn % 2], f"device {turn}", 1) for turn in range(10)]
    request = WaitJoin(offer=stall.card.id, quantity=1)
    for turn in range(12):
        await nodes[turn % 2].waitlist.join(caller(f"waiter {turn}"), stall.broadcast, request)
    await asyncio.gather(
        *(
            nodes[(turn + 1) % 2].holds.drop(
                caller(f"device {turn}"), stall.broadcast, HoldDrop(order=each["id"])
            )
            for turn, each in enumerate(held)
        )
    )
    told = [event for event in await stall.events("order.held") if event.data.get("waited")]
    assert len({event.data["order"] for event in told}) == len(told) == 10
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert (card.held, card.left, card.waiting) == (10, 0, 2)


async def holding(stall: Any, node: Shop, device: str, quantity: int) -> dict[str, Any]:
    lines = [{"offer": stall.card.id, "quantity": quantity, "price": PRICE}]
    request = HoldPlace.model_validate({"lines": lines, "key": token()})
    return await node.holds.place(caller(device), stall.broadcast, request)
