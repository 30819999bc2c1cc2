"""What the till's question costs the database: it looks into indexes and adds nothing up, and who
has nothing is asked nothing more.
"""

from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from tests.shop.conftest import caller
from tests.support.query_plans import explain_hot, without_rows

from farmlive.shop.checkout import queries
from farmlive.shop.orders import box_limits, fraud_flags
from farmlive.store import Store
from farmlive.store.fast.connection import HotConnection

QUESTIONS = {
    f"{name} {'by source' if by_source else 'alone'}": statement
    for name in ("HOLD", "PARCEL", "PICKUP")
    for by_source, statement in getattr(queries, name).items()
}


@pytest.mark.parametrize("name", QUESTIONS)
async def test_it_walks_through_no_table_and_adds_nothing_up(store: Store, name: str) -> None:
    statement = cast(Any, QUESTIONS[name])

    def look(connection: Connection) -> Any:
        with without_rows(connection):
            return explain_hot(connection, statement)

    plan = await store.read(look)
    # Of that any row will do.
    assert set(plan.walked) <= {"notice_counts"}
    assert not plan.is_sorted
    # PostgreSQL takes longer to set an aggregate up than to look into an index.
    text = str(statement.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert "sum(" not in text
    assert "count(" not in text


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The statements that are executed from now on."""
    found: list[Any] = []
    execute = HotConnection.execute

    def watched(self: HotConnection, statement: Any, *how: Any, **more: Any) -> Any:
        found.append(statement)
        return execute(self, statement, *how, **more)

    monkeypatch.setattr(HotConnection, "execute", watched)
    return found


def is_among(statement: Any, executed: list[Any]) -> bool:
    return any(each is statement for each in executed)


async def test_who_has_nothing_is_asked_nothing_more(stall: Any, executed: list[Any]) -> None:
    placed = await stall.place(1)
    other = stall.request(1, buyer={"name": "李", "phone": "13900000000"})
    elsewhere = replace(caller("another device"), address="192.0.2.77")
    await stall.shop.till.place(elsewhere, stall.broadcast, other)
    assert not is_among(box_limits._TAKEN, executed)
    assert not is_among(fraud_flags._CALLED_OFF, executed)
    await stall.place(1)
    assert is_among(box_limits._TAKEN, executed)
    assert not is_among(fraud_flags._CALLED_OFF, executed)
    await stall.shop.orders.cancel(placed["token"])
    await stall.place(1)
    assert is_among(fraud_flags._CALLED_OFF, executed)
