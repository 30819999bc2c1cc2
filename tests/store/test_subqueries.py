"""A few rows of a small query as a part of a larger one, alike on both databases."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Integer, bindparam, insert, literal_column, select

from farmlive.shop.notices.tables import notice_budgets
from farmlive.store import Store, count_of, hot, list_of
from farmlive.store.fast.compiled import _HOT

_rows = (
    select(notice_budgets.c.used)
    .where(notice_budgets.c.sender == bindparam("sender"))
    .limit(bindparam("most", type_=Integer))
)


@pytest.fixture
def asked() -> Iterator[Any]:
    """A statement that is prepared ahead, for as long as the test runs: others look at all."""
    statement = hot(
        select(
            literal_column("7").label("beside"),
            count_of(_rows).label("count"),
            list_of(_rows).label("every"),
        )
    )
    yield statement
    del _HOT[id(statement)]


@pytest.mark.parametrize(
    ("sender", "most", "count", "every"),
    [("none", 9, 0, None), ("one", 9, 1, [5]), ("some", 9, 3, [1, 2, -3]), ("some", 2, 2, [1, 2])],
)
async def test_they_are_counted_and_listed(
    store: Store, asked: Any, sender: str, most: int, count: int, every: Any
) -> None:
    kept = [("one", 5), ("some", 1), ("some", 2), ("some", -3)]
    rows = [{"hour": hour, "sender": who, "used": used} for hour, (who, used) in enumerate(kept)]

    def ask(connection: Connection) -> Any:
        connection.execute(insert(notice_budgets), rows)
        return connection.execute(asked, {"sender": sender, "most": most}).one()

    found = await store.write(ask)
    assert (found.beside, found.count, found.every) == (7, count, every)
