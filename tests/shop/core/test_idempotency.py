"""Keys of what the host does with the bag: sent again, it happens once and is answered the same."""

from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE
from tests.support.money import cny

from farmlive.ids import token
from farmlive.shop.checkout.waitlist_models import WaitJoin
from farmlive.shop.core.checkout_models import HoldPlace, OrderPlace
from farmlive.shop.core.idempotency import canonical_hash
from farmlive.shop.core.models import OfferChange, OfferRelease
from farmlive.shop.core.order_models import Refund
from farmlive.shop.core.problems import KeyReused
from farmlive.shop.flash.models import FlashPlan
from farmlive.shop.orders.correction_models import OfferCorrect

WRONG = 299


async def test_a_price_that_is_put_back_with_a_key_is_so_once(stall: Any) -> None:
    offer, key = stall.card.id, token()

    async def change(price: int) -> None:
        message = OfferChange(offer=offer, price=cny(price))
        await stall.shop.bag.change(HOST, stall.broadcast, message)

    async def put_back(**more: Any) -> Any:
        message = OfferCorrect(offer=offer, key=key, **more)
        return await stall.shop.corrections.correct(HOST, stall.broadcast, message)

    await change(PRICE + 100)
    await change(PRICE)
    await change(WRONG)
    answer = await put_back()
    # By itself the same would put back the price before that.
    assert await put_back() == answer
    assert answer["price"]["amount"] == PRICE
    with pytest.raises(KeyReused):
        await put_back(honour=True)
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert card.price.amount == PRICE
    told = await stall.events("offer.changed")
    assert [event.data["price"]["amount"] for event in told if "corrected" in event.data] == [PRICE]


async def test_a_price_that_is_set_twice_is_the_same_price(stall: Any) -> None:
    message = OfferChange(offer=stall.card.id, price=cny(PRICE + 100))
    for _ in range(2):
        await stall.shop.bag.change(HOST, stall.broadcast, message)
    # What it cost before is still known as that.
    wrong = OfferCorrect(offer=stall.card.id)
    answer = await stall.shop.corrections.correct(HOST, stall.broadcast, wrong)
    assert answer["price"]["amount"] == PRICE


# As keys in databases have them: what is sent again after an update is still the same.
_LINES = [{"offer": "01A", "quantity": 2, "price": 2990}]


@pytest.mark.parametrize(
    ("message", "of", "known"),
    [
        (
            OrderPlace.model_validate(
                {
                    "key": "k" * 20,
                    "lines": _LINES,
                    "buyer": {"name": "王小明", "phone": "13800000000"},
                    "delivery": {"way": "parcel", "address": "尤溪县 溪口村"},
                    "payment": "cash_on_delivery",
                    "fee": cny(800),
                    "proof": "x",
                }
            ),
            None,
            "0d2ce0af4edc5e8f1aba93b38fd6276d5792fe2e271964c33187bdf88f57eafb",
        ),
        (
            HoldPlace.model_validate({"key": "k" * 20, "lines": _LINES, "proof": "x"}),
            None,
            "48cf78e73a52636a53c39c5649d9762b4faff69421ce1a0407e0a21a6634a85c",
        ),
        (
            WaitJoin(key="k" * 20, offer="01A", quantity=2, proof="x"),
            None,
            "d6c33605f3bb46d20ee5cced2bd9ae2eb7f5313f157050eff6270ec99930ed43",
        ),
        (
            OfferRelease(key="k" * 20, offer="01A", quantity=-3),
            "releases",
            "65a99cb2ac2dde4d0444efa67e09e045617ab209c56655dabeb93618839a4f11",
        ),
        (
            OfferCorrect(key="k" * 20, offer="01A", price=cny(2990), honour=True),
            "corrections",
            "320336d92e1ad43fde023d315d6af29b5a1f1acb0ca971b4c714dfdf82e098dc",
        ),
        (
            FlashPlan(key="k" * 20, offer="01A", price=cny(1990), boxes=5, seconds=60, per_buyer=2),
            "flashes",
            "d010766244fdc5184c49e6eba9fc617ab59a3b8e63f410cdee3e4637648301e3",
        ),
        (
            Refund.model_validate(
                {
                    "amount": cny(300),
                    "reason": "晚到",
                    "lines": [{"offer": "01A", "quantity": 1}],
                }
            ),
            "01ORDER",
            "9dfb7b229872b9bbcceee69f8383702223aedf2b63c7a4e1eb7a47ff8fc09af6",
        ),
    ],
)
def test_a_key_knows_its_request_after_an_update(message: Any, of: Any, known: str) -> None:
    assert canonical_hash(message, type(message), scope=of) == known
    other = message.model_copy(update={"id": "7"})
    assert canonical_hash(other, type(other), scope=of) == known
