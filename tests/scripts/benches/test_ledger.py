"""What the benches read of a trade beside its server: it adds up, or what does not is told."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from scripts.benches.trade.ledger import Ledger
from sqlalchemy import text
from tests.scripts.benches.sample_trade import in_broadcast, trade
from tests.shop.conftest import HOST, PRICE, Stall, stall

from farmlive.ids import token
from farmlive.shop.core.checkout_models import HoldPlace
from farmlive.shop.core.order_models import NewTransition
from farmlive.store.store import Store

# The stall's fixture, by its name.
__all__ = ["stall"]

# That more is sold or held than was released, the database itself refuses.
SPOILED = {
    "a number left out": (
        "UPDATE orders SET number = 7 WHERE number = 2",
        ["the orders' numbers are not 1, 2, 3…"],
    ),
    "a box sold to nobody": (
        "UPDATE offers SET sold = sold + 1",
        [
            "4 boxes are sold, 3 in orders",
            "a lot's grams are not those of its offers",
            "the log told another stock last than is kept",
        ],
    ),
    "a box held for nobody": (
        "UPDATE offers SET held = held - 1",
        [
            "3 boxes are held, 4 in holds",
            "a lot's grams are not those of its offers",
            "the log told another stock last than is kept",
        ],
    ),
    "a lot that gave more": (
        "UPDATE lot_stock SET sold_g = sold_g + 1",
        ["a lot's grams are not those of its offers"],
    ),
    "an event that is gone": (
        "DELETE FROM events WHERE kind = 'order.held'",
        ["the log has a gap"],
    ),
    "a log that goes back": (
        "UPDATE events SET at = 1 WHERE kind = 'order.held'",
        ["the log goes back in time"],
    ),
    "an order without its event": (
        "UPDATE events SET kind = 'order.paid' WHERE kind = 'order.placed' AND seq = "
        "(SELECT MAX(seq) FROM events WHERE kind = 'order.placed')",
        ["the log tells of other orders than are kept"],
    ),
}

# The same, of a trade in which something of everything was done.
SPOILED_TRADE = {
    "a line of another sum": (
        "UPDATE order_lines SET total = total + 1 WHERE quantity = 2",
        [
            "a line does not come to its boxes by their price",
            "an order does not come to its lines and its fee",
        ],
    ),
    "an order of another sum": (
        "UPDATE orders SET total = total + 1 WHERE number = 1",
        ["an order does not come to its lines and its fee"],
    ),
    "money given back by nobody": (
        "UPDATE orders SET refunded = 400 WHERE number = 1",
        ["an order's refunds do not come to what was given back"],
    ),
    "an order that is paid by nobody": (
        "UPDATE orders SET payment = 'paid' WHERE number = 2",
        ["an order does not stand as its last step left it"],
    ),
    "a step without its event": (
        "UPDATE events SET kind = 'order.claimed' WHERE kind = 'order.paid'",
        ["the log tells of other steps of an order than are kept"],
    ),
    "a box of a flash batch sold to nobody": (
        "UPDATE flashes SET sold = 2",
        ["a flash batch has not the boxes that are sold and held of it"],
    ),
    "more of a flash batch than one may have": (
        "UPDATE flashes SET per_buyer = 0",
        ["a buyer has more of a flash batch than one may"],
    ),
    "a box kept for no flash batch": (
        "UPDATE offers SET kept = 1 WHERE released = 15",
        [
            "1 boxes are kept, 0 in flash batches",
            "the log told another stock last than is kept",
        ],
    ),
    "a flash batch whose end is not told": (
        "UPDATE events SET kind = 'flash.planned' WHERE kind = 'flash.ended'",
        ["the log tells of other ends of flash batches than are kept"],
    ),
    "a flash batch that ended twice": (
        "UPDATE events SET kind = 'flash.ended' WHERE kind = 'flash.started'",
        ["the log tells of other ends of flash batches than are kept"],
    ),
    "a box released by nobody": (
        "UPDATE offers SET released = 16 WHERE released = 15",
        [
            "16 boxes are released, 15 in the log",
            "the log told another stock last than is kept",
        ],
    ),
    "one who waits for more": (
        "UPDATE waits SET quantity = 3",
        ["the log tells of others who wait than are kept"],
    ),
}


@pytest.fixture
async def traded(stall: Stall) -> list[str]:
    """Two orders, of three boxes together, and four that are held; which orders."""
    placed = [(await stall.place(boxes))["id"] for boxes in (1, 2)]
    line = {"offer": stall.card.id, "quantity": 4, "price": PRICE}
    held = HoldPlace.model_validate({"lines": [line], "key": token()})
    await stall.shop.holds.place(stall.viewer, stall.broadcast, held)
    return placed


@pytest.fixture
def read(stall: Stall, database_url: str, settings: Any) -> Any:
    return lambda: Ledger.read(database_url, Path(settings.data), stall.broadcast)


def test_a_ledger_that_adds_up_has_nothing_wrong(traded: list[str], read: Any) -> None:
    ledger = read()
    assert (sorted(ledger.orders), sorted(ledger.numbers)) == (sorted(traded), [1, 2])
    assert (ledger.sold, ledger.wrong) == (3, [])
    assert set(traded) < {answer["id"] for answer in ledger.answers.values()}


@pytest.mark.any_database
@pytest.mark.parametrize("name", SPOILED)
async def test_a_ledger_that_does_not_add_up_is_told(
    store: Store, traded: list[str], read: Any, stall: Stall, name: str
) -> None:
    statement, told = SPOILED[name]
    spoil = text(in_broadcast(statement, stall.broadcast))
    await store.write(lambda connection: connection.execute(spoil).close())
    assert read().wrong == told


@pytest.mark.any_database
@pytest.mark.parametrize("name", SPOILED_TRADE)
async def test_a_trade_that_does_not_add_up_is_told(
    store: Store, stall: Stall, read: Any, name: str
) -> None:
    await trade(stall)
    assert read().wrong == []
    statement, told = SPOILED_TRADE[name]
    spoil = text(in_broadcast(statement, stall.broadcast))
    await store.write(lambda connection: connection.execute(spoil).close())
    assert read().wrong == told


async def test_boxes_of_a_cancelled_order_are_back_unless_it_was_packed(
    store: Store, stall: Stall, read: Any
) -> None:
    done = await trade(stall)
    before = read().sold
    for order, boxes in ((done.first, 0), (done.second, 1)):
        change = NewTransition(state="cancelled", reason="not wanted")
        await stall.shop.orders.enter(HOST, stall.broadcast, order, change)
        ledger = read()
        assert (ledger.wrong, ledger.sold) == ([], before - boxes)


async def test_all_is_read_of_one_moment(
    store: Store, stall: Stall, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that is placed between two questions is in none of the answers."""
    loop, orders = asyncio.get_running_loop(), Ledger._orders

    def and_one_more(ledger: Ledger, *of: Any) -> None:
        orders(ledger, *of)
        asyncio.run_coroutine_threadsafe(stall.place(1), loop).result(10)

    await stall.place(1)
    monkeypatch.setattr(Ledger, "_orders", and_one_more)
    ledger = await asyncio.to_thread(read)
    assert (len(ledger.orders), ledger.sold, ledger.wrong) == (1, 1, [])
    monkeypatch.undo()
    assert (len(read().orders), read().wrong) == (2, [])
