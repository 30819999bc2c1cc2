"""Rushes: new devices that take much of an offer within a minute need a proof of work for it."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.shop.conftest import HOST, caller
from tests.shop.support.holds import hold, line
from tests.shop.support.proof_of_work import prove

from farmlive.clock import PretendedClock, now_ms, pretended
from farmlive.ids import token
from farmlive.people import Caller
from farmlive.shop.checkout import rush
from farmlive.shop.checkout.rush import LASTS_MS, NOTICE_MS, Window
from farmlive.shop.checkout.waitlist_models import WaitJoin
from farmlive.shop.core.problems import SoldOut
from farmlive.shop.core.proof_of_work import ProofNeeded

BITS = 14


@pytest.fixture
def clock() -> Iterator[PretendedClock]:
    with pretended(now_ms()) as clock:
        yield clock


def new(number: int) -> Caller:
    return Caller(None, None, None, f"a new device {number}", f"192.0.2.{number}")


async def order(stall: Any, quantity: int, by: Caller, **change: Any) -> Any:
    buyer = {"name": "王小明", "phone": f"138{abs(hash(by.device)) % 10**8:08}"}
    request = stall.request(quantity, buyer=buyer, **change)
    return await stall.shop.till.place(by, stall.broadcast, request)


async def rushed(stall: Any, clock: PretendedClock) -> None:
    """New devices take 52 of 100 boxes, and it is known to all."""
    stall.card = await stall.offer(100)
    for number in range(2):
        await hold(stall, line(stall, 17), by=new(number))
    await order(stall, 18, new(2))
    clock.at += NOTICE_MS


async def test_it_begins_with_more_than_the_share_and_is_told_to_staff(
    stall: Any, clock: PretendedClock
) -> None:
    stall.card = await stall.offer(100)
    for number in range(2):
        await hold(stall, line(stall, 20), by=new(number))
    assert await stall.events("rush.began") == []
    await order(stall, 1, new(3))
    (began,) = await stall.events("rush.began")
    assert began.audience == ("staff",)
    assert began.data == {
        "offer": stall.card.id,
        "boxes": 41,
        "since": clock.at + NOTICE_MS,
        "bits": BITS,
    }
    # Who pressed before anyone could know is asked for nothing.
    await order(stall, 1, new(4))
    clock.at += NOTICE_MS
    with pytest.raises(ProofNeeded) as refusal:
        await order(stall, 1, new(5))
    assert refusal.value.members == {"bits": BITS}
    assert len(await stall.events("rush.began")) == 1
    assert stall.shop.rush.counters() == {"began": 1, "proofs_asked": 1}


async def test_orders_holds_and_waits_of_it_need_the_proof(
    stall: Any, clock: PretendedClock
) -> None:
    await rushed(stall, clock)
    by, place = new(5), stall.shop.till.place
    request = stall.request(1)
    with pytest.raises(ProofNeeded):
        await place(by, stall.broadcast, request)
    proof = prove(stall.broadcast, request.key, BITS)
    proven = request.model_copy(update={"proof": proof})
    placed = await place(by, stall.broadcast, proven)
    # The same order again is answered, whatever it brings.
    assert await place(by, stall.broadcast, request) == placed
    with pytest.raises(ProofNeeded):
        await hold(stall, by=new(6))
    join = WaitJoin(offer=stall.card.id, quantity=1, key=token())
    with pytest.raises(ProofNeeded):
        await stall.shop.waitlist.join(new(6), stall.broadcast, join)


async def test_who_is_known_or_signed_in_or_holds_it_or_wants_another_needs_none(
    stall: Any, clock: PretendedClock
) -> None:
    await rushed(stall, clock)
    await order(stall, 1, stall.viewer)
    await order(stall, 1, HOST)
    held = await hold(stall, line(stall, 17), by=new(0))
    await order(stall, 17, new(0), order=held["id"])
    stall.card = await stall.offer(100)
    await order(stall, 1, new(5))
    assert len(await stall.events("order.placed")) == 1 + 4


async def test_that_it_is_sold_out_is_told_without_a_proof(
    stall: Any, clock: PretendedClock
) -> None:
    await rushed(stall, clock)
    for _ in range(3):
        await order(stall, 16, HOST)
    with pytest.raises(SoldOut):
        await order(stall, 1, new(5))


async def test_it_ends_by_itself_and_staff_are_told(stall: Any, clock: PretendedClock) -> None:
    await rushed(stall, clock)
    await stall.shop.rush.end()
    with pytest.raises(ProofNeeded):
        await order(stall, 1, new(5))
    clock.at += LASTS_MS - NOTICE_MS
    await order(stall, 1, new(5))  # also where nobody ended it yet
    await stall.shop.rush.end()
    await stall.shop.rush.end()
    (over,) = await stall.events("rush.over")
    assert (over.audience, over.data) == (("staff",), {"offer": stall.card.id})
    await order(stall, 1, new(6))


async def test_it_goes_on_as_long_as_they_take_so_much(stall: Any, clock: PretendedClock) -> None:
    await rushed(stall, clock)
    clock.at += 50_000
    request = stall.request(20, buyer={"name": "李", "phone": "13900000001"})
    proven = {"proof": prove(stall.broadcast, request.key, BITS)}
    await stall.shop.till.place(new(7), stall.broadcast, request.model_copy(update=proven))
    clock.at += LASTS_MS - 50_000
    await stall.shop.rush.end()
    assert await stall.events("rush.over") == []
    with pytest.raises(ProofNeeded):
        await order(stall, 1, new(8))


async def test_what_one_order_may_have_is_no_rush(stall: Any, clock: PretendedClock) -> None:
    stall.card = await stall.offer(20)
    await order(stall, 20, new(1))
    assert await stall.events("rush.began") == []


async def test_what_known_devices_take_is_no_rush(stall: Any, clock: PretendedClock) -> None:
    stall.card = await stall.offer(100)
    for number in range(4):
        await order(stall, 20, caller(f"device {number}"))
    assert await stall.events("rush.began") == []


async def test_another_server_knows_of_it(stall: Any, clock: PretendedClock) -> None:
    await rushed(stall, clock)
    other = stall.another_shop(stall.shop.bag._settings)
    with pytest.raises(ProofNeeded):
        await other.till.place(new(5), stall.broadcast, stall.request())


async def test_the_settings_turn_it_off(stall: Any, clock: PretendedClock) -> None:
    settings = stall.shop.rush._settings
    stall.shop.rush._settings = settings.model_copy(update={"rush_share": 0})
    await rushed(stall, clock)
    await order(stall, 1, new(5))
    assert await stall.events("rush.began") == []


def test_a_minute_is_the_last_sixty_seconds() -> None:
    window = Window(0, 0, 0).taken(30, 1_000_000)
    assert window == Window(1_000_000, 30, 0)
    assert window.taken(10, 1_059_999).level(1_059_999) == 40
    later = window.taken(10, 1_090_000)
    assert later == Window(1_060_000, 10, 30)
    assert later.level(1_090_000) == 10 + 15
    assert window.taken(10, 1_120_000) == Window(1_120_000, 10, 0)
    # A clock that was put back begins anew.
    assert window.taken(10, 999_999) == Window(999_999, 10, 0)
    assert rush.WINDOW_MS == 60_000
