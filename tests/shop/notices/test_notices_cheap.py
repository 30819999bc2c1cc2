"""What notices cost the database: an order writes into few indexes, and a sender reads what it
takes alone, however many wait.
"""

from typing import Any, cast

import pytest
from sqlalchemy import Connection, Executable, func, literal_column, select, update
from tests.shop.conftest import HOST
from tests.shop.support.notice_providers import Post
from tests.shop.support.sent_notices import kept
from tests.support.parts import notices_of
from tests.support.query_plans import explain_hot, without_rows

from farmlive.settings import Settings
from farmlive.shop.notices import held as notices_held
from farmlive.shop.notices import queue, writing
from farmlive.shop.notices.providers import Notice, ProviderUnavailable
from farmlive.shop.notices.tables import notices
from farmlive.store import Store


async def indexes_written(store: Store) -> set[str | None]:
    """The partial indexes that any notice is in."""

    def read(connection: Connection) -> set[str | None]:
        found: set[str | None] = set()
        for index in notices.indexes:
            those = index.dialect_options[connection.dialect.name]["where"]
            count = select(func.count()).select_from(notices)
            if connection.execute(count.where(those)).scalar_one():
                found.add(index.name)
        return found

    return await store.read(read)


async def test_an_order_writes_into_two_indexes_and_sending_out_of_one(stall: Any) -> None:
    assert all(index.dialect_options["sqlite"]["where"] is not None for index in notices.indexes)
    await stall.place(1)
    assert await indexes_written(stall.store) == {"ix_notices_due", "ix_notices_told"}
    await stall.shop.notices.send()
    assert await indexes_written(stall.store) == {"ix_notices_told"}


LOOKED_FOR = {
    **{
        name: cast(Executable, getattr(queue, name))
        for name in ("_NEXT", "_DUE", "_WAITING", "_TAKE", "_TAKE_OTHERS", "_SENT", "_VOID")
    },
    "_PUT_OFF": queue._PUT_OFF,
    "_PUT": queue._PUT.values(state="failed"),
    "_OPEN": writing._OPEN,
    "_HASTEN": writing._HASTEN,
    "held": select(notices).where(notices_held._IS_HELD).order_by(notices.c.id.desc()).limit(50),
    "failed": queue._count.where(notices.c.state == literal_column("'failed'")),
    "waiting": select(notices.c.id).where(queue._TO_SEND).limit(1),
}


@pytest.mark.parametrize("name", LOOKED_FOR)
async def test_what_is_looked_for_is_read_alone_and_in_its_order(store: Store, name: str) -> None:
    def look(connection: Connection) -> Any:
        with without_rows(connection):
            return explain_hot(connection, LOOKED_FOR[name])

    plan = await store.read(look)
    assert plan.walked == []
    assert name == "_OPEN" or not plan.is_sorted


class Unreachable(Post):
    """Is not there, at any time."""

    def send(self, *notices: Notice) -> None:
        super().send(*notices)
        raise ProviderUnavailable("the network is gone")


class Counting:
    """A store that counts what is written."""

    def __init__(self, store: Store):
        self._store, self.keys = store, store.keys
        self.writes = 0

    async def read(self, function: Any) -> Any:
        return await self._store.read(function)

    async def write(self, function: Any, **how: Any) -> Any:
        self.writes += 1
        return await self._store.write(function, **how)


async def test_a_backlog_is_put_off_some_at_a_time(
    stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "PUT_OFF_AT_ONCE", 2)
    store, gone = Counting(stall.store), Unreachable("gone")
    made = notices_of(cast(Store, store), stall.log, settings, [gone])
    for _ in range(6):
        await stall.place(1)
    await made.send()
    rows = [row for row in await kept(stall.store) if row.provider == "gone"]
    until = rows[1].next_at
    assert [(row.state, row.tries) for row in rows] == [("waiting", 1)] + 5 * [("waiting", 0)]
    # The one that was tried stands behind the others.
    assert [row.next_at for row in rows] == [until + 1] + 5 * [until]
    assert len(gone.brought) == 1
    # One takes it, one puts it back, and three put the five others off.
    assert store.writes == 5


async def test_budgets_that_are_over_are_dropped_now_and_then(
    stall: Any, settings: Settings
) -> None:
    dropped = []
    made = notices_of(stall.store, stall.log, settings, [Post("post")])
    made._limits.forget = lambda connection, now: dropped.append(now)  # type: ignore[method-assign]
    for _ in range(3):
        await stall.place(1)
    await made.send()
    assert len(dropped) == 1


async def test_what_is_held_and_sent_on_counts_as_of_staff(stall: Any) -> None:
    """The index of what was told relies on it: none in it was ever held back."""
    await stall.place(1)
    held = update(notices).values(state="held", held_by="number")
    await stall.store.write(lambda connection: connection.execute(held).close())
    (row,) = await kept(stall.store)
    await stall.shop.notices.held.send(HOST, row.id)
    (row,) = await kept(stall.store)
    assert (row.cause, row.held_by) == ("staff", "number")
    assert await indexes_written(stall.store) == {"ix_notices_due", "ix_notices_open"}
