"""Keys of what the host does with the bag: sent again, it happens once and is answered the same."""

from typing import Any

import pytest

from farmlive.ids import token
from farmlive.shop.correction_models import OfferCorrect
from farmlive.shop.models import OfferChange
from farmlive.shop.problems import KeyReused

from .conftest import HOST, PRICE

WRONG = 299


async def test_a_price_that_is_put_back_with_a_key_is_so_once(stall: Any) -> None:
    offer, key = stall.card.offer, token()

    async def change(price: int) -> None:
        message = OfferChange(offer=offer, price=price)
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
    message = OfferChange(offer=stall.card.offer, price=PRICE + 100)
    for _ in range(2):
        await stall.shop.bag.change(HOST, stall.broadcast, message)
    # What it cost before is still known as that.
    wrong = OfferCorrect(offer=stall.card.offer)
    answer = await stall.shop.corrections.correct(HOST, stall.broadcast, wrong)
    assert answer["price"]["amount"] == PRICE
