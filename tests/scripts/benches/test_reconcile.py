"""What the crash bench reckons: what is kept otherwise than it was told, more than was, or refused
though it was there, is noticed.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from scripts.benches.trade.acks import Refusal
from scripts.benches.trade.ledger import Ledger
from scripts.benches.trade.reconcile import (
    find_extra,
    find_lost,
    find_wrong_refunds,
    find_wrong_refusals,
)
from sqlalchemy import text
from tests.scripts.benches.sample_trade import FLASH_PRICE, Trade, in_broadcast, lines, trade
from tests.shop.conftest import PRICE, Stall, stall

from farmlive.problems import Problem
from farmlive.shop.core.checkout_models import HoldDrop
from farmlive.store.store import Store

# The stall's fixture, by its name.
__all__ = ["stall"]

FIRST = "number = 1"
OF_FIRST = '"order" = (SELECT id FROM orders WHERE number = 1)'

# What is otherwise in the database, and what is told of it.
OTHERWISE = {
    "another number": (f"UPDATE orders SET number = 9 WHERE {FIRST}", "number"),
    "another sum": (f"UPDATE orders SET total = total + 1 WHERE {FIRST}", "total"),
    "another fee": (f"UPDATE orders SET fee = fee + 1 WHERE {FIRST}", "fee"),
    "another currency": (f"UPDATE orders SET currency = 'EUR' WHERE {FIRST}", "total"),
    "another code": (f"UPDATE orders SET code_shift = 1 WHERE {FIRST}", "code"),
    "no code": (f"UPDATE orders SET code_hash = NULL WHERE {FIRST}", "code"),
    "another page": (f"UPDATE orders SET token_hash = 'another' WHERE {FIRST}", "token"),
    "fewer boxes": (f"UPDATE order_lines SET quantity = 1 WHERE {OF_FIRST}", "lines"),
    "another price": (f"UPDATE order_lines SET price = 1 WHERE {OF_FIRST}", "lines"),
    "no lines": (f"DELETE FROM order_lines WHERE {OF_FIRST}", "lines"),
    "another step": (
        f"UPDATE order_changes SET state = 'at_centre' WHERE {OF_FIRST} AND change = 1",
        "at_centre",
    ),
    "a payment that is gone": (
        f"UPDATE order_changes SET payment = 'due' WHERE {OF_FIRST} AND change = 2",
        "due",
    ),
    "a step that is gone": (
        f"DELETE FROM order_changes WHERE {OF_FIRST} AND change = 3",
        "None",
    ),
    "a flash batch that goes on": ("UPDATE flashes SET state = 'running'", "goes on"),
    "a release that is gone": (
        "UPDATE events SET kind = 'offer.changed' WHERE kind = 'offer.released'",
        "release",
    ),
    "one who waits no more": ("DELETE FROM waits", "forgotten"),
}


def without(key: str, told: Any) -> None:
    del told.answers[key]


@pytest.fixture
async def traded(stall: Stall) -> Trade:
    return await trade(stall)


@pytest.fixture
def read(stall: Stall, database_url: str, settings: Any) -> Callable[[], Ledger]:
    return lambda: Ledger.read(database_url, Path(settings.data), stall.broadcast)


def test_what_is_kept_as_it_was_told_is_neither_lost_nor_doubled(
    store: Store, traded: Trade, read: Any
) -> None:
    ledger = read()
    assert ledger.wrong == []
    assert (find_lost(traded.told, ledger), find_extra(traded.told, ledger)) == ([], [])
    assert find_wrong_refunds(traded.told, ledger) == []


@pytest.mark.any_database
@pytest.mark.parametrize("name", OTHERWISE)
async def test_what_is_kept_otherwise_is_lost(
    store: Store, traded: Trade, read: Any, stall: Stall, name: str
) -> None:
    statement, told = OTHERWISE[name]
    spoil = text(in_broadcast(statement, stall.broadcast))
    await store.write(lambda connection: connection.execute(spoil).close())
    (found,) = find_lost(traded.told, read())
    assert told in found


def test_an_answer_that_is_kept_otherwise_or_not_at_all_is_lost(
    store: Store, traded: Trade, read: Any
) -> None:
    for key in traded.told.answers:
        ledger = read()
        ledger.answers[key] = {**ledger.answers[key], "order": "another"}
        assert len(find_lost(traded.told, ledger)) == 1
        del ledger.answers[key]
        assert len(find_lost(traded.told, ledger)) == 1


def test_an_order_that_is_gone_is_lost_once(store: Store, traded: Trade, read: Any) -> None:
    ledger = read()
    del ledger.orders[traded.second]
    assert find_lost(traded.told, ledger) == ["order A0002: is not kept"]


def test_a_later_step_is_no_fault_while_people_go_on(
    store: Store, traded: Trade, read: Any
) -> None:
    told = traded.told.copy()
    told.orders[traded.first].steps.pop()
    assert find_lost(told, read()) == []
    assert find_lost(traded.told, read()) == []


def test_what_nobody_was_told_of_is_doubled(store: Store, traded: Trade, read: Any) -> None:
    ledger = read()

    def but(change: Callable[[Any], Any]) -> list[str]:
        told = traded.told.copy()
        change(told)
        return find_extra(told, ledger)

    def forget(told: Any) -> None:
        del told.answers[told.orders.pop(traded.second).key]

    assert but(forget) == ["an order that nobody was told of"]
    assert but(lambda told: told.orders[traded.first].steps.pop()) == [
        "order A0001: a step that nobody was told of"
    ]
    for key in set(traded.told.answers) - {each.key for each in traded.told.orders.values()}:
        assert f"an answer to {key} that nobody was told" in but(partial(without, key))
    assert but(lambda told: told.deeds.subtract(["releases"])) == [
        "a release that nobody was told of"
    ]
    assert but(lambda told: told.deeds.subtract(["waits"])) == ["someone waits twice"]
    assert but(lambda told: told.add_order(told.orders[traded.first])) == [
        "an order was told twice"
    ]


def test_a_flash_batch_that_nobody_was_told_of_is_doubled(
    store: Store, traded: Trade, read: Any
) -> None:
    ledger = read()
    ledger.flashes["another"] = ledger.flashes[traded.flash]
    assert find_extra(traded.told, ledger) == ["a flash batch that nobody was told of"]


async def test_money_that_was_given_back_otherwise_is_told(
    store: Store, traded: Trade, read: Any
) -> None:
    traded.told.orders[traded.first].refunded = 400
    assert find_wrong_refunds(traded.told, read()) == ["order A0001: 500 given back"]


# What was refused.


async def refused(stall: Stall, wanted: list[dict[str, Any]], **told: Any) -> Refusal:
    """What the stall's viewer is refused."""
    with pytest.raises(Problem) as raised:
        await stall.place(lines=wanted)
    return Refusal(raised.value.body(), wanted, 1, **told)


async def test_who_is_refused_what_was_not_there_is_refused_rightly(
    store: Store, stall: Stall, traded: Trade, read: Any
) -> None:
    told = traded.told
    before = ("order.placed", traded.second)
    told.refused = [
        await refused(stall, lines(traded.scarce, 1), before=before),
        await refused(stall, lines(stall.card.id, 13), before=before),
        await refused(stall, lines(stall.card.id, 1, FLASH_PRICE), before=before),
    ]
    assert [each.slug for each in told.refused] == ["sold-out", "sold-out", "price-changed"]
    assert find_wrong_refusals(told, read()) == []


async def test_who_is_refused_what_was_there_all_the_while_is_refused_wrongly(
    store: Store, stall: Stall, traded: Trade, read: Any
) -> None:
    """The answers are those of a right server, to other wishes or at other times."""
    told, offer = traded.told, stall.card.id
    gone = await refused(stall, lines(offer, 13))
    over = await refused(stall, lines(offer, 1, FLASH_PRICE))
    at_first, then = ("order.placed", traded.first), ("order.placed", traded.second)
    changed = {**over.problem["offers"][0]}
    told.refused = wrong = [
        Refusal(gone.problem, lines(offer, 1), 1, before=at_first, after=then),
        Refusal(gone.problem, lines(offer, 13), 1, hold=traded.first),
        Refusal(over.problem, over.lines, 1, before=at_first, after=then),
        Refusal({**over.problem, "offers": []}, over.lines, 1),
        *(
            Refusal({**over.problem, "offers": [{**changed, **other}]}, over.lines, 1)
            for other in (
                {"flash": None},
                {"flash": {**changed["flash"], "why": "sold_out"}},
                {"flash": {**changed["flash"], "ended_at": 1}},
                {"flash": {**changed["flash"], "id": "another"}},
            )
        ),
        Refusal({"type": "/problems/broadcast-ended"}, lines(offer, 1), 1),
        Refusal(gone.problem),
        Refusal({"type": "/problems/unknown-order"}),
        Refusal({}, lines(offer, 1), 1),
    ]
    assert find_wrong_refusals(told, read()) == wrong


async def test_who_had_as_many_of_a_batch_as_one_may_is_refused_rightly(
    store: Store, stall: Stall, traded: Trade, read: Any
) -> None:
    told, offer = traded.told, stall.card.id
    body = {"type": "/problems/limit-reached", "offer": offer, "limit": 2, "had": 1}
    wanted = lines(offer, 2, FLASH_PRICE)
    told.refused = [Refusal(body, wanted, 1)]
    assert find_wrong_refusals(told, read()) == []
    told.refused = wrong = [
        Refusal(body, lines(offer, 1, FLASH_PRICE), 1),
        Refusal({**body, "had": 2}, wanted, 1),
        Refusal({**body, "limit": 1}, wanted, 1),
        Refusal(body, wanted, 2),
        Refusal(body, wanted, 1, after=("order.placed", traded.second)),
    ]
    assert find_wrong_refusals(told, read()) == wrong


async def test_a_hold_that_ran_out_is_no_hold(
    store: Store, stall: Stall, traded: Trade, read: Any
) -> None:
    told, offer = traded.told, stall.card.id
    hold = next(answer["id"] for answer in told.answers.values() if "until" in answer)
    gone = await refused(stall, lines(offer, 15, PRICE), hold=hold)
    told.refused = [gone]
    assert find_wrong_refusals(told, read()) == [gone]
    await stall.shop.holds.drop(stall.viewer, stall.broadcast, HoldDrop(order=hold))
    await store.write(
        lambda connection: connection.execute(
            text("UPDATE events SET kind = 'order.expired' WHERE kind = 'order.cancelled'")
        ).close()
    )
    assert find_wrong_refusals(told, read()) == []
