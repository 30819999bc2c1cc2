"""What becomes of an order: who moves it on, what is told, what comes back, who sees what."""

import asyncio
import json
from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.holds import hold, stock
from tests.shop.support.orders import CLERK, enter, pickup, refund, seen, seller
from tests.support.money import cny

from farmlive.bilingual import Bilingual
from farmlive.clock import now_ms
from farmlive.edge.paging import PageQuery
from farmlive.ids import token, ulid
from farmlive.origin.core.models import NewFarm, NewLot
from farmlive.people import Caller
from farmlive.people.core.audit import list_entries
from farmlive.problems import Forbidden
from farmlive.shop.core.order_models import Refund
from farmlive.shop.core.problems import KeyReused, NotInState, RefundTooHigh, UnknownOrder
from farmlive.shop.orders import order_devices


async def test_a_buyer_cancels_and_the_boxes_come_back_once(stall: Any) -> None:
    placed = await stall.place(3)
    answers = await asyncio.gather(
        *(stall.shop.orders.cancel(placed["token"], "买错了") for _ in range(5))
    )
    assert {answer.state for answer in answers} == {"cancelled"}
    assert await stock(stall) == (10, 0, 0, 10)
    (event,) = await stall.events("order.cancelled")
    assert event.data == {
        "order": placed["id"],
        "number": "A0001",
        "state": "cancelled",
        "payment": "due",
        "by": "buyer",
    }
    assert set(event.audience) == {"staff", f"farm:{stall.farm.id}", f"order:{placed['id']}"}
    last = (await stall.events("stock.changed"))[-1].data
    assert (last["left"], last["sold"], last["lot_sold_g"]) == (10, 0, 0)
    order = await stall.shop.order(placed["token"])
    assert [(step.state, step.by, step.reason) for step in order.history] == [
        ("placed", "buyer", None),
        ("cancelled", "buyer", "买错了"),
    ]
    assert not order.can_cancel


async def test_a_reason_stays_out_of_the_log(stall: Any) -> None:
    placed = await stall.place(1)
    await stall.shop.orders.cancel(placed["token"], "打我电话 13800000000")
    told = json.dumps([event.data for event in await stall.events()], ensure_ascii=False)
    assert "13800000000" not in told


async def test_what_is_packed_is_cancelled_by_staff_alone_and_stays_sold(stall: Any) -> None:
    placed = await stall.place(3)
    order = await enter(stall, placed, "packed")
    assert order.can_cancel
    assert not (await stall.shop.order(placed["token"])).can_cancel
    with pytest.raises(Forbidden):
        await stall.shop.orders.cancel(placed["token"])
    cancelled = await enter(stall, placed, "cancelled", reason="地址不对")
    assert cancelled.state == "cancelled"
    assert await stock(stall) == (10, 3, 0, 7)


async def test_a_parcel_goes_its_way_with_an_event_a_step(stall: Any) -> None:
    placed = await stall.place(1)
    before = len(await stall.events())
    for state in ("packed", "shipped", "received"):
        order = await enter(stall, placed, state)
        assert order.state == state
        assert (await enter(stall, placed, state)).state == state  # once more changes nothing
    events = (await stall.events())[before:]
    assert [event.kind for event in events] == ["order.packed", "order.shipped", "order.received"]
    assert [event.data["by"] for event in events] == ["staff"] * 3
    assert [step.state for step in order.history] == ["placed", "packed", "shipped", "received"]
    with pytest.raises(NotInState):
        await enter(stall, placed, "cancelled")
    with pytest.raises(NotInState):
        await stall.shop.orders.cancel(placed["token"])


async def test_orders_move_on_after_the_end_too(stall: Any) -> None:
    placed = await stall.place(2)
    await stall.broadcasts.end(stall.broadcast)
    await stall.shop.orders.cancel(placed["token"])
    assert await stock(stall) == (10, 0, 0, 10)
    assert [event.kind for event in await stall.events()][-2:] == [
        "order.cancelled",
        "stock.changed",
    ]


async def test_a_clerk_hands_over_pick_ups_and_takes_the_money(stall: Any) -> None:
    collected, parcel = await pickup(stall), await stall.place(1)
    await enter(stall, collected, "packed")
    for refused in (
        enter(stall, parcel, "packed", by=CLERK),
        enter(stall, collected, "cancelled", by=CLERK),
        stall.shop.orders.pay(CLERK, stall.broadcast, parcel["id"]),
    ):
        with pytest.raises(Forbidden):
            await refused
    await enter(stall, collected, "at_centre", by=CLERK)
    await stall.shop.orders.pay(CLERK, stall.broadcast, collected["id"])
    order = await enter(stall, collected, "received", by=CLERK)
    assert (order.state, order.payment, order.token) == ("received", "paid", None)
    kinds = ["order.packed", "order.at_centre", "order.paid", "order.received"]
    assert [event.kind for event in await stall.events(*kinds)] == kinds


async def test_money_is_given_back_up_to_what_was_paid(stall: Any) -> None:
    placed = await stall.place(2)
    for _ in range(2):
        order = await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])
    assert order.payment == "paid"
    order = await refund(stall, placed, PRICE)
    assert (order.payment, order.refunded.amount) == ("part_refunded", PRICE)
    with pytest.raises(RefundTooHigh) as refusal:
        await refund(stall, placed, PRICE + 1)
    assert refusal.value.members["left"] == {"amount": PRICE, "currency": "CNY"}
    order = await refund(stall, placed, PRICE)
    assert (order.payment, order.refunded.amount) == ("refunded", 2 * PRICE)
    with pytest.raises(NotInState):
        await refund(stall, placed, 1)
    events = await stall.events("order.paid", "order.refunded")
    assert [(event.kind, event.data.get("amount")) for event in events] == [
        ("order.paid", None),
        ("order.refunded", {"amount": PRICE, "currency": "CNY"}),
        ("order.refunded", {"amount": 2 * PRICE, "currency": "CNY"}),
    ]
    assert [step.payment for step in order.history] == ["due", "paid", "part_refunded", "refunded"]


async def test_a_refund_with_a_key_counts_once(stall: Any) -> None:
    placed, other, key = await stall.place(2), await stall.place(2), token()
    for one in (placed, other):
        await stall.shop.orders.pay(HOST, stall.broadcast, one["id"])
    await asyncio.gather(*(refund(stall, placed, 100, key) for _ in range(3)))
    order = await refund(stall, placed, 100, key)
    assert order.refunded.amount == 100
    for one, amount in ((placed, 200), (other, 100)):
        with pytest.raises(KeyReused):
            await refund(stall, one, amount, key)


async def test_a_paid_order_that_is_cancelled_can_still_be_refunded(stall: Any) -> None:
    placed = await stall.place(1)
    await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])
    await enter(stall, placed, "cancelled")
    assert (await refund(stall, placed, PRICE)).payment == "refunded"
    unpaid = await stall.place(1)
    await enter(stall, unpaid, "cancelled")
    with pytest.raises(NotInState):
        await stall.shop.orders.pay(HOST, stall.broadcast, unpaid["id"])
    with pytest.raises(NotInState, match="nothing is to be paid for it"):
        await refund(stall, unpaid, 1)


async def test_an_order_of_another_broadcast_is_not_found(stall: Any) -> None:
    placed = await stall.place(1)
    ours, stall.broadcast = stall.broadcast, await stall.another_broadcast()
    for broadcast, order in ((stall.broadcast, placed["id"]), (ours, ulid())):
        stall.broadcast = broadcast
        with pytest.raises(UnknownOrder):
            await enter(stall, {"id": order}, "packed")
    with pytest.raises(UnknownOrder):
        await stall.shop.orders.cancel(token())


async def test_what_staff_did_is_in_the_audit_list_and_what_buyers_did_is_not(stall: Any) -> None:
    placed, other = await stall.place(1), await stall.place(1)
    await stall.shop.orders.cancel(other["token"], "不要了")
    await enter(stall, placed, "packed")
    await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])
    await refund(stall, placed, 100)
    noted = await stall.store.read(list_entries)
    assert [(deed.action, deed.subject) for deed in noted[:3]] == [
        ("order.refunded", placed["id"]),
        ("order.paid", placed["id"]),
        ("order.packed", placed["id"]),
    ]
    assert other["id"] not in {deed.subject for deed in noted}


async def test_a_seller_sees_own_lines_and_no_buyer(stall: Any) -> None:
    words = Bilingual(zh="邻居果园", en="The neighbour's orchard")
    neighbour = await stall.origin.add_farm(HOST, NewFarm(name=words, place=words))
    lot = await stall.origin.add_lot(
        HOST,
        NewLot.model_validate(
            {
                "farm": neighbour.id,
                "code": "1",
                "product_name": {"en": "Pomelos"},
                "harvested_at": now_ms(),
                "quantity_g": 100_000,
            }
        ),
    )
    other = await stall.offer(lot=lot.id, price=500)
    both = [
        {"offer": stall.card.id, "quantity": 2, "price": PRICE},
        {"offer": other.id, "quantity": 3, "price": 500},
    ]
    placed = await stall.place(lines=both)
    await stall.place(1)
    await enter(stall, placed, "packed", reason="王小明 的一箱")
    (order,) = await seen(stall, seller(neighbour.id))
    assert [line.offer for line in order.lines] == [other.id]
    assert order.total.amount == 1500
    assert (order.buyer, order.token, order.url, order.delivery.address) == (None,) * 4
    shown = order.model_dump_json()
    for secret in ("王小明", "13800000000", "溪口村", placed["token"], stall.card.id):
        assert secret not in shown
    assert len(await seen(stall, seller(stall.farm.id))) == 2
    assert await seen(stall, seller()) == []


async def test_a_clerk_sees_the_pick_ups_and_others_nothing(stall: Any) -> None:
    await stall.place(1)
    collected = await pickup(stall)
    (order,) = await seen(stall, CLERK)
    assert (order.id, order.token) == (collected["id"], None)
    assert order.buyer.phone == "13800000000"
    for role in (None, "moderator", "simulator"):
        with pytest.raises(Forbidden):
            await seen(stall, Caller(None, None, role, "d", "192.0.2.1"))


async def test_a_clerk_reads_no_buyer_of_a_parcel_by_asking_for_what_is_so(stall: Any) -> None:
    parcel, collected = await stall.place(1), await pickup(stall)
    for placed in (parcel, collected):
        await enter(stall, placed, "packed")
        await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])
    with pytest.raises(Forbidden):
        await enter(stall, parcel, "packed", by=CLERK)
    with pytest.raises(Forbidden):
        await stall.shop.orders.pay(CLERK, stall.broadcast, parcel["id"])
    assert (await enter(stall, collected, "packed", by=CLERK)).id == collected["id"]
    assert (await stall.shop.orders.pay(CLERK, stall.broadcast, collected["id"])).buyer


async def test_a_clerk_reads_no_refund_of_a_parcel_that_was_given_before(stall: Any) -> None:
    parcel, key = await stall.place(1), token()
    await refund(stall, parcel, 100, key)
    back = Refund(amount=cny(100), reason="压坏了")
    with pytest.raises(Forbidden):
        await stall.shop.orders.refund(CLERK, stall.broadcast, parcel["id"], back, key)


async def test_orders_are_listed_by_their_numbers_whenever_they_were_held(stall: Any) -> None:
    held = await hold(stall)
    stall.viewer = caller("another device")
    first, second = await stall.place(1), await stall.place(1)
    page, following = await stall.shop.orders.list_orders(HOST, stall.broadcast, PageQuery(limit=2))
    assert [order.id for order in page] == [first["id"], second["id"]]
    assert following is None
    stall.viewer = caller()
    last = await stall.place(1, order=held["id"])
    rest, _ = await stall.shop.orders.list_orders(HOST, stall.broadcast, PageQuery("2"))
    assert [(order.id, order.number) for order in rest] == [(held["id"], "A0003")]
    assert last["id"] < first["id"]
    assert len(await seen(stall, HOST)) == 3


async def test_orders_are_listed_by_state_and_way(stall: Any) -> None:
    first, second = await stall.place(1), await stall.place(1)
    collected = await pickup(stall)
    await enter(stall, second, "packed")
    assert [order.id for order in await seen(stall, HOST, state="packed")] == [second["id"]]
    assert [order.id for order in await seen(stall, HOST, way="pickup")] == [collected["id"]]
    assert len(await seen(stall, HOST)) == 3
    assert (await seen(stall, HOST))[0].token == first["token"]


async def test_of_orders_and_holds_the_devices_are_found_again(
    stall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_devices, "_ORDERS_PER_QUERY", 2)
    placed = [(await stall.place())["id"] for _ in range(3)]
    held = (await hold(stall, by=caller("holding")))["id"]
    ids = [*placed, ulid(), held]
    found = await stall.store.read(lambda c: order_devices.devices(c, ids))
    assert found == {**dict.fromkeys(placed, stall.viewer.device), held: "holding"}
    assert await stall.store.read(lambda c: order_devices.devices(c, [])) == {}
