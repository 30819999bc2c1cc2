import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from tests.shop.conftest import HOST, PRICE

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.clock import now_ms
from farmlive.ids import token, ulid
from farmlive.people import Caller
from farmlive.problems import BroadcastEnded, BroadcastNotLive, Problem, TooMany
from farmlive.shop.core.models import OfferRelease
from farmlive.shop.core.order_tables import order_keys, order_lines, orders
from farmlive.shop.core.problems import (
    KeyReused,
    LotSpent,
    PriceChanged,
    SoldOut,
    UnknownCentre,
    UnknownOffer,
)
from farmlive.shop.orders import order_devices
from farmlive.shop.stock import line_items


async def kept(stall: Any) -> tuple[int, ...]:
    """How many orders, past ones aside, lines, keys and events there are."""

    def read(connection: Connection) -> tuple[int, ...]:
        placed = select(func.count()).where(~orders.c.buyer.startswith("buyer on "))
        others = [select(func.count()).select_from(table) for table in (order_lines, order_keys)]
        counts = [connection.execute(query).scalar_one() for query in (placed, *others)]
        return (*counts, stall.log.head(connection, stall.broadcast).seq)

    return await stall.store.read(read)  # type: ignore[no-any-return]


async def test_an_order_is_answered_with_its_number_page_and_total(stall: Any) -> None:
    answer = await stall.place(2)
    assert answer["number"] == "A0001"
    assert answer["url"] == f"/order/{answer['token']}"
    assert len(answer["token"]) == 22
    assert (answer["state"], answer["payment"]) == ("placed", "due")
    assert answer["total"] == {"amount": 5980, "currency": "CNY"}
    assert await stall.left() == 8
    assert (await stall.place())["number"] == "A0002"


async def test_an_order_is_told_to_staff_its_farms_and_its_buyer(stall: Any) -> None:
    answer = await stall.place(2)
    (event,) = await stall.events("order.placed")
    assert set(event.audience) == {"staff", f"farm:{stall.farm.id}", f"order:{answer['id']}"}
    assert event.data == {
        "order": answer["id"],
        "number": "A0001",
        "buyer": event.data["buyer"],
        "lines": [
            {
                "offer": stall.card.id,
                "lot": stall.lot.id,
                "farm": stall.farm.id,
                "quantity": 2,
                "price": 2990,
                "total": 5980,
            }
        ],
        "total": {"amount": 5980, "currency": "CNY"},
        "fee": {"amount": 0, "currency": "CNY"},
        "state": "placed",
        "payment": "due",
        "way": "parcel",
    }


async def test_everyone_is_told_the_stock_that_is_left(stall: Any) -> None:
    await stall.place(2)
    (event,) = await stall.events("stock.changed")
    assert event.audience == ("public",)
    assert event.data == {
        "offer": stall.card.id,
        "released": 10,
        "left": 8,
        "sold": 2,
        "held": 0,
        "kept": 0,
        "lot": stall.lot.id,
        "lot_sold_g": 5_000,
        "lot_left_g": 407_000,
    }


async def test_no_event_holds_the_buyers_name_phone_or_address(stall: Any) -> None:
    await stall.place()
    told = json.dumps([event.data for event in await stall.events()], ensure_ascii=False)
    for secret in ("王小明", "13800000000", "138 0000 0000", "溪口村"):
        assert secret not in told


async def test_one_phone_number_is_one_buyer_however_it_is_written(stall: Any) -> None:
    for phone in ("138 0000 0000", "+86 138-0000-0000", "008613800000000", "13800000000"):
        await stall.place(buyer={"name": "王小明", "phone": phone})
    await stall.place(buyer={"name": "王小明", "phone": "13900000000"})
    buyers = [event.data["buyer"] for event in await stall.events("order.placed")]
    assert len(set(buyers[:4])) == 1
    assert len(set(buyers)) == 2


async def test_orders_of_simulated_people_are_marked(stall: Any) -> None:
    stall.viewer = Caller(None, "demo", "simulator", "its device", "192.0.2.1")
    answer = await stall.place()
    (event,) = await stall.events("order.placed")
    assert event.data["simulated"] is True
    assert (await stall.shop.order(answer["token"])).simulated


async def test_fifty_buyers_for_ten_boxes_sell_ten(stall: Any) -> None:
    answers = await asyncio.gather(*(stall.place() for _ in range(50)), return_exceptions=True)
    placed = [answer for answer in answers if isinstance(answer, dict)]
    refused = [answer for answer in answers if isinstance(answer, SoldOut)]
    assert (len(placed), len(refused)) == (10, 40)
    assert len({answer["number"] for answer in placed}) == 10
    assert await stall.left() == 0
    assert len(await stall.events("order.placed")) == 10
    seqs = [event.seq for event in await stall.events()]
    assert seqs == list(range(1, len(seqs) + 1))


async def test_an_order_for_more_than_is_left_says_how_many_are(stall: Any) -> None:
    with pytest.raises(SoldOut) as refusal:
        await stall.place(11)
    assert refusal.value.body()["offers"] == [
        {"offer": stall.card.id, "left": 10, "held": 0, "back_at": None, "sold_at": None}
    ]
    assert refusal.value.status == 409
    assert await kept(stall) == (0, 0, 0, 2)


async def test_what_no_one_looked_at_the_statements_refuse(
    stall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = [await stall.offer(released=3, net_weight_g=100_000) for _ in range(2)]
    monkeypatch.setattr(line_items, "_check_stock", lambda *_: None)
    before = await kept(stall)
    with pytest.raises(SoldOut):
        await stall.place(11)
    with pytest.raises(LotSpent):
        await stall.place(
            lines=[{"offer": card.id, "quantity": 3, "price": PRICE} for card in cards]
        )
    assert await kept(stall) == before
    shown = await stall.shop.bag.cards(stall.broadcast)
    assert [card.left for card in shown] == [10, 3, 3]
    assert {card.lot.left_g for card in shown} == {412_000}


async def test_an_order_for_what_is_gone_says_when_it_went(stall: Any) -> None:
    before = now_ms()
    await stall.place(10)
    with pytest.raises(SoldOut) as refusal:
        await stall.place(1)
    (told,) = refusal.value.members["offers"]
    assert (told["left"], told["held"], told["back_at"]) == (0, 0, None)
    assert before <= told["sold_at"] <= now_ms()
    assert "sold out" in refusal.value.detail


async def test_all_lines_are_sold_or_none(stall: Any) -> None:
    scarce = await stall.offer(released=1, price=100)
    before = await kept(stall)
    lines = [
        {"offer": stall.card.id, "quantity": 2, "price": 2990},
        {"offer": scarce.id, "quantity": 2, "price": 100},
    ]
    with pytest.raises(SoldOut) as refusal:
        await stall.place(lines=lines)
    (told,) = refusal.value.members["offers"]
    assert (told["offer"], told["left"]) == (scarce.id, 1)
    assert await kept(stall) == before
    assert await stall.left() == 10
    lines[1]["quantity"] = 1
    assert (await stall.place(lines=lines))["total"]["amount"] == 6080
    assert len(await stall.events("stock.changed")) == 2


async def test_the_same_key_and_order_give_the_same_answer_once(stall: Any) -> None:
    request = stall.request(2)
    place = stall.shop.till.place
    answers = await asyncio.gather(
        *(place(stall.viewer, stall.broadcast, request) for _ in range(8))
    )
    assert all(answer == answers[0] for answer in answers)
    assert await kept(stall) == (1, 1, 1, 4)
    assert await stall.left() == 8


async def test_a_repeated_order_is_answered_after_the_end_too(stall: Any) -> None:
    request = stall.request()
    first = await stall.shop.till.place(stall.viewer, stall.broadcast, request)
    await stall.broadcasts.end(stall.broadcast)
    assert await stall.shop.till.place(stall.viewer, stall.broadcast, request) == first


async def test_a_phone_written_otherwise_is_the_same_order(stall: Any) -> None:
    key = token()
    first = await stall.place(key=key)
    again = await stall.place(key=key, buyer={"name": " 王小明 ", "phone": "+8613800000000"})
    assert again == first


async def test_the_same_key_with_another_order_is_refused(stall: Any) -> None:
    key = token()
    await stall.place(1, key=key)
    before = await kept(stall)
    with pytest.raises(KeyReused) as refusal:
        await stall.place(2, key=key)
    assert (refusal.value.status, refusal.value.slug) == (409, "key-reused")
    assert await kept(stall) == before


async def test_a_refused_order_may_come_again_with_its_key(stall: Any) -> None:
    key = token()
    with pytest.raises(SoldOut):
        await stall.place(11, key=key)
    assert (await stall.place(1, key=key))["number"] == "A0001"


async def test_keys_of_two_broadcasts_do_not_meet(stall: Any) -> None:
    key = token()
    first = await stall.place(key=key)
    stall.broadcast = await stall.another_broadcast()
    stall.card = await stall.offer()
    assert (await stall.place(key=key))["id"] != first["id"]


async def test_a_price_that_is_not_todays_is_refused_with_the_price_of_now(stall: Any) -> None:
    lines = [{"offer": stall.card.id, "quantity": 1, "price": 1}]
    before = await kept(stall)
    with pytest.raises(PriceChanged) as refusal:
        await stall.place(lines=lines)
    assert refusal.value.body()["offers"] == [{"offer": stall.card.id, "price": 2990, "seen": 1}]
    assert await kept(stall) == before


async def test_an_offer_of_another_broadcast_is_refused(stall: Any) -> None:
    ours = stall.broadcast
    stall.broadcast = await stall.another_broadcast()
    other = await stall.offer()
    stall.broadcast = ours
    for offer in (other.id, ulid()):
        with pytest.raises(UnknownOffer) as refusal:
            await stall.place(lines=[{"offer": offer, "quantity": 1, "price": 2990}])
        assert refusal.value.members["offers"] == [offer]


async def test_orders_come_only_while_the_broadcast_is_live(stall: Any) -> None:
    live = stall.broadcast
    stall.broadcast = await stall.another_broadcast(live=False)
    with pytest.raises(BroadcastNotLive):
        await stall.place()
    stall.broadcast = ulid()
    with pytest.raises(UnknownBroadcast):
        await stall.place()
    stall.broadcast = live
    await stall.broadcasts.end(live)
    with pytest.raises(BroadcastEnded) as refusal:
        await stall.place()
    assert (refusal.value.status, refusal.value.slug) == (409, "broadcast-ended")
    assert await kept(stall) == (0, 0, 0, 3)


async def test_an_order_is_picked_up_at_a_centre_that_exists(stall: Any) -> None:
    at_pickup = {"payment": "pay_at_pickup"}
    with pytest.raises(UnknownCentre):
        await stall.place(delivery={"way": "pickup", "centre": ulid()}, **at_pickup)
    assert await stall.left() == 10
    answer = await stall.place(delivery={"way": "pickup", "centre": stall.centre.id}, **at_pickup)
    (event,) = await stall.events("order.placed")
    assert event.data["way"] == "pickup"
    order = await stall.shop.order(answer["token"])
    assert order.delivery.centre == stall.centre
    assert order.delivery.address is None


async def test_a_device_orders_at_the_rate_of_the_settings(stall: Any, settings: Any) -> None:
    await stall.shop.bag.release(
        HOST, stall.broadcast, OfferRelease(offer=stall.card.id, quantity=100)
    )
    cards = [stall.card, await stall.offer(100)]  # of one offer a device may have fewer
    for turn in range(settings.orders_per_minute):
        stall.card = cards[turn % 2]
        await stall.place(buyer={"name": "王小明", "phone": f"13800000{turn:03}"})
    with pytest.raises(TooMany) as refusal:
        await stall.place()
    assert int(refusal.value.headers["Retry-After"]) >= 1
    stall.viewer = Caller(None, None, None, "another device", "192.0.2.1")
    await stall.place()


async def test_a_phone_orders_at_the_rate_of_the_settings(stall: Any, settings: Any) -> None:
    await stall.shop.bag.release(
        HOST, stall.broadcast, OfferRelease(offer=stall.card.id, quantity=100)
    )
    cards = [stall.card, await stall.offer(100)]  # of one offer a phone may have fewer
    for turn in range(settings.orders_per_minute):
        stall.viewer = Caller(None, None, None, f"device {turn}", "192.0.2.1")
        stall.card = cards[turn % 2]
        await stall.place()
    stall.viewer = Caller(None, None, None, "one more device", "192.0.2.1")
    with pytest.raises(TooMany):
        await stall.place()
    await stall.place(buyer={"name": "王小明", "phone": "13900000000"})


async def test_a_device_hears_of_its_own_orders_alone(stall: Any) -> None:
    heard: list[str | None] = []
    stall.log.add_handler("order.placed", lambda _connection, event: heard.append(event.device))
    mine = await stall.place()
    stall.viewer = Caller(None, None, None, "another device", "192.0.2.1")
    other = await stall.place()
    assert heard == ["a device", "another device"]

    async def audiences(broadcast: str, device: str) -> list[str]:
        return await stall.store.read(  # type: ignore[no-any-return]
            lambda conn: order_devices.audiences(conn, broadcast, device)
        )

    assert await audiences(stall.broadcast, "a device") == [f"order:{mine['id']}"]
    assert await audiences(stall.broadcast, "another device") == [f"order:{other['id']}"]
    assert await audiences(ulid(), "a device") == []


async def test_a_handler_that_fails_leaves_nothing_of_the_order(stall: Any) -> None:
    before = await kept(stall)

    def fail(_connection: Connection, _event: object) -> None:
        raise RuntimeError("a handler's fault")

    stall.log.add_handler("stock.changed", fail)
    with pytest.raises(RuntimeError):
        await stall.place()
    assert await kept(stall) == before
    assert await stall.left() == 10


async def test_each_refusal_says_what_happened_and_what_to_do(stall: Any) -> None:
    refusals: list[Problem] = []
    for change in (
        {"quantity": 11},
        {"lines": [{"offer": stall.card.id, "quantity": 1, "price": 1}]},
        {"lines": [{"offer": ulid(), "quantity": 1, "price": 1}]},
    ):
        with pytest.raises(Problem) as refusal:
            await stall.place(**change)
        refusals.append(refusal.value)
    assert all(problem.detail.startswith("Nothing was ordered") for problem in refusals)
