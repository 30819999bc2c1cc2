"""Waiting lists: who is in them, who is served of what comes back, and that it is told."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.clock import now_ms, pretended
from farmlive.ids import token, ulid
from farmlive.people import Caller
from farmlive.people.models import NewBlock
from farmlive.people.problems import Blocked
from farmlive.problems import TooMany
from farmlive.settings import Settings
from farmlive.shop.models import OfferChange, OfferRelease
from farmlive.shop.order_models import HoldDrop, HoldPlace
from farmlive.shop.problems import BroadcastEnded, BroadcastNotLive, SoldOut, UnknownOffer
from farmlive.shop.proof import ProofNeeded
from farmlive.shop.tables import holds, waits
from farmlive.shop.wait_models import WaitJoin, WaitLeave

from .conftest import HOST, PRICE, caller
from .proving import prove

LATER_MS = 11 * 60_000
ONE, TWO, THREE = caller("one"), caller("two"), caller("three")


async def join(stall: Any, by: Any, quantity: int = 1, offer: str = "") -> dict[str, Any]:
    request = WaitJoin(offer=offer or stall.card.offer, quantity=quantity)
    answer = await stall.shop.waits.join(by, stall.broadcast, request)
    assert isinstance(answer, dict)
    return answer


async def leave(stall: Any, by: Any) -> None:
    request = WaitLeave(offer=stall.card.offer)
    assert await stall.shop.waits.leave(by, stall.broadcast, request) == {}


async def release(stall: Any, quantity: int, offer: str = "") -> dict[str, Any]:
    message = OfferRelease(offer=offer or stall.card.offer, quantity=quantity)
    answer = await stall.shop.bag.release(HOST, stall.broadcast, message)
    assert isinstance(answer, dict)
    return answer


async def hold(stall: Any, by: Any, quantity: int, card: Any = None) -> dict[str, Any]:
    card = card or stall.card
    line = {"offer": card.offer, "quantity": quantity, "price": card.price.amount}
    request = HoldPlace.model_validate({"lines": [line], "key": token()})
    answer = await stall.shop.holds.place(by, stall.broadcast, request)
    assert isinstance(answer, dict)
    return answer


async def held(stall: Any, by: Any) -> dict[str, int]:
    """What the device holds, by offer."""
    query = select(holds.c.lines).filter_by(broadcast=stall.broadcast, device=by.device)
    lines = await stall.store.read(lambda connection: connection.execute(query).scalar())
    return {line["offer"]: line["quantity"] for line in lines or []}


async def queue(stall: Any) -> list[str]:
    query = select(waits.c.device).order_by(waits.c.since, waits.c.id)
    return await stall.store.read(lambda connection: list(connection.execute(query).scalars()))


async def waiting(stall: Any) -> int:
    cards = await stall.shop.bag.cards(stall.broadcast)
    return next(card.waiting for card in cards if card.offer == stall.card.offer)


@pytest.fixture
async def sold_out(stall: Any) -> dict[str, Any]:
    """The order that took all ten boxes."""
    answer = await stall.place(10)
    assert isinstance(answer, dict)
    return answer


async def test_one_waits_in_the_order_of_coming(stall: Any, sold_out: Any) -> None:
    offer = stall.card.offer
    assert await join(stall, ONE, 2) == {"offer": offer, "quantity": 2, "place": 1, "waiting": 2}
    assert await join(stall, TWO, 3) == {"offer": offer, "quantity": 3, "place": 2, "waiting": 5}
    (mine,) = await stall.shop.waits.own(TWO, stall.broadcast)
    assert mine.model_dump() == {"offer": offer, "quantity": 3, "place": 2, "waiting": 5}
    assert await waiting(stall) == 5
    told = await stall.events("wait.changed")
    assert [(event.audience, event.data) for event in told] == [
        (("public",), {"offer": offer, "waiting": 2}),
        (("public",), {"offer": offer, "waiting": 5}),
    ]


async def test_to_wait_again_is_to_wait_once(stall: Any, sold_out: Any) -> None:
    await join(stall, ONE, 2)
    await join(stall, TWO, 2)
    seq = (await stall.events())[-1].seq
    assert (await join(stall, ONE, 2))["place"] == 1
    assert (await stall.events())[-1].seq == seq
    assert (await join(stall, ONE, 1))["place"] == 1  # fewer keep the place
    answer = await join(stall, ONE, 5)  # more take a new one
    assert (answer["place"], answer["waiting"]) == (2, 7)


async def test_what_is_released_goes_to_those_who_wait_before_anyone_sees_it(
    stall: Any, sold_out: Any
) -> None:
    await join(stall, ONE, 2)
    await join(stall, TWO, 3)
    before = (await stall.events())[-1].seq
    answer = await release(stall, 6)
    assert (answer["left"], answer["held"]) == (1, 5)
    assert (await held(stall, ONE), await held(stall, TWO)) == (
        {stall.card.offer: 2},
        {stall.card.offer: 3},
    )
    told = [event for event in await stall.events() if event.seq > before]
    assert [event.kind for event in told] == [
        "offer.released",
        "order.held",
        "order.held",
        "stock.changed",
        "wait.changed",
    ]
    assert told[3].data["left"] == 1
    assert told[4].data["waiting"] == await waiting(stall) == 0
    assert await queue(stall) == []


async def test_the_device_is_told_what_is_held_for_it(stall: Any, sold_out: Any) -> None:
    heard: list[str | None] = []
    stall.log.hear("order.held", lambda _connection, event: heard.append(event.device))
    await join(stall, ONE, 2)
    before = now_ms()
    await release(stall, 2)
    (event,) = await stall.events("order.held")
    order = event.data["order"]
    assert heard == [ONE.device]
    assert set(event.audience) == {"staff", f"farm:{stall.farm.id}", f"order:{order}"}
    assert before + 600_000 <= event.data.pop("until") <= now_ms() + 600_000
    line = {"offer": stall.card.offer, "lot": stall.lot.id, "farm": stall.farm.id}
    assert event.data == {
        "order": order,
        "lines": [{**line, "quantity": 2, "price": PRICE, "total": 2 * PRICE}],
        "total": {"amount": 2 * PRICE, "currency": "CNY"},
        "state": "held",
        "payment": "due",
        "waited": True,
    }
    stall.viewer = ONE
    assert (await stall.place(2, order=order))["order"] == order


async def test_who_wants_more_than_comes_lets_the_next_one_by(stall: Any, sold_out: Any) -> None:
    await join(stall, ONE, 5)
    await join(stall, TWO, 2)
    await join(stall, THREE, 2)
    await release(stall, 3)
    assert await queue(stall) == ["one", "three"]
    assert await held(stall, TWO) == {stall.card.offer: 2}
    await release(stall, 4)
    assert await queue(stall) == ["three"]
    assert await held(stall, ONE) == {stall.card.offer: 5}
    assert await stall.left() == 0


async def test_of_many_the_first_are_served(stall: Any, sold_out: Any) -> None:
    """200 want more than comes, 60 have a hold that can't grow, and then there are 40 more."""
    rows = [
        {
            "id": ulid(),
            "broadcast": stall.broadcast,
            "offer": stall.card.offer,
            "device": f"waiter {number:03}",
            "quantity": 5 if number < 200 else 1,
            "since": 1,
            "simulated": False,
        }
        for number in range(300)
    ]
    dear = {"offer": stall.card.offer, "lot": stall.lot.id, "farm": stall.farm.id}
    dear |= {"quantity": 1, "price": 1, "total": 1}
    row = {"broadcast": stall.broadcast, "lines": [dear], "total": 1, "currency": "CNY"}
    own = [
        {**row, "id": ulid(), "device": f"waiter {number:03}", "held_at": 1, "until_at": 1 << 50}
        for number in range(200, 260)
    ]

    def enter(connection: Connection) -> None:
        connection.execute(insert(waits), rows)
        connection.execute(insert(holds), own)

    await stall.store.write(enter)
    assert (await release(stall, 4))["left"] == 0
    told = await stall.events("order.held")
    assert len(told) == 4
    for number in range(260, 264):
        assert await held(stall, caller(f"waiter {number:03}")) == {stall.card.offer: 1}
    assert len(await queue(stall)) == 296


async def test_a_cancelled_order_goes_to_those_who_wait(stall: Any, sold_out: Any) -> None:
    await join(stall, ONE, 4)
    await stall.shop.orders.cancel(sold_out["token"])
    assert await held(stall, ONE) == {stall.card.offer: 4}
    assert await stall.left() == 6
    assert [event.data["left"] for event in await stall.events("stock.changed")][1:] == [6]


async def test_a_hold_that_is_dropped_goes_to_those_who_wait(stall: Any) -> None:
    mine = await hold(stall, THREE, 10)
    await join(stall, ONE, 4)
    drop = HoldDrop(order=mine["order"])
    await stall.shop.holds.drop(THREE, stall.broadcast, drop)
    assert await held(stall, ONE) == {stall.card.offer: 4}
    assert await stall.left() == 6


async def test_a_hold_that_runs_out_goes_to_those_who_wait(stall: Any) -> None:
    await hold(stall, THREE, 10)
    with pretended(now_ms() + LATER_MS):
        await join(stall, ONE, 4)
        assert await stall.shop.holds.expire() == 1
        assert await held(stall, ONE) == {stall.card.offer: 4}
        assert await stall.shop.holds.expire() == 0
    assert await stall.left() == 6


async def test_what_a_smaller_hold_gives_back_goes_to_those_who_wait(stall: Any) -> None:
    await hold(stall, THREE, 10)
    await join(stall, ONE, 4)
    await join(stall, TWO, 2)
    await hold(stall, THREE, 6)
    assert await held(stall, ONE) == {stall.card.offer: 4}
    stall.viewer = THREE
    await stall.place(3)
    assert await held(stall, TWO) == {stall.card.offer: 2}
    assert await stall.left() == 1


async def test_what_is_there_already_is_held_at_once(stall: Any) -> None:
    answer = await join(stall, ONE, 4)
    assert (answer["place"], answer["waiting"]) == (0, 0)
    assert await held(stall, ONE) == {stall.card.offer: 4}
    assert await stall.left() == 6


async def test_a_hold_of_something_else_grows_by_it(stall: Any, sold_out: Any) -> None:
    other = await stall.offer(released=5, price=100)
    mine = await hold(stall, ONE, 3, other)
    with pretended(now_ms() + 60_000):
        await join(stall, ONE, 2)
        await release(stall, 2)
    assert await held(stall, ONE) == {other.offer: 3, stall.card.offer: 2}
    event = (await stall.events("order.held"))[-1]
    assert event.data["order"] == mine["order"]
    assert event.data["until"] >= mine["until"] + 60_000
    assert event.data["total"]["amount"] == 300 + 2 * PRICE


async def test_a_hold_of_the_same_grows_at_the_same_price_alone(stall: Any) -> None:
    await hold(stall, ONE, 3)
    await stall.place(7)
    await join(stall, ONE, 2)
    await release(stall, 2)
    assert await held(stall, ONE) == {stall.card.offer: 5}
    await join(stall, ONE, 2)
    message = OfferChange(offer=stall.card.offer, price=3990)
    await stall.shop.bag.change(HOST, stall.broadcast, message)
    await release(stall, 2)
    assert await queue(stall) == ["one"]
    assert await stall.left() == 2
    with pretended(now_ms() + LATER_MS):
        await stall.shop.holds.expire()
    assert await held(stall, ONE) == {stall.card.offer: 2}
    (event,) = [e for e in await stall.events("order.held") if e.data["total"]["amount"] == 7980]
    assert event.data["lines"][0]["price"] == 3990


async def test_who_orders_it_waits_no_more(stall: Any, sold_out: Any) -> None:
    await join(stall, ONE, 4)
    await release(stall, 1)
    stall.viewer = ONE
    await stall.place(1)
    assert await queue(stall) == []
    assert await waiting(stall) == 0
    assert (await stall.events())[-1].data == {"offer": stall.card.offer, "waiting": 0}


async def test_one_may_leave(stall: Any, sold_out: Any) -> None:
    await join(stall, ONE, 4)
    await leave(stall, TWO)
    await leave(stall, ONE)
    seq = (await stall.events())[-1].seq
    await leave(stall, ONE)
    assert (await stall.events())[-1].seq == seq
    await release(stall, 4)
    assert await stall.left() == 4
    assert await stall.shop.waits.own(ONE, stall.broadcast) == []


async def test_the_end_of_the_broadcast_is_the_end_of_waiting(stall: Any, sold_out: Any) -> None:
    await join(stall, ONE, 4)
    await stall.broadcasts.end(stall.broadcast)
    assert await queue(stall) == []
    assert (await stall.events())[-1].data == {"offer": stall.card.offer, "waiting": 0}
    await stall.shop.orders.cancel(sold_out["token"])
    assert await held(stall, ONE) == {}
    with pytest.raises(BroadcastEnded):
        await join(stall, ONE)


async def test_it_waits_where_something_is_on_offer(stall: Any) -> None:
    with pytest.raises(UnknownOffer):
        await join(stall, ONE, offer=ulid())
    live = stall.broadcast
    stall.broadcast = await stall.another_broadcast(live=False)
    with pytest.raises(BroadcastNotLive):
        await join(stall, ONE)
    stall.broadcast = ulid()
    with pytest.raises(UnknownBroadcast):
        await join(stall, ONE)
    stall.broadcast = live


async def test_a_blocked_device_waits_for_nothing(stall: Any, sold_out: Any) -> None:
    stall.blocks.sources(stall.shop.orders.buyer_of, lambda *_: None)
    new = NewBlock(kind="device", order=sold_out["order"], reason="holds everything")
    await stall.blocks.add(HOST, new)
    with pytest.raises(Blocked):
        await join(stall, stall.viewer)


async def test_a_device_can_not_ask_without_end(
    stall: Any, sold_out: Any, settings: Settings
) -> None:
    for turn in range(settings.orders_per_minute):
        await join(stall, ONE, 1 + turn % 2)
    with pytest.raises(TooMany):
        await join(stall, ONE)
    assert len(await queue(stall)) == 1
    await join(stall, TWO)


async def test_a_simulated_one_holds_what_is_marked(stall: Any, sold_out: Any) -> None:
    await join(stall, Caller(None, "demo", "simulator", "its device", "192.0.2.1"))
    await release(stall, 1)
    (event,) = await stall.events("order.held")
    assert event.data["simulated"] is True


async def test_what_a_lot_has_again_serves_all_its_offers(stall: Any) -> None:
    """412 kg: 82 boxes of 5 kg leave 2 kg, with which no box of either size can be filled."""
    large = await stall.offer(released=81, net_weight_g=5000)
    there = await stall.another_broadcast()
    here, stall.broadcast = stall.broadcast, there
    other = await stall.offer(released=0)
    stall.broadcast = here
    mine = await hold(stall, THREE, 81, large)
    await hold(stall, TWO, 2)
    with pytest.raises(Exception, match="left"):
        await hold(stall, caller("four"), 1)
    await join(stall, ONE, 1)
    stall.broadcast = there
    await join(stall, ONE, 1, other.offer)
    stall.broadcast = here
    assert await held(stall, ONE) == {}
    await stall.shop.holds.drop(THREE, here, HoldDrop(order=mine["order"]))
    assert await held(stall, ONE) == {stall.card.offer: 1}
    stall.broadcast = there
    assert await held(stall, ONE) == {}  # nothing of it is released there
    await release(stall, 1, other.offer)
    assert await held(stall, ONE) == {other.offer: 1}
    assert [event.kind for event in await stall.events()][-4:] == [
        "offer.released",
        "order.held",
        "stock.changed",
        "wait.changed",
    ]


async def test_it_is_served_in_another_broadcast_of_the_same_lot(stall: Any) -> None:
    large = await stall.offer(released=82, net_weight_g=5000)
    here = stall.broadcast
    there = stall.broadcast = await stall.another_broadcast()
    other = await stall.offer(released=1)
    stall.broadcast = here
    mine = await hold(stall, THREE, 82, large)
    stall.broadcast = there
    await join(stall, ONE, 1, other.offer)
    assert await held(stall, ONE) == {}
    await stall.shop.holds.drop(THREE, here, HoldDrop(order=mine["order"]))
    assert await held(stall, ONE) == {other.offer: 1}
    assert [event.kind for event in await stall.events()][-3:] == [
        "order.held",
        "stock.changed",
        "wait.changed",
    ]


async def test_each_box_that_comes_back_is_held_once(stall: Any) -> None:
    held_by = [caller(f"holder {turn}") for turn in range(10)]
    first = [await hold(stall, by, 1) for by in held_by]
    waiters = [caller(f"waiter {turn}") for turn in range(15)]
    for by in waiters:
        await join(stall, by)
    drops = [HoldDrop(order=each["order"]) for each in first]
    answers = await asyncio.gather(
        *(
            stall.shop.holds.drop(by, stall.broadcast, drop)
            for by, drop in zip(held_by, drops, strict=True)
        ),
        *(hold(stall, caller(f"late {turn}"), 1) for turn in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, SoldOut) for answer in answers) == 5
    assert [await held(stall, by) for by in waiters] == [{stall.card.offer: 1}] * 10 + [{}] * 5
    assert await stall.left() == 0


async def test_by_http(stall: Any, site: Any, sold_out: Any) -> None:
    base = f"/api/v1/broadcasts/{stall.broadcast}/waits"
    url = f"{base}/{stall.card.offer}"
    answer = await site.viewer.put(url, json={"quantity": 2})
    expected = {"offer": stall.card.offer, "quantity": 2, "place": 1, "waiting": 2}
    assert (answer.status_code, answer.json()) == (200, expected)
    answer = await site.viewer.get(base)
    assert answer.json() == {"waits": [expected]}
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await site.staff.get(base)).json() == {"waits": []}
    assert (await site.viewer.put(url, json={"quantity": 0})).status_code == 422
    assert (await site.viewer.delete(url)).status_code == 204
    assert (await site.viewer.get(base)).json() == {"waits": []}


async def test_a_wait_brings_a_proof_where_the_settings_say_so(
    stall: Any, sold_out: Any, settings: Settings
) -> None:
    strict = stall.another_shop(settings.model_copy(update={"order_proof_bits": 8}))

    async def wait(by: Caller, **more: Any) -> dict[str, Any]:
        request = WaitJoin(offer=stall.card.offer, quantity=2, **more)
        answer = await strict.waits.join(by, stall.broadcast, request)
        assert isinstance(answer, dict)
        return answer

    key = token()
    proof = prove(stall.broadcast, key, 8)
    for lacking in ({}, {"key": key}, {"proof": proof}):
        with pytest.raises(ProofNeeded):
            await wait(ONE, **lacking)
    assert await queue(stall) == []
    first = await wait(ONE, key=key, proof=proof)
    assert (first["place"], first["waiting"]) == (1, 2)
    # No proof is good for a second place.
    assert await wait(TWO, key=key, proof=proof) == first
    assert await queue(stall) == ["one"]
    await wait(Caller("an account", "a clerk", "clerk", "the centre's", "192.0.2.7"))
    assert await queue(stall) == ["one", "the centre's"]


async def test_what_comes_back_keeps_no_hold_past_its_latest_end(
    stall: Any, settings: Settings
) -> None:
    began = now_ms()
    length = round(settings.hold_minutes * 60_000)
    other = await stall.offer(released=0)
    with pretended(began):
        await hold(stall, ONE, 1)
    with pretended(began + length - 1):
        await hold(stall, ONE, 1)
    with pretended(began + 2 * length - 2):
        await hold(stall, ONE, 1)
        await join(stall, ONE, 1, other.offer)
        await join(stall, TWO, 1, other.offer)
    with pretended(began + 2 * length + 5):
        await release(stall, 1, other.offer)
        assert await held(stall, ONE) == {stall.card.offer: 1, other.offer: 1}
        (*_, told) = await stall.events("order.held")
        assert told.data["until"] == began + 3 * length
        await join(stall, ONE, 1, other.offer)
    with pretended(began + 3 * length):  # the hold is over: the next in the line is served
        await release(stall, 1, other.offer)
        assert await held(stall, TWO) == {other.offer: 1}
        assert await held(stall, ONE) == {stall.card.offer: 1, other.offer: 1}
        assert await queue(stall) == ["one"]


async def test_by_http_the_proof_comes_in_the_body_and_its_key_in_the_head(
    stall: Any, site: Any, sold_out: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = settings.model_copy(update={"order_proof_bits": 8})
    monkeypatch.setattr(stall.shop.waits, "_settings", strict)
    url = f"/api/v1/broadcasts/{stall.broadcast}/waits/{stall.card.offer}"
    lacking = await site.viewer.put(url, json={"quantity": 2})
    assert (lacking.status_code, lacking.json()["bits"]) == (428, 8)
    key = token()
    body = {"quantity": 2, "proof": prove(stall.broadcast, key, 8)}
    answer = await site.viewer.put(url, json=body, headers={"Idempotency-Key": key})
    assert answer.json()["place"] == 1
    other = await site.viewer.put(
        url, json={**body, "quantity": 3}, headers={"Idempotency-Key": key}
    )
    assert other.json()["type"].endswith("key-reused")
    assert (await site.staff.put(url, json={"quantity": 1})).status_code == 200
