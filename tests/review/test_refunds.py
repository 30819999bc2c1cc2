"""What was given back is charged to the farm whose boxes it was for, wherever money is told."""

from random import Random
from typing import Any

from tests.review.conftest import STAFF
from tests.support.money import cny

from farmlive.shop.core.order_models import Refund
from farmlive.shop.orders.change_models import NewBulkTransition, NewReversal


async def refund(fair: Any, order: dict[str, Any], amount: int, **what: Any) -> Any:
    given = Refund.model_validate({"amount": cny(amount), "reason": "not there", **what})
    return await fair.house.shop.orders.refund(STAFF, fair.broadcast, order["id"], given)


def boxes(fair: Any, *quantities: int) -> list[dict[str, Any]]:
    pairs = zip(fair.cards, quantities, strict=False)
    return [{"offer": card.id, "quantity": count} for card, count in pairs if count]


async def nets(fair: Any) -> list[int]:
    """The farms' nets, which are the same wherever they are asked for."""
    report = await fair.report()
    totals = (await fair.review.totals())[fair.broadcast]
    assert totals.net.amount == report.net.amount == report.paid.amount + report.due.amount
    for farm in report.farms:
        own = frozenset({farm.id})
        assert farm.net.amount == farm.paid.amount + farm.due.amount
        part = await fair.report(own)
        assert part.net.amount == part.paid.amount + part.due.amount == farm.net.amount
        assert (await fair.review.totals(own))[fair.broadcast].net.amount == farm.net.amount
    return [farm.net.amount for farm in report.farms]


async def test_boxes_that_never_left_are_charged_to_their_farm(fair: Any) -> None:
    order = await fair.order("13800000001", 1, 1)
    given = await refund(fair, order, 2_990, lines=boxes(fair, 1))
    assert await nets(fair) == [0, 4_990]
    (settled,) = (await fair.sheet("settlement", fair.seller(1))).tables[:1]
    assert 4_990 in settled.rows[0]
    await fair.house.shop.bulk_actions.undo(STAFF, fair.broadcast, given.refund)
    assert await nets(fair) == [2_990, 4_990]


async def test_a_wrong_price_is_charged_to_its_farm(fair: Any) -> None:
    order = await fair.order("13800000001", 2, 1)
    await refund(fair, order, 1_097)
    assert await nets(fair) == [5_980 - 598, 4_990 - 499]
    given = await refund(fair, order, 1_500, offer=fair.cards[1].id)
    assert await nets(fair) == [5_980 - 598, 4_990 - 499 - 1_500]
    paid = NewBulkTransition.model_validate({"orders": [order["id"]], "payment": "paid"})
    await fair.house.shop.bulk_actions.make(STAFF, fair.broadcast, paid)
    assert await nets(fair) == [5_980 - 598, 4_990 - 499 - 1_500]
    back = {"reason": "too much", "payment": "due"}
    put_right = fair.house.shop.bulk_actions.revert
    await put_right(STAFF, fair.broadcast, order["id"], NewReversal.model_validate(back))
    wrong = NewReversal.model_validate({"reason": "too much", "refund": given.refund})
    await put_right(STAFF, fair.broadcast, order["id"], wrong)
    assert await nets(fair) == [5_980 - 598, 4_990 - 499]


async def test_whatever_was_given_back_log_and_tables_agree_to_the_last_unit(fair: Any) -> None:
    chance = Random(11)
    for number in range(8):
        order = await fair.order(f"138000000{number:02d}", 1 + number % 3, 3)
        if number % 2:
            await fair.pay(order)
        for _ in range(3):
            what = chance.choice(
                [{}, {"lines": boxes(fair, 0, 1)}, {"offer": chance.choice(fair.cards).id}]
            )
            given = await refund(fair, order, chance.randrange(1, 2_500), **what)
            if chance.random() < 0.3:
                await fair.house.shop.bulk_actions.undo(STAFF, fair.broadcast, given.refund)
    await nets(fair)
