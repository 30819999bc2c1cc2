"""A flash batch at a wrong price is ended; who holds of it is asked, its orders are listed."""

from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.flash_batches import (
    ANOTHER,
    LOW,
    MINUTE_MS,
    batch,
    end,
    hold,
    order,
    plan,
    stock,
)
from tests.support.money import cny

from farmlive.clock import now_ms, pretended
from farmlive.shop.core.models import OfferChange
from farmlive.shop.core.problems import PriceChanged
from farmlive.shop.orders.correction_models import OfferCorrect, WrongPrice


async def wrong_prices(stall: Any) -> list[WrongPrice]:
    found = await stall.shop.corrections.mispriced(stall.broadcast, stall.card.id)
    return list(found.prices)


async def test_it_is_ended_and_what_is_held_of_it_is_kept_at_the_right_price(stall: Any) -> None:
    flash = await plan(stall, 6, per_buyer=3)
    placed = await order(stall, 2)
    held = await hold(stall, 3, by=ANOTHER)
    answer = await end(stall, flash, wrong=True)
    assert (answer["state"], answer["why"], answer["sold"], answer["held"]) == (
        "ended",
        "wrong",
        2,
        0,
    )
    *_, over, changed, again, told = await stall.events()
    offer = stall.card.id
    assert (over.kind, over.data["why"], changed.kind) == ("flash.ended", "wrong", "stock.changed")
    assert (again.kind, again.data["order"], again.data["corrected"]) == (
        "order.held",
        held["id"],
        True,
    )
    line = {name: value for name, value in held["lines"][0].items() if name != "flash"}
    assert again.data["lines"] == [{**line, "price": PRICE, "total": 3 * PRICE}]
    assert again.data["total"]["amount"] == 3 * PRICE
    assert again.data["until"] == held["until"]
    assert (told.kind, told.audience) == ("flash.corrected", ("staff",))
    assert told.data == {
        "flash": flash["id"],
        "offer": offer,
        "price": {"amount": LOW, "currency": "CNY"},
        "right": {"amount": PRICE, "currency": "CNY"},
        "orders": 1,
    }
    assert await stock(stall) == (2, 3, 0, 5)
    with pytest.raises(PriceChanged) as refusal:
        await order(stall, 3, by=ANOTHER, order=held["id"])
    (seen,) = refusal.value.members["offers"]
    assert (seen["price"], seen["seen"], seen["flash"]["why"]) == (PRICE, LOW, "wrong")
    # A box of the offer like any other: without the batch's limit, and of no batch.
    await order(stall, 3, PRICE, by=ANOTHER, order=held["id"])
    assert await stock(stall) == (5, 0, 0, 5)
    assert await batch(stall, flash) == ("ended", 2, 0, "wrong")
    (found,) = await wrong_prices(stall)
    assert (found.was.amount, found.price.amount, found.flash) == (LOW, PRICE, flash["id"])
    assert (found.from_, found.until) == (flash["starts_at"], answer["ended_at"])
    (shown,) = found.orders
    assert (shown.id, shown.quantity, shown.deeds) == (placed["id"], 2, ["keep", "cancel"])
    assert (shown.total.amount, shown.difference.amount) == (2 * LOW, 2 * (PRICE - LOW))
    assert found.held == 0


async def test_also_once_its_time_is_over_or_another_one_runs(stall: Any) -> None:
    with pretended(now_ms()) as clock:
        flash = await plan(stall, 4)
        await order(stall, 1)
        held = await hold(stall, 2, by=ANOTHER)
        clock.at += 2 * MINUTE_MS
        await stall.shop.flashes.run_due()
        other = await plan(stall, 3)
        kept = await hold(stall, 1, by=caller("a third"))
        answer = await end(stall, flash, wrong=True)
        assert (answer["why"], answer["ended_at"]) == ("wrong", clock.at)
        assert await batch(stall, flash) == ("ended", 1, 0, "wrong")
        assert await batch(stall, other) == ("running", 0, 1, None)
        assert await stock(stall) == (1, 3, 2, 4)
        with pytest.raises(PriceChanged):
            await order(stall, 2, 1, by=ANOTHER, order=held["id"])
        await order(stall, 2, PRICE, by=ANOTHER, order=held["id"])
        await order(stall, 1, by=caller("a third"), order=kept["id"])
        assert await batch(stall, other) == ("running", 1, 0, None)
        (found,) = await wrong_prices(stall)
        assert (found.flash, len(found.orders)) == (flash["id"], 1)


async def test_said_twice_it_is_told_once(stall: Any) -> None:
    flash = await plan(stall, 4)
    await order(stall, 1)
    await end(stall, flash)
    first = await end(stall, flash, wrong=True)
    told = len(await stall.events())
    assert await end(stall, flash, wrong=True) == first
    assert await end(stall, flash) == first
    assert len(await stall.events()) == told


async def test_one_that_is_planned_is_called_off_as_ever(stall: Any) -> None:
    flash = await plan(stall, 4, starts_at=now_ms() + MINUTE_MS)
    answer = await end(stall, flash, wrong=True)
    assert (answer["state"], answer["why"]) == ("ended", "host")
    assert await stall.events("flash.corrected") == []


async def test_after_the_broadcast_what_is_held_is_asked_about_too(stall: Any) -> None:
    flash = await plan(stall, 4)
    held = await hold(stall, 2)
    await stall.broadcasts.end(stall.broadcast)
    await end(stall, flash, wrong=True)
    with pytest.raises(PriceChanged):
        await order(stall, 2, order=held["id"])
    await order(stall, 2, PRICE, order=held["id"])


async def test_each_wrong_price_of_an_offer_is_listed_by_itself(stall: Any) -> None:
    with pretended(now_ms()) as clock:
        flash = await plan(stall, 4)
        first = await order(stall, 1)
        clock.at += MINUTE_MS
        await end(stall, flash, wrong=True)
        change = OfferChange(offer=stall.card.id, price=cny(LOW))
        await stall.shop.bag.change(HOST, stall.broadcast, change)
        second = await order(stall, 1)
        clock.at += MINUTE_MS
        correct = stall.shop.corrections.correct
        message = OfferCorrect(offer=stall.card.id)
        assert (await correct(HOST, stall.broadcast, message))["orders"] == 1
    last, before = await wrong_prices(stall)
    assert (last.flash, [one.id for one in last.orders]) == (None, [second["id"]])
    assert (before.flash, [one.id for one in before.orders]) == (flash["id"], [first["id"]])
    assert (before.was, before.price) == (last.was, last.price)


async def test_by_http(stall: Any, site: Any) -> None:
    flash = await plan(stall, 4)
    await order(stall, 1)
    url = f"/api/v1/broadcasts/{stall.broadcast}/flashes/{flash['id']}/end"
    assert (await site.viewer.post(url, json={"wrong": True})).status_code == 401
    answer = await site.staff.post(url, json={"wrong": True})
    assert (answer.status_code, answer.json()["why"]) == (200, "wrong")
    found = f"/api/v1/broadcasts/{stall.broadcast}/offers/{stall.card.id}/mispriced"
    (shown,) = (await site.staff.get(found)).json()["prices"]
    assert (shown["flash"], len(shown["orders"])) == (flash["id"], 1)
