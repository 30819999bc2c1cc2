"""Money in another currency than it is taken in is refused at every door, and changes nothing."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE
from tests.shop.support.claims import arrived, claim
from tests.support.money import cny
from tests.support.parts import people_of
from tests.support.room_client import asked

from farmlive.ids import token
from farmlive.people import Guard
from farmlive.people.core.audit import list_entries
from farmlive.settings import Settings
from farmlive.shop.core.models import NewOffer, OfferChange
from farmlive.shop.core.problems import WrongCurrency
from farmlive.shop.orders.correction_models import OfferCorrect
from farmlive.shop.routes import shipping
from farmlive.shop.shipping.fees import ParcelFees
from farmlive.store import Store

USD = {"amount": 100, "currency": "USD"}


def offer(stall: Any, **more: Any) -> dict[str, Any]:
    words = {"zh": "芦柑", "en": "Ponkans"}
    facts = {"name": words, "unit": words, "net_weight_g": 5000, "lot": stall.lot.id}
    return {**facts, "price": cny(200), **more}


async def of_bag(stall: Any) -> tuple[str, str, dict[str, Any]]:
    return "POST", "offers", offer(stall, price=USD)


async def of_list_price(stall: Any) -> tuple[str, str, dict[str, Any]]:
    return "POST", "offers", offer(stall, list_price=USD)


async def of_change(stall: Any) -> tuple[str, str, dict[str, Any]]:
    return "PATCH", f"offers/{stall.card.id}", {"price": USD}


async def of_changed_list_price(stall: Any) -> tuple[str, str, dict[str, Any]]:
    body = {"price": cny(200), "list_price": {"amount": 9_000, "currency": "USD"}}
    return "PATCH", f"offers/{stall.card.id}", body


async def of_correction(stall: Any) -> tuple[str, str, dict[str, Any]]:
    return "POST", f"offers/{stall.card.id}/corrections", {"price": USD}


async def of_flash(stall: Any) -> tuple[str, str, dict[str, Any]]:
    return (
        "POST",
        "flashes",
        {"offer": stall.card.id, "price": USD, "boxes": 2, "seconds": 60},
    )


async def of_refund(stall: Any) -> tuple[str, str, dict[str, Any]]:
    placed = await stall.place(2)
    return "POST", f"orders/{placed['id']}/refunds", {"amount": USD, "reason": "晚到"}


async def of_claim(stall: Any) -> tuple[str, str, dict[str, Any]]:
    said = (await claim(stall, await arrived(stall))).claims[0]
    return "POST", f"claims/{said.id}/answer", {"amount": USD, "answer": "对不起"}


async def of_order(stall: Any) -> tuple[str, str, dict[str, Any]]:
    return "POST", "orders", stall.body(1, fee={"amount": 0, "currency": "USD"})


DOORS = (
    of_bag,
    of_list_price,
    of_change,
    of_changed_list_price,
    of_correction,
    of_flash,
    of_refund,
    of_claim,
    of_order,
)


@pytest.mark.any_database
@pytest.mark.parametrize("door", DOORS)
async def test_another_currency_is_refused_and_changes_nothing(
    site: Any, stall: Any, door: Callable[[Any], Awaitable[tuple[str, str, dict[str, Any]]]]
) -> None:
    method, path, body = await door(stall)
    before, left = (await stall.events(), await stall.store.read(list_entries)), await stall.left()
    refused = await site.staff.request(
        method,
        f"/api/v1/broadcasts/{stall.broadcast}/{path}",
        json=body,
        headers={"Idempotency-Key": token()},
    )
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (422, "/problems/wrong-currency")
    assert (problem["currency"], problem["sent"]) == ("CNY", "USD")
    assert "in CNY, and an amount in USD was sent" in problem["detail"]
    assert '{"amount": …, "currency": "CNY"}' in problem["detail"]
    assert (await stall.events(), await stall.store.read(list_entries)) == before
    assert await stall.left() == left


async def test_fees_are_in_the_shops_currency(store: Store, settings: Settings) -> None:
    people = people_of(store, settings)
    fees = ParcelFees(store, settings)
    async with asked(people, shipping.routes(fees, Guard(people))) as (_, staff):
        kept = {"fees": [{"region": "", "upto_g": 1_000, "fee": cny(800)}]}
        assert (await staff.put("/api/v1/parcel-fees", json=kept)).status_code == 200
        wrong = {"fees": [{"region": "", "upto_g": 1_000, "fee": USD}]}
        refused = await staff.put("/api/v1/parcel-fees", json=wrong)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/wrong-currency")
        assert (refused.json()["currency"], refused.json()["sent"]) == ("CNY", "USD")
        both = {"fees": [*kept["fees"], {"region": "", "upto_g": 2_000, "fee": USD}]}
        refused = await staff.put("/api/v1/parcel-fees", json=both)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid")
        after = (await staff.get("/api/v1/parcel-fees")).json()
        assert (after["fees"], after["currency"]) == (kept["fees"], "CNY")


async def test_a_bag_keeps_its_currency_though_the_shop_has_another(
    stall: Any, settings: Settings
) -> None:
    shop = stall.another_shop(settings.model_copy(update={"currency": "USD"}))
    added = await shop.bag.add(
        HOST, stall.broadcast, NewOffer.model_validate(offer(stall, price=cny(PRICE)))
    )
    assert added.price.currency == "CNY"
    with pytest.raises(WrongCurrency):
        await shop.bag.add(HOST, stall.broadcast, NewOffer.model_validate(offer(stall, price=USD)))
    first = await stall.another_broadcast()
    card = await shop.bag.add(HOST, first, NewOffer.model_validate(offer(stall, price=USD)))
    assert card.price.currency == "USD"


async def test_a_known_key_with_another_currency_is_refused(stall: Any) -> None:
    key = token()
    change = OfferChange(offer=stall.card.id, price=cny(299))
    await stall.shop.bag.change(HOST, stall.broadcast, change)
    right = OfferCorrect(offer=stall.card.id, key=key, price=cny(PRICE))
    answer = await stall.shop.corrections.correct(HOST, stall.broadcast, right)
    other = OfferCorrect.model_validate(
        {"offer": stall.card.id, "key": key, "price": {"amount": PRICE, "currency": "USD"}}
    )
    with pytest.raises(WrongCurrency):
        await stall.shop.corrections.correct(HOST, stall.broadcast, other)
    assert await stall.shop.corrections.correct(HOST, stall.broadcast, right) == answer
