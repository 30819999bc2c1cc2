"""What the benches read of a trade beside its server: it adds up, or what does not is told."""

from pathlib import Path
from typing import Any

import pytest
from benches.ledger import Ledger
from sqlalchemy import text
from tests.shop.conftest import PRICE, Stall, stall

from farmlive.ids import token
from farmlive.shop.order_models import HoldPlace
from farmlive.store.doors import Store

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
        ["4 boxes are sold, 3 in orders", "a lot's grams are not those of its offers"],
    ),
    "a box held for nobody": (
        "UPDATE offers SET held = held - 1",
        ["3 boxes are held, 4 in holds", "a lot's grams are not those of its offers"],
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


@pytest.fixture
async def traded(stall: Stall) -> list[str]:
    """Two orders, of three boxes together, and four that are held; which orders."""
    placed = [(await stall.place(boxes))["order"] for boxes in (1, 2)]
    line = {"offer": stall.card.offer, "quantity": 4, "price": PRICE}
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
    assert set(traded) < set(ledger.answers.values())


@pytest.mark.parametrize("name", SPOILED)
async def test_a_ledger_that_does_not_add_up_is_told(
    store: Store, traded: list[str], read: Any, name: str
) -> None:
    statement, told = SPOILED[name]
    await store.write(lambda connection: connection.execute(text(statement)).close())
    assert read().wrong == told
