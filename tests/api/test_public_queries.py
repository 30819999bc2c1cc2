"""What a stranger makes the database do: every address that answers without signing in, and every
message of the channel, each of their statements looked at on both databases; and all that is
prepared ahead, whoever causes it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, Engine, Executable, Insert, Table, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ClauseElement, visitors
from tests.support.every_route import PROXIED, Shop, every_address, example, inlined, stock
from tests.support.query_plans import explain, explain_hot, makes_tables, without_rows
from websockets.asyncio.client import connect

import farmlive.app  # noqa: F401  (every room's statements)
from farmlive.ids import token
from farmlive.server import Server
from farmlive.settings import Settings
from farmlive.shop.checkout import rush
from farmlive.shop.flash import limits
from farmlive.shop.stock import shortage
from farmlive.store import Store, metadata
from farmlive.store.fast.compiled import _HOT

# A statement each, with its parameters and who caused it first.
Asked = dict[str, tuple[Any, str]]


@contextmanager
def statements(now: list[str]) -> Iterator[Asked]:
    """What is asked meanwhile by SQLAlchemy; what is hot goes past it."""
    asked: Asked = {}

    def keep(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        first = statement.lstrip().partition(" ")[0].upper()
        if first in ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT") and not many:
            asked.setdefault(statement, (parameters, now[-1]))

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", keep)


async def ask_everything(server: Server, shop: Shop, now: list[str]) -> None:
    """Ask at every address, with a good body too, as someone who is not signed in."""
    async with httpx.AsyncClient(base_url=server.url, headers=PROXIED) as client:
        for address in every_address(server):
            now.append(f"{address.method} {address.path}")
            query = {
                "/epcis/v2/events": "?LT_eventTime=2026-11-25T00:00:00Z",
                "/api/v1/lots": f"?farm={shop.known['farm']}",
            }.get(address.path, "")
            url = address.url(shop.known) + query
            bodies: list[dict[str, Any]] = [{}]
            if address.method not in ("GET", "OPTIONS"):
                bodies = [{"json": {}}]
                if address.body is not None:
                    bodies.append({"json": example(address.body, shop.members)})
            for accept in ("text/html", "application/json"):
                headers = {"Accept": accept, "Idempotency-Key": token()}
                for body in bodies:
                    await client.request(address.method, url, headers=headers, **body)


async def say_everything(server: Server, shop: Shop, now: list[str]) -> int:
    """Send every message of the channel, as a viewer; how many were taken."""
    url = f"{server.url.replace('http', 'ws')}/api/v1/broadcasts/{shop.known['broadcast']}/live"
    taken = 0
    async with connect(url, additional_headers=PROXIED, subprotocols=["farmlive.v1"]) as socket:  # type: ignore[list-item]
        for name, command in server.house.channel.commands.items():
            now.append(name)
            known = {**shop.members, "type": name, "key": token()}
            await socket.send(
                json.dumps(example(inlined(command.model.model_json_schema()), known))
            )
            while (reply := json.loads(await socket.recv()))["type"] != "reply":
                pass
            taken += reply["ok"]
    return taken


async def test_nothing_that_a_stranger_causes_walks_through_a_table_that_grows(
    server: Server,
) -> None:
    shop, now = await stock(server), [""]
    with statements(now) as asked:
        # First, since a viewer of the API may end what is sold.
        assert await say_everything(server, shop, now) >= 3
        await ask_everything(server, shop, now)
    assert len(asked) > 50

    def look(connection: Connection) -> list[str]:
        with without_rows(connection):
            return [
                f"{where}: {table}: {statement}"
                for statement, (parameters, where) in asked.items()
                for table in explain(connection, statement, parameters).walked
            ]

    assert await server.house.store.read(look) == []


def hot_statements() -> list[Executable]:
    """Those of the server; tests have others, on tables of their own."""
    found: list[Executable] = []
    for hot in _HOT.values():
        assert isinstance(hot.statement, ClauseElement)
        tables = [each for each in visitors.iterate(hot.statement) if isinstance(each, Table)]
        if all(table.metadata is metadata for table in tables):
            found.append(hot.statement)
    return found


@pytest.mark.parametrize("listed", [2, 64])
async def test_nothing_that_is_prepared_ahead_walks_through_a_table_that_grows(
    store: Store, listed: int
) -> None:
    assert len(hot_statements()) > 30

    def look(connection: Connection) -> list[str]:
        with without_rows(connection):
            return [
                f"{table}: {statement}"
                for statement in hot_statements()
                if (plan := explain_hot(connection, statement, listed=listed)) is not None
                for table in plan.walked
            ]

    assert await store.read(look) == []


async def test_sqlite_makes_no_table_for_what_an_order_puts_in(store: Store) -> None:
    """As it does to look whether a row fits an index of some, where a list says which."""
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL makes none")
    inserts = [
        each
        for each in hot_statements()
        if isinstance(each, Insert) and not isinstance(each, postgresql.Insert)
    ]
    assert len(inserts) > 5

    def look(connection: Connection) -> list[str]:
        return [str(each) for each in inserts if makes_tables(connection, each)]

    assert await store.read(look) == []


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_is_prepared_in_a_new_database_walks_through_nothing_once_it_grows(
    settings: Settings, tables: None
) -> None:
    """The writer keeps the plan that PostgreSQL makes while tables are empty."""
    store = await Store.open(settings)

    def look(connection: Connection) -> list[str]:
        with without_rows(connection):
            return [
                f"{table}: {statement}"
                for statement in hot_statements()
                if (plan := explain_hot(connection, statement, scans=True)) is not None
                for table in plan.walked
            ]

    try:
        assert await store.read(look) == []
    finally:
        await store.close()


@pytest.mark.parametrize(
    "statement", [shortage._SOLD_AT, limits._HAD], ids=["sold at", "had of a batch"]
)
async def test_lines_are_read_by_their_orders(store: Store, statement: Any) -> None:
    """And not all that were ordered of an offer, or of a batch."""

    def look(connection: Connection) -> Any:
        with without_rows(connection):
            return explain_hot(connection, statement, scans=True)

    plan = await store.read(look)
    assert not [name for name in plan.indexes if name.startswith("ix_order_lines_")]
    assert {"pk_order_lines", "sqlite_autoindex_order_lines_1"} & set(plan.indexes)


@pytest.mark.parametrize(
    "statement", [shortage._BACK_AT, shortage._BACK_BESIDE], ids=["at", "beside"]
)
async def test_a_refusal_reads_a_few_holds_in_the_order_of_their_ends(
    store: Store, statement: Any
) -> None:
    """And not all that are held in a rush."""

    def look(connection: Connection) -> Any:
        with without_rows(connection):
            return explain_hot(connection, statement, scans=True)

    plan = await store.read(look)
    assert (plan.indexes, plan.is_sorted) == (["ix_holds_until_at"], False)


async def test_what_is_looked_for_every_second_has_its_index(store: Store) -> None:
    plan = await store.read(lambda connection: explain(connection, str(rush._NEXT)))
    assert plan.walked == []


@pytest.mark.parametrize("text", ["SELECT * FROM orders", "UPDATE orders SET state = 'x'"])
async def test_what_walks_through_a_table_is_found(store: Store, text: str) -> None:
    plan = await store.read(lambda connection: explain(connection, text))
    assert plan.walked == ["orders"]


async def test_a_limit_holds_only_where_nothing_is_passed_over(store: Store) -> None:
    few = "SELECT id FROM orders ORDER BY id LIMIT 5"
    found = "SELECT id FROM orders WHERE buyer_name = 'x' ORDER BY id LIMIT 5"
    plans = await store.read(lambda it: [explain(it, each) for each in (few, found)])
    assert plans[0].walked == []
    if store.dialect == "postgresql":  # whose plans say so
        assert plans[1].walked == ["orders"]
