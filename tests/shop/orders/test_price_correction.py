"""A wrong price is put right: what becomes of those who saw it, hold at it and ordered at it."""

from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE, caller
from tests.support.money import cny

from farmlive.clock import now_ms, pretended
from farmlive.ids import token, ulid
from farmlive.problems import BroadcastEnded, Invalid
from farmlive.shop.core.checkout_models import HoldPlace
from farmlive.shop.core.models import OfferChange
from farmlive.shop.core.order_models import NewTransition, Refund
from farmlive.shop.core.problems import PriceChanged, UnknownOffer
from farmlive.shop.orders.correction_models import OfferCorrect, WrongPrice
from farmlive.shop.orders.price_correction import NeverMispriced, NoPriceBefore

WRONG = 299
ANOTHER = caller("another device")


async def change(stall: Any, price: int, **more: Any) -> None:
    message = OfferChange(offer=stall.card.id, price=cny(price), **more)
    await stall.shop.bag.change(HOST, stall.broadcast, message)


async def correct(stall: Any, price: int | None = None, **more: Any) -> dict[str, Any]:
    wanted = None if price is None else cny(price)
    message = OfferCorrect(offer=stall.card.id, price=wanted, **more)
    answer = await stall.shop.corrections.correct(HOST, stall.broadcast, message)
    assert isinstance(answer, dict)
    return answer


async def wrong_prices(stall: Any) -> list[WrongPrice]:
    found = await stall.shop.corrections.mispriced(stall.broadcast, stall.card.id)
    return list(found.prices)


async def mispriced(stall: Any) -> WrongPrice:
    (found,) = await wrong_prices(stall)
    return found


def line(stall: Any, quantity: int = 1, price: int = WRONG) -> dict[str, Any]:
    return {"offer": stall.card.id, "quantity": quantity, "price": price}


async def hold(stall: Any, quantity: int, price: int = WRONG, by: Any = None) -> dict[str, Any]:
    request = HoldPlace.model_validate({"lines": [line(stall, quantity, price)], "key": token()})
    answer = await stall.shop.holds.place(by or stall.viewer, stall.broadcast, request)
    assert isinstance(answer, dict)
    return answer


async def place(stall: Any, quantity: int, price: int = WRONG, **more: Any) -> dict[str, Any]:
    answer = await stall.place(lines=[line(stall, quantity, price)], **more)
    assert isinstance(answer, dict)
    return answer


async def price(stall: Any) -> int:
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    return int(card.price.amount)


async def test_the_price_goes_back_to_the_one_before(stall: Any) -> None:
    await change(stall, WRONG)
    await place(stall, 2)
    answer = await correct(stall)
    offer = stall.card.id
    right = {"amount": PRICE, "currency": "CNY"}
    wrong = {"amount": WRONG, "currency": "CNY"}
    assert answer == {
        "offer": offer,
        "price": right,
        "list_price": None,
        "was": wrong,
        "orders": 1,
        "held": 0,
    }
    assert await price(stall) == PRICE
    event = (await stall.events("offer.changed"))[-1]
    assert event.audience == ("public",)
    assert event.data == {"offer": offer, "price": right, "corrected": True}


async def test_or_to_one_that_is_given(stall: Any) -> None:
    await change(stall, WRONG)
    answer = await correct(stall, 2990_0)
    assert answer["price"]["amount"] == await price(stall) == 2990_0


async def test_a_wrong_price_has_no_grace(stall: Any) -> None:
    await change(stall, WRONG)
    await place(stall, 1)
    await correct(stall)
    with pytest.raises(PriceChanged) as refusal:
        await place(stall, 1)
    assert refusal.value.members["offers"] == [
        {"offer": stall.card.id, "price": PRICE, "seen": WRONG}
    ]
    await place(stall, 1, PRICE)


async def test_what_was_right_before_keeps_its_grace(stall: Any) -> None:
    await change(stall, 3990)
    await change(stall, WRONG)
    await correct(stall, 4990)
    assert (await place(stall, 1, 3990))["total"]["amount"] == 3990


async def test_what_is_held_at_it_is_kept_at_the_right_price_until_its_end(stall: Any) -> None:
    await change(stall, WRONG)
    held = await hold(stall, 3)
    answer = await correct(stall)
    assert answer["held"] == 0
    event = (await stall.events("order.held"))[-1]
    assert event.data["corrected"] is True
    assert event.data["order"] == held["id"]
    assert event.data["until"] == held["until"]
    assert event.data["total"]["amount"] == 3 * PRICE
    assert event.data["lines"] == [{**held["lines"][0], "price": PRICE, "total": 3 * PRICE}]
    with pytest.raises(PriceChanged) as refusal:
        await place(stall, 3, order=held["id"])
    assert refusal.value.members["offers"][0]["price"] == PRICE
    assert await stall.left() == 7
    await change(stall, 3990)
    placed = await place(stall, 3, PRICE, order=held["id"])
    assert placed["id"] == held["id"]


async def test_a_price_that_was_too_high_is_not_held_to_either(stall: Any) -> None:
    await change(stall, 29900)
    held = await hold(stall, 1, 29900)
    await correct(stall)
    with pytest.raises(PriceChanged):
        await place(stall, 1, 29900, order=held["id"])
    placed = await place(stall, 1, PRICE, order=held["id"])
    assert placed["total"]["amount"] == PRICE


async def test_staff_may_honour_what_is_held(stall: Any) -> None:
    await change(stall, WRONG)
    held = await hold(stall, 3)
    assert (await correct(stall, honour=True))["held"] == 3
    assert (await mispriced(stall)).held == 3
    placed = await place(stall, 3, order=held["id"])
    assert placed["total"]["amount"] == 3 * WRONG
    found = await mispriced(stall)
    assert [order.id for order in found.orders] == [placed["id"]]
    assert found.held == 0
    with pytest.raises(PriceChanged):
        await place(stall, 1)


async def test_what_is_held_at_another_price_or_of_another_offer_stays(stall: Any) -> None:
    await hold(stall, 1, PRICE, ANOTHER)
    other = stall.card, await stall.offer(price=WRONG)
    await change(stall, WRONG)
    stall.card = other[1]
    await hold(stall, 1)
    stall.card = other[0]
    told = len(await stall.events("order.held"))
    await correct(stall)
    assert len(await stall.events("order.held")) == told


async def test_the_list_says_what_can_be_done_with_each_order(stall: Any) -> None:
    await place(stall, 1, PRICE)
    before = now_ms()
    await change(stall, 29900)
    first = await place(stall, 1, 29900)
    second = await place(stall, 2, 29900)
    await correct(stall)
    await place(stall, 1, PRICE)
    move = NewTransition(state="packed")
    for order in (first, second):
        await stall.shop.orders.enter(HOST, stall.broadcast, order["id"], move)
    await stall.shop.orders.pay(HOST, stall.broadcast, second["id"])
    found = await mispriced(stall)
    assert (found.was.amount, found.price.amount) == (29900, PRICE)
    assert before <= found.from_ <= found.until <= now_ms()
    assert [order.id for order in found.orders] == [first["id"], second["id"]]
    assert [order.deeds for order in found.orders] == [
        ["keep", "cancel", "refund"],
        ["keep", "cancel", "refund"],
    ]
    last = found.orders[1]
    assert last.total.amount == 2 * 29900
    assert last.difference.amount == 2 * (29900 - PRICE)
    assert last.buyer is not None
    assert last.buyer.name == "王小明"
    refund = Refund(amount=last.difference, reason="a wrong price")
    await stall.shop.orders.refund(HOST, stall.broadcast, last.id, refund)
    owed, given = (await mispriced(stall)).orders
    assert given.deeds == ["keep", "cancel"]
    assert (owed.refunded.amount, given.refunded.amount) == (0, last.difference.amount)


async def test_of_an_unpaid_order_the_difference_is_taken_off(stall: Any) -> None:
    await change(stall, 29900)
    order = await place(stall, 2, 29900)
    await correct(stall)
    (shown,) = (await mispriced(stall)).orders
    assert (shown.payment, shown.deeds) == ("due", ["keep", "cancel", "refund"])
    less = Refund(amount=shown.difference, reason="a wrong price")
    after = await stall.shop.orders.refund(HOST, stall.broadcast, order["id"], less)
    assert (after.payment, after.to_collect.amount) == ("due", 2 * PRICE)
    (shown,) = (await mispriced(stall)).orders
    assert shown.refunded == shown.difference
    await stall.shop.orders.cancel(order["token"])
    assert (await mispriced(stall)).orders[0].deeds == ["keep"]


async def test_too_low_a_price_gives_nothing_to_refund(stall: Any) -> None:
    await change(stall, WRONG)
    order = await place(stall, 2)
    await correct(stall)
    await stall.shop.orders.pay(HOST, stall.broadcast, order["id"])
    (shown,) = (await mispriced(stall)).orders
    assert shown.difference.amount == 2 * (PRICE - WRONG)
    assert shown.deeds == ["keep", "cancel"]
    await stall.shop.orders.cancel(order["token"])
    (shown,) = (await mispriced(stall)).orders
    assert shown.deeds == ["keep"]


async def test_the_same_price_later_is_no_mistake(stall: Any) -> None:
    start = now_ms()
    with pretended(start):
        await change(stall, WRONG)
        wrong = await place(stall, 1)
        await correct(stall)
    with pretended(start + 60_000):
        await change(stall, WRONG)
        await place(stall, 1)
    found = await mispriced(stall)
    assert [order.id for order in found.orders] == [wrong["id"]]
    assert (found.price.amount, found.held) == (PRICE, 0)


async def test_a_second_correction_hides_no_orders_of_the_first(stall: Any) -> None:
    start = now_ms()
    with pretended(start) as clock:
        await change(stall, WRONG)
        low = [await place(stall, 1) for _ in range(3)]
        clock.at += 60_000
        await correct(stall, 3990)
        high = await place(stall, 2, 3990)
        clock.at += 60_000
        assert (await correct(stall, PRICE))["orders"] == 1
    second, first = await wrong_prices(stall)
    # The right price is that of the end, for both.
    assert (first.was.amount, first.price.amount) == (WRONG, PRICE)
    assert (second.was.amount, second.price.amount) == (3990, PRICE)
    assert [order.id for order in first.orders] == [order["id"] for order in low]
    assert [order.id for order in second.orders] == [high["id"]]
    assert first.orders[0].difference.amount == PRICE - WRONG
    assert second.orders[0].difference.amount == 2 * (3990 - PRICE)
    assert "refund" in second.orders[0].deeds
    # What it costs later is no news to them.
    await change(stall, 2500)
    assert {found.price.amount for found in await wrong_prices(stall)} == {PRICE}


async def test_a_price_that_was_right_after_all_is_not_listed(stall: Any) -> None:
    await place(stall, 1, PRICE)
    await correct(stall, WRONG)
    wrong = await place(stall, 1)
    await correct(stall, PRICE)
    found = await mispriced(stall)
    assert (found.was.amount, [order.id for order in found.orders]) == (WRONG, [wrong["id"]])


async def test_a_list_price_under_the_right_one_is_taken_away(stall: Any) -> None:
    await change(stall, WRONG, list_price=cny(999))
    answer = await correct(stall)
    assert answer["list_price"] is None
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert card.list_price is None
    assert (await stall.events("offer.changed"))[-1].data["list_price"] is None


async def test_a_list_price_above_it_stays(stall: Any) -> None:
    await change(stall, WRONG, list_price=cny(3990))
    assert (await correct(stall))["list_price"] == {"amount": 3990, "currency": "CNY"}
    (*_, told) = await stall.events("offer.changed")
    assert "list_price" not in told.data
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert card.list_price.amount == 3990


async def test_a_correction_can_be_corrected(stall: Any) -> None:
    await change(stall, WRONG)
    await correct(stall, 2)
    await correct(stall)
    assert await price(stall) == PRICE


async def test_what_can_not_be_put_right_is_refused(stall: Any) -> None:
    with pytest.raises(NoPriceBefore):
        await correct(stall)
    with pytest.raises(Invalid):
        await correct(stall, PRICE)
    with pytest.raises(NeverMispriced):
        await mispriced(stall)
    card, stall.card = stall.card, stall.card.model_copy(update={"id": ulid()})
    with pytest.raises(UnknownOffer):
        await correct(stall, 1)
    with pytest.raises(UnknownOffer):
        await mispriced(stall)
    stall.card = card
    await stall.broadcasts.end(stall.broadcast)
    with pytest.raises(BroadcastEnded):
        await correct(stall, 1)
    assert await price(stall) == PRICE


async def test_the_list_by_http(stall: Any, site: Any) -> None:
    url = f"/api/v1/broadcasts/{stall.broadcast}/offers/{stall.card.id}/mispriced"
    assert (await site.staff.get(url)).status_code == 404
    await change(stall, WRONG)
    await place(stall, 2)
    await correct(stall)
    assert (await site.viewer.get(url)).status_code == 401
    answer = await site.staff.get(url)
    assert answer.headers["Cache-Control"] == "no-store"
    (shown,) = answer.json()["prices"]
    assert set(shown) == {"was", "price", "flash", "from", "until", "orders", "held"}
    assert shown["from"].endswith("Z")
    (order,) = shown["orders"]
    assert order["total"] == {"amount": 2 * WRONG, "currency": "CNY"}
