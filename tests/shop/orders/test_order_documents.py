"""Which orders go onto paper and into a file: by their numbers, or all that fit."""

from typing import Any

import pytest
from sqlalchemy import update
from tests.shop.conftest import HOST, caller
from tests.shop.support.orders import CLERK, enter, pickup, seller
from tests.support.money import cny

from farmlive.people import Caller
from farmlive.problems import Forbidden, Invalid
from farmlive.shop.core.claim_models import NewClaim
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_models import Refund
from farmlive.shop.core.order_tables import orders
from farmlive.shop.orders.order_documents import MAX_SPANS, OrderSelection, spans_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A0001", [(1, 1)]),
        ("A0001-A0040,A0052", [(1, 40), (52, 52)]),
        ("A9999-B0001", [(9999, 10000)]),
        ("AA0001", [(26 * 9999 + 1, 26 * 9999 + 1)]),
    ],
)
def test_numbers_are_read_as_spans(text: str, found: list[tuple[int, int]]) -> None:
    assert spans_of(text) == found
    first = order_number(found[0][0])
    assert text.startswith(first)


@pytest.mark.parametrize(
    "text",
    [
        *("", "A1", "A0001;A0002", "a0001", "A0001-", "1", "A0000", "A٠٠٠١"),
        ",".join(["A0001"] * (MAX_SPANS + 1)),
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        spans_of(text)


async def chosen(stall: Any, by: Caller = HOST, limit: int = 100, **choice: Any) -> list[str]:
    wanted = OrderSelection.model_validate(choice)
    found = await stall.shop.order_documents.read_selected(by, stall.broadcast, wanted, limit=limit)
    return [order.number for order in found]


async def test_orders_are_chosen_by_number(stall: Any) -> None:
    for _ in range(5):
        await stall.place()
    assert await chosen(stall, orders="A0004,A0001-A0002") == ["A0001", "A0002", "A0004"]
    # What is named twice, or by spans that meet, is chosen once.
    assert await chosen(stall, orders="A0002-A0003,A0003-A0004,A0002") == [
        "A0002",
        "A0003",
        "A0004",
    ]
    assert await chosen(stall, orders="A0001-A0005", limit=2) == ["A0001", "A0002"]
    assert await chosen(stall, orders="B0001") == []
    scattered = ",".join(order_number(number) for number in range(1, 1000, 2))
    assert await chosen(stall, orders=scattered) == ["A0001", "A0003", "A0005"]


async def test_all_that_fit_are_those_that_the_list_shows(stall: Any) -> None:
    placed, packed, cancelled = [await stall.place() for _ in range(3)]
    waits, received, claimed = [await pickup(stall) for _ in range(3)]
    await enter(stall, packed, "packed")
    await enter(stall, cancelled, "cancelled")
    for order, states in (
        (waits, ("packed", "at_centre")),
        (received, ("packed", "at_centre", "received")),
        (claimed, ("packed", "at_centre", "received")),
    ):
        for state in states:
            await enter(stall, order, state)
    for order in (received, claimed):
        await stall.shop.orders.pay(HOST, stall.broadcast, order["id"])
    await stall.shop.claims.claim(claimed["token"], NewClaim(text="压坏了"))
    flagged = update(orders).where(orders.c.id == packed["id"]).values(flags=["big"])
    await stall.store.write(lambda connection: connection.execute(flagged))
    numbers = {
        "placed": placed,
        "packed": packed,
        "cancelled": cancelled,
        "waits": waits,
        "received": received,
        "claimed": claimed,
    }
    names = {order["number"]: name for name, order in numbers.items()}

    async def fits(by: Caller = HOST, **choice: Any) -> list[str]:
        return [names[number] for number in await chosen(stall, by, **choice)]

    assert await fits() == list(numbers)
    assert await fits(state="open") == ["placed", "packed", "waits", "claimed"]
    assert await fits(state="received") == ["received", "claimed"]
    assert await fits(way="pickup", payment="due") == ["waits"]
    assert await fits(payment="due") == ["placed", "packed", "waits"]
    assert await fits(payment="paid") == ["received", "claimed"]
    assert await fits(payment="refunded") == []
    assert await fits(centre=stall.centre.id, state="at_centre") == ["waits"]
    assert await fits(flagged=True) == ["packed"]
    assert await fits(claimed=True) == ["claimed"]
    # Claims are for staff: to a clerk such an order is done.
    assert await fits(CLERK, state="open") == ["waits"]


async def test_what_was_paid_and_then_cancelled_is_open_until_it_is_given_back(stall: Any) -> None:
    """To its seller, who has no order's money, it is over."""
    shop = stall.shop
    await enter(stall, await pickup(stall), "cancelled")
    order = await pickup(stall)
    await shop.orders.pay(HOST, stall.broadcast, order["id"])
    await enter(stall, order, "cancelled")
    found = (await shop.order(order["token"])).to_give_back

    async def refund(amount: int) -> None:
        given = Refund(amount=cny(amount), reason="Rain.")
        await shop.orders.refund(HOST, stall.broadcast, order["id"], given)

    for part in (found.amount - 10, 10):
        for by in (HOST, CLERK):
            assert await chosen(stall, by, state="open") == [order["number"]]
            assert await chosen(stall, by, payment="owed") == [order["number"]]
        assert await chosen(stall, seller(stall.farm.id), state="open") == []
        await refund(part)
    for by in (HOST, CLERK):
        assert await chosen(stall, by, state="open") == []
        assert await chosen(stall, by, payment="owed") == []
    assert (await shop.order(order["token"])).to_give_back.amount == 0


async def test_everyone_chooses_among_what_is_theirs(stall: Any) -> None:
    await stall.place()
    picked = await pickup(stall)
    assert await chosen(stall, CLERK) == [picked["number"]]
    assert len(await chosen(stall, seller(stall.farm.id))) == 2
    assert await chosen(stall, seller("another")) == []
    found = await stall.shop.order_documents.read_selected(
        seller(stall.farm.id), stall.broadcast, OrderSelection(), limit=9
    )
    assert {order.buyer for order in found} == {None}
    for nobody in (caller(), caller(role="moderator")):
        with pytest.raises(Forbidden):
            await chosen(stall, nobody)
