"""Waiting lists: who is in them, and that it is told."""

from typing import Any

import pytest
from tests.shop.conftest import HOST
from tests.shop.support.proof_of_work import prove
from tests.shop.support.waitlist import ONE, TWO, held, join, leave, queue, release, waiting

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.ids import token, ulid
from farmlive.people import Caller
from farmlive.people.core.problems import Blocked
from farmlive.people.moderation.models import NewBlock
from farmlive.problems import BroadcastEnded, BroadcastNotLive, TooMany
from farmlive.settings import Settings
from farmlive.shop.checkout.limits import GIVEN_UP
from farmlive.shop.checkout.waitlist_models import WaitJoin, WaitLeave
from farmlive.shop.core.problems import UnknownOffer
from farmlive.shop.core.proof_of_work import ProofNeeded


async def test_one_waits_in_the_order_of_coming(stall: Any, sold_out: Any) -> None:
    offer = stall.card.id
    assert await join(stall, ONE, 2) == {"offer": offer, "quantity": 2, "place": 1, "waiting": 2}
    assert await join(stall, TWO, 3) == {"offer": offer, "quantity": 3, "place": 2, "waiting": 5}
    (mine,) = await stall.shop.waitlist.own(TWO, stall.broadcast)
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


async def test_who_orders_it_waits_no_more(stall: Any, sold_out: Any) -> None:
    await join(stall, ONE, 4)
    await release(stall, 1)
    stall.viewer = ONE
    await stall.place(1)
    assert await queue(stall) == []
    assert await waiting(stall) == 0
    assert (await stall.events())[-1].data == {"offer": stall.card.id, "waiting": 0}


async def test_one_may_leave(stall: Any, sold_out: Any) -> None:
    await join(stall, ONE, 4)
    await leave(stall, TWO)
    await leave(stall, ONE)
    seq = (await stall.events())[-1].seq
    await leave(stall, ONE)
    assert (await stall.events())[-1].seq == seq
    await release(stall, 4)
    assert await stall.left() == 4
    assert await stall.shop.waitlist.own(ONE, stall.broadcast) == []


async def test_the_end_of_the_broadcast_is_the_end_of_waiting(stall: Any, sold_out: Any) -> None:
    await join(stall, ONE, 4)
    await stall.broadcasts.end(stall.broadcast)
    assert await queue(stall) == []
    assert (await stall.events())[-1].data == {"offer": stall.card.id, "waiting": 0}
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
    new = NewBlock(kind="device", order=sold_out["id"], reason="holds everything")
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


async def test_places_that_never_were_are_not_given_up_without_end(
    stall: Any, sold_out: Any, settings: Settings
) -> None:
    await join(stall, ONE)
    few = stall.another_shop(settings.model_copy(update={"orders_per_minute": 3})).waitlist
    for _ in range(3 * GIVEN_UP):
        assert await few.leave(ONE, stall.broadcast, WaitLeave(offer=ulid())) == {}
    with pytest.raises(TooMany):
        await few.leave(ONE, stall.broadcast, WaitLeave(offer=stall.card.id))
    assert await queue(stall) == ["one"]
    await few.leave(TWO, stall.broadcast, WaitLeave(offer=ulid()))


async def test_a_simulated_one_holds_what_is_marked(stall: Any, sold_out: Any) -> None:
    await join(stall, Caller(None, "demo", "simulator", "its device", "192.0.2.1"))
    await release(stall, 1)
    (event,) = await stall.events("order.held")
    assert event.data["simulated"] is True


async def test_by_http(stall: Any, site: Any, sold_out: Any) -> None:
    base = f"/api/v1/broadcasts/{stall.broadcast}/waits"
    url = f"{base}/{stall.card.id}"
    answer = await site.viewer.put(url, json={"quantity": 2})
    expected = {"offer": stall.card.id, "quantity": 2, "place": 1, "waiting": 2}
    assert (answer.status_code, answer.json()) == (200, expected)
    answer = await site.viewer.get(base)
    assert answer.json() == {"waits": [expected], "next": None}
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await site.staff.get(base)).json() == {"waits": [], "next": None}
    assert (await site.viewer.put(url, json={"quantity": 0})).status_code == 422
    assert (await site.viewer.delete(url)).status_code == 204
    assert (await site.viewer.get(base)).json() == {"waits": [], "next": None}


async def test_a_wait_brings_a_proof_where_the_settings_say_so(
    stall: Any, sold_out: Any, settings: Settings
) -> None:
    strict = stall.another_shop(settings.model_copy(update={"order_proof_bits": 8}))

    async def wait(by: Caller, **more: Any) -> dict[str, Any]:
        request = WaitJoin(offer=stall.card.id, quantity=2, **more)
        answer = await strict.waitlist.join(by, stall.broadcast, request)
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


async def test_by_http_the_proof_comes_in_the_body_and_its_key_in_the_head(
    stall: Any, site: Any, sold_out: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = settings.model_copy(update={"order_proof_bits": 8})
    monkeypatch.setattr(stall.shop.waitlist, "_settings", strict)
    url = f"/api/v1/broadcasts/{stall.broadcast}/waits/{stall.card.id}"
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
