"""Stock kept while an order is written: whose it is, for how long, and that it comes back once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.holds import ANOTHER, hold, line, stock
from tests.shop.support.proof_of_work import prove

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.clock import now_ms
from farmlive.ids import token, ulid
from farmlive.people import Caller
from farmlive.people.core.problems import Blocked
from farmlive.people.moderation.models import NewBlock
from farmlive.problems import BroadcastNotLive, Invalid, TooMany
from farmlive.settings import Settings
from farmlive.shop.checkout.limits import GIVEN_UP
from farmlive.shop.core.checkout_models import HoldDrop, HoldPlace
from farmlive.shop.core.models import OfferRelease
from farmlive.shop.core.problems import KeyReused, PriceChanged, SoldOut, StockTaken, UnknownOffer
from farmlive.shop.core.proof_of_work import ProofNeeded
from farmlive.shop.core.tables import holds
from farmlive.shop.orders import order_devices
from farmlive.shop.stock.shortage import SOONEST


async def test_a_hold_is_answered_with_its_end_and_keeps_the_stock(stall: Any) -> None:
    before = now_ms()
    answer = await hold(stall, line(stall, 3))
    assert before + 600_000 <= answer["until"] <= now_ms() + 600_000
    assert answer["total"] == {"amount": 8970, "currency": "CNY"}
    assert await stock(stall) == (10, 0, 3, 7)
    with pytest.raises(SoldOut) as refusal:
        await hold(stall, line(stall, 8), by=ANOTHER)
    held = {"held": 3, "back_at": answer["until"], "sold_at": None}
    assert refusal.value.members["offers"] == [{"offer": stall.card.id, "left": 7, **held}]


@pytest.mark.parametrize(("others", "is_told"), [(SOONEST - 1, True), (SOONEST, False)])
async def test_when_boxes_come_back_is_told_where_that_is_soon(
    stall: Any, others: int, is_told: bool
) -> None:
    mine = await hold(stall, line(stall, 3))
    row = {
        "broadcast": stall.broadcast,
        "lines": [],
        "total": 0,
        "currency": "CNY",
        "held_at": 0,
        "until_at": now_ms() + 300_000,
    }
    rows = [{**row, "id": ulid(), "device": f"busy {turn}"} for turn in range(others)]
    await stall.store.write(lambda connection: connection.execute(insert(holds), rows) and None)
    with pytest.raises(SoldOut) as refusal:
        await hold(stall, line(stall, 8), by=ANOTHER)
    (told,) = refusal.value.members["offers"]
    assert (told["held"], told["back_at"]) == (3, mine["until"] if is_told else None)


async def test_it_is_told_to_staff_its_farms_and_its_buyer_and_the_stock_to_all(stall: Any) -> None:
    heard: list[str | None] = []
    stall.log.add_handler("order.held", lambda _connection, event: heard.append(event.device))
    answer = await hold(stall, line(stall, 3))
    (event,) = await stall.events("order.held")
    assert set(event.audience) == {"staff", f"farm:{stall.farm.id}", f"order:{answer['id']}"}
    assert event.data == {
        "order": answer["id"],
        "lines": [
            {
                "offer": stall.card.id,
                "lot": stall.lot.id,
                "farm": stall.farm.id,
                "quantity": 3,
                "price": PRICE,
                "total": 8970,
            }
        ],
        "total": {"amount": 8970, "currency": "CNY"},
        "state": "held",
        "payment": "due",
        "until": answer["until"],
    }
    assert heard == [stall.viewer.device]
    (changed,) = await stall.events("stock.changed")
    assert changed.audience == ("public",)
    assert (changed.data["held"], changed.data["left"], changed.data["sold"]) == (3, 7, 0)
    mine = await stall.store.read(
        lambda conn: order_devices.audiences(conn, stall.broadcast, stall.viewer.device)
    )
    assert mine == [f"order:{answer['id']}"]


async def test_placing_it_sells_what_was_held_under_the_same_id(stall: Any) -> None:
    answer = await hold(stall, line(stall, 3))
    placed = await stall.place(3, order=answer["id"])
    assert placed["id"] == answer["id"]
    assert await stock(stall) == (10, 3, 0, 7)
    order = await stall.shop.order(placed["token"])
    assert [change.state for change in order.history] == ["held", "placed"]
    with pytest.raises(SoldOut):
        await stall.place(8)


async def test_what_one_holds_oneself_is_never_in_ones_way(stall: Any) -> None:
    first = await hold(stall, line(stall, 10))
    second = await hold(stall, line(stall, 9))
    assert second["id"] == first["id"]
    assert await stock(stall) == (10, 0, 9, 1)
    again = await hold(stall, line(stall, 10))
    assert await stock(stall) == (10, 0, 10, 0)
    await stall.place(10)  # without naming the hold
    assert await stock(stall) == (10, 10, 0, 0)
    assert [event.data["order"] for event in await stall.events("order.held")] == [again["id"]] * 3


async def test_an_order_may_differ_from_its_hold(stall: Any) -> None:
    other = await stall.offer(released=5, price=100)
    answer = await hold(stall, line(stall, 6), line(stall, 2, offer=other.id, price=100))
    lines = [line(stall, 8)]
    await stall.place(lines=lines, order=answer["id"])
    assert await stock(stall) == (10, 8, 0, 2)
    assert await stock(stall, other) == (5, 0, 0, 5)
    last = {event.data["offer"]: event.data for event in await stall.events("stock.changed")}
    assert last[other.id]["held"] == 0


async def test_a_replaced_hold_gives_the_difference_back(stall: Any) -> None:
    other = await stall.offer(released=5, price=100)
    await hold(stall, line(stall, 6))
    await hold(stall, line(stall, 2, offer=other.id, price=100))
    assert await stock(stall) == (10, 0, 0, 10)
    assert await stock(stall, other) == (5, 0, 2, 3)


async def test_a_hold_that_is_refused_leaves_the_earlier_one(stall: Any) -> None:
    first = await hold(stall, line(stall, 6))
    seq = (await stall.events())[-1].seq
    with pytest.raises(SoldOut) as refusal:
        await hold(stall, line(stall, 11))
    (told,) = refusal.value.members["offers"]
    assert (told["left"], told["held"], told["back_at"]) == (10, 0, None)
    with pytest.raises(UnknownOffer):
        await hold(stall, line(stall, 1, offer=ulid()))
    with pytest.raises(PriceChanged):
        await hold(stall, line(stall, 1, price=1))
    assert (await stall.events())[-1].seq == seq
    assert await stock(stall) == (10, 0, 6, 4)
    await stall.place(6, order=first["id"])


async def test_an_order_of_something_else_leaves_the_hold(stall: Any) -> None:
    other = await stall.offer(released=5, price=100)
    held = await hold(stall, line(stall, 6))
    placed = await stall.place(lines=[line(stall, 1, offer=other.id, price=100)])
    assert placed["id"] != held["id"]
    assert await stock(stall) == (10, 0, 6, 4)


async def test_a_hold_for_more_money_than_an_order_may_come_to_is_refused(stall: Any) -> None:
    dear = await stall.offer(released=999, price=1_000_000_00, net_weight_g=1)
    with pytest.raises(Invalid):
        await hold(stall, line(stall, 999, offer=dear.id, price=1_000_000_00))
    assert await stock(stall, dear) == (999, 0, 0, 999)


async def test_a_hold_is_its_devices_alone(stall: Any) -> None:
    held = await hold(stall, line(stall, 9))
    await stall.shop.holds.drop(ANOTHER, stall.broadcast, HoldDrop(order=held["id"]))
    assert await stock(stall) == (10, 0, 9, 1)
    stall.viewer = ANOTHER
    with pytest.raises(SoldOut):
        await stall.place(2, order=held["id"])
    placed = await stall.place(1, order=held["id"])
    assert placed["id"] != held["id"]
    assert await stock(stall) == (10, 1, 9, 0)


async def test_a_dropped_hold_gives_its_stock_back_once(stall: Any) -> None:
    held = await hold(stall, line(stall, 9))
    for _ in range(2):
        drop = HoldDrop(order=held["id"])
        assert await stall.shop.holds.drop(stall.viewer, stall.broadcast, drop) == {}
    assert await stock(stall) == (10, 0, 0, 10)
    (event,) = await stall.events("order.cancelled")
    assert event.data == {
        "order": held["id"],
        "state": "cancelled",
        "payment": "due",
        "by": "buyer",
    }
    assert set(event.audience) == {"staff", f"farm:{stall.farm.id}", f"order:{held['id']}"}


async def test_holds_that_never_were_are_not_dropped_without_end(
    stall: Any, settings: Settings
) -> None:
    held = await hold(stall, line(stall, 9))
    few = stall.another_shop(settings.model_copy(update={"orders_per_minute": 3})).holds
    for _ in range(3 * GIVEN_UP):
        assert await few.drop(stall.viewer, stall.broadcast, HoldDrop(order=ulid())) == {}
    for order in (ulid(), held["id"]):
        with pytest.raises(TooMany):
            await few.drop(stall.viewer, stall.broadcast, HoldDrop(order=order))
    assert await stock(stall) == (10, 0, 9, 1)
    await few.drop(ANOTHER, stall.broadcast, HoldDrop(order=ulid()))


async def test_who_changes_a_basket_often_may(stall: Any, settings: Settings) -> None:
    for _ in range(settings.orders_per_minute):
        held = await hold(stall, line(stall, 1))
        for _ in range(GIVEN_UP):  # and again, where no answer came
            drop = HoldDrop(order=held["id"])
            await stall.shop.holds.drop(stall.viewer, stall.broadcast, drop)
    assert await stock(stall) == (10, 0, 0, 10)


async def test_the_same_key_is_one_hold_and_no_order(stall: Any) -> None:
    key = token()
    first, second = await asyncio.gather(
        hold(stall, line(stall, 3), key=key), hold(stall, line(stall, 3), key=key)
    )
    assert first == second
    assert await stock(stall) == (10, 0, 3, 7)
    with pytest.raises(KeyReused):
        await hold(stall, line(stall, 4), key=key)
    with pytest.raises(KeyReused):
        await stall.place(3, key=key)


async def test_nothing_is_held_before_the_start_or_nowhere(stall: Any) -> None:
    stall.broadcast = await stall.another_broadcast(live=False)
    with pytest.raises(BroadcastNotLive):
        await hold(stall)
    stall.broadcast = ulid()
    with pytest.raises(UnknownBroadcast):
        await hold(stall)


async def test_stock_that_is_held_is_not_taken_back(stall: Any) -> None:
    await hold(stall, line(stall, 3))
    await stall.place(2, buyer={"name": "李", "phone": "13900000000"}, order=None)
    # The order took the hold along, of the same device; hold again for the test.
    await hold(stall, line(stall, 3))
    take = OfferRelease(offer=stall.card.id, quantity=-6)
    with pytest.raises(StockTaken) as refusal:
        await stall.shop.bag.release(HOST, stall.broadcast, take)
    assert refusal.value.members["offers"] == [{"offer": stall.card.id, "left": 5}]
    take = OfferRelease(offer=stall.card.id, quantity=-5)
    answer = await stall.shop.bag.release(HOST, stall.broadcast, take)
    assert (answer["released"], answer["left"]) == (5, 0)
    assert await stock(stall) == (5, 2, 3, 0)


async def test_a_blocked_device_holds_and_orders_nothing(stall: Any) -> None:
    held = await hold(stall, line(stall, 3), by=ANOTHER)
    new = NewBlock(kind="device", order=held["id"], reason="holds everything")
    await stall.blocks.add(HOST, new)
    with pytest.raises(Blocked):
        await hold(stall, by=ANOTHER)
    stall.viewer = ANOTHER
    with pytest.raises(Blocked):
        await stall.place(1)
    stall.viewer = caller("a third device")
    await stall.place(1)


async def test_a_blocked_phone_orders_nothing_from_any_device(stall: Any) -> None:
    placed = await stall.place(1)
    new = NewBlock(kind="phone", order=placed["id"], reason="never collects")
    await stall.blocks.add(HOST, new)
    stall.viewer = ANOTHER
    with pytest.raises(Blocked):
        await stall.place(1)
    await stall.place(1, buyer={"name": "李", "phone": "13900000000"})
    assert await stock(stall) == (10, 2, 0, 8)


async def test_simulated_holds_are_marked(stall: Any) -> None:
    await hold(stall, by=Caller(None, "demo", "simulator", "its device", "192.0.2.1"))
    (event,) = await stall.events("order.held")
    assert event.data["simulated"] is True


async def test_a_hold_brings_a_proof_where_the_settings_say_so(
    stall: Any, settings: Settings
) -> None:
    strict = stall.another_shop(settings.model_copy(update={"order_proof_bits": 16}))
    key = token()
    wanted = {"lines": [line(stall, 4)], "key": key}

    async def place(by: Caller = stall.viewer, **more: Any) -> dict[str, Any]:
        request = HoldPlace.model_validate({**wanted, **more})
        answer = await strict.holds.place(by, stall.broadcast, request)
        assert isinstance(answer, dict)
        return answer

    with pytest.raises(ProofNeeded) as refusal:
        await place()
    assert refusal.value.members == {"bits": 16}
    assert await stock(stall) == (10, 0, 0, 10)
    proof = prove(stall.broadcast, key, 16)
    first = await place(proof=proof)
    # No proof is good for a second hold: not for another device, nor with another key.
    assert await place(ANOTHER, proof=proof) == first
    assert await stock(stall) == (10, 0, 4, 6)
    with pytest.raises(ProofNeeded):
        await place(ANOTHER, proof=proof, key=token())
    await place(Caller("an account", "a clerk", "clerk", "the centre's", "192.0.2.7"), key=token())
    assert await stock(stall) == (10, 0, 8, 2)
