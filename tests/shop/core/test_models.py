from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.money import cny

from farmlive.ids import ulid
from farmlive.shop.core.checkout_models import NewOrder, OrderPlace
from farmlive.shop.core.idempotency import canonical_hash
from farmlive.shop.core.models import NewOffer, OfferChange, order_number

OFFER = ulid()


def order(**change: Any) -> dict[str, Any]:
    return {
        "lines": [{"offer": OFFER, "quantity": 1, "price": 2990}],
        "buyer": {"name": "王小明", "phone": "13800000000"},
        "delivery": {"way": "parcel", "address": "尤溪县 溪口村"},
        "payment": "cash_on_delivery",
        **change,
    }


def line(**change: Any) -> list[dict[str, Any]]:
    return [{"offer": OFFER, "quantity": 1, "price": 2990, **change}]


def buyer(**change: Any) -> dict[str, Any]:
    return {"name": "王小明", "phone": "13800000000", **change}


def refusal(sent: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        NewOrder.model_validate(sent)
    return str(caught.value.errors()[0]["msg"])


@pytest.mark.parametrize("quantity", [0, -1, 1000, 1.5, 1.0, "1", True, None, 10**30])
def test_a_quantity_is_a_whole_number_from_1_to_999(quantity: object) -> None:
    assert "whole number from 1 to 999" in refusal(order(lines=line(quantity=quantity)))


@pytest.mark.parametrize("price", [-1, 29.9, "2990", None, False])
def test_a_seen_price_is_whole_minor_units(price: object) -> None:
    assert "minor units" in refusal(order(lines=line(price=price)))


def test_an_order_for_nothing_is_refused() -> None:
    assert "choose at least one offer" in refusal(order(lines=[]))


def test_an_offer_stands_in_an_order_once() -> None:
    assert "one line" in refusal(order(lines=line() + line(quantity=2)))


def test_an_order_has_fifty_lines_at_most() -> None:
    lines = [*line()[:0], *({"offer": str(n), "quantity": 1, "price": 1} for n in range(51))]
    assert "at most 50 lines" in refusal(order(lines=lines))


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\nb", "a\x00b", None, 7])
def test_a_buyer_has_a_name(name: object) -> None:
    assert "1 to 60 characters" in refusal(order(buyer=buyer(name=name)))


@pytest.mark.parametrize("phone", ["", "123456", "1" * 16, "call me", "138+0000000", None, 138])
def test_a_buyer_has_a_phone_number(phone: object) -> None:
    assert "7 to 15 digits" in refusal(order(buyer=buyer(phone=phone)))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("138 0000 0000", "13800000000"),
        ("+86 138-0000-0000", "+8613800000000"),
        ("(0591) 8888 0000", "059188880000"),
        ("１３８００００００００", "13800000000"),
        ("+44 20 7946 0000", "+442079460000"),
    ],
)
def test_a_phone_number_is_taken_without_its_signs(written: str, kept: str) -> None:
    assert NewOrder.model_validate(order(buyer=buyer(phone=written))).buyer.phone == kept


@pytest.mark.parametrize("address", ["", " ", "x", "x" * 301, 5])
def test_a_parcel_has_an_address(address: object) -> None:
    sent = order(delivery={"way": "parcel", "address": address})
    assert "where the parcel goes" in refusal(sent)
    assert "needs the address" in refusal(order(delivery={"way": "parcel"}))


def test_a_village_is_enough_of_an_address() -> None:
    taken = NewOrder.model_validate(order(delivery={"way": "parcel", "address": "溪口村\n三组"}))
    assert taken.delivery.address == "溪口村 三组"


def test_a_pickup_has_a_centre() -> None:
    sent = order(delivery={"way": "pickup"}, payment="pay_at_pickup")
    assert "Choose the centre" in refusal(sent)


@pytest.mark.parametrize(
    ("delivery", "payment", "fitting"),
    [
        ({"way": "parcel", "address": "溪口村"}, "pay_at_pickup", "cash_on_delivery"),
        ({"way": "pickup", "centre": OFFER}, "cash_on_delivery", "pay_at_pickup"),
    ],
)
def test_the_payment_fits_the_delivery(
    delivery: dict[str, str], payment: str, fitting: str
) -> None:
    assert f"send {fitting}" in refusal(order(delivery=delivery, payment=payment))


@pytest.mark.parametrize("missing", ["lines", "buyer", "delivery", "payment"])
def test_no_part_of_an_order_may_be_missing(missing: str) -> None:
    sent = order()
    del sent[missing]
    assert refusal(sent)


@pytest.mark.parametrize("key", ["short", "x" * 65, "has spaces in its text", "钥" * 16, None, 5])
def test_a_key_has_16_to_64_characters(key: object) -> None:
    with pytest.raises(ValidationError, match="16 to 64"):
        OrderPlace.model_validate({**order(), "key": key})


def test_orders_are_the_same_by_their_contents() -> None:
    first = NewOrder.model_validate(order())
    same = OrderPlace.model_validate({**order(), "key": "k" * 16, "type": "order.place", "id": 7})
    other = NewOrder.model_validate(order(lines=line(quantity=2)))
    assert canonical_hash(first, NewOrder) == canonical_hash(same, NewOrder)
    assert canonical_hash(first, NewOrder) != canonical_hash(other, NewOrder)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1, "A0001"),
        (9999, "A9999"),
        (10_000, "B0001"),
        (26 * 9999, "Z9999"),
        (26 * 9999 + 1, "AA0001"),
    ],
)
def test_order_numbers_are_short(number: int, written: str) -> None:
    assert order_number(number) == written


def test_order_numbers_never_meet() -> None:
    assert len({order_number(number) for number in range(1, 30_000)}) == 29_999


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"product": OFFER}, "not both"),
        ({"name": None}, "A new product needs"),
        ({"net_weight_g": 0}, "greater than or equal to 1"),
        ({"price": cny(0)}, "above zero"),
        ({"price": 2990}, "with its currency"),
        ({"price": {"amount": 29.9, "currency": "CNY"}}, "valid integer"),
        ({"released": -1}, "greater than or equal to 0"),
        ({"list_price": cny(100)}, "the higher one"),
        ({"gtin": "9524000059108"}, "check digit"),
    ],
)
def test_wrong_facts_of_an_offer_are_refused(change: dict[str, Any], says: str) -> None:
    facts = {
        "name": {"en": "Kumquats"},
        "unit": {"en": "2.5 kg box"},
        "net_weight_g": 2500,
        "lot": OFFER,
        "price": cny(2990),
        "released": 10,
        **change,
    }
    with pytest.raises(ValidationError, match=says):
        NewOffer.model_validate(facts)


def test_a_change_changes_something() -> None:
    with pytest.raises(ValidationError, match="Say what changes"):
        OfferChange.model_validate({"offer": OFFER})
    assert OfferChange.model_validate({"offer": OFFER, "list_price": None}).list_price is None
