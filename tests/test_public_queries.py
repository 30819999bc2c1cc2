"""What a stranger makes the database do: every address that answers without signing in, each of its
queries looked at on both databases.
"""

import re
from typing import Any

import httpx
from sqlalchemy import Connection, Engine, event
from tests.every_route import PROXIED, every_address, stock

from farmlive.server import Server
from farmlive.shop import rush
from farmlive.store import Store

# Read as a whole wherever they are read, and why that is little.
WHOLE = {
    "alembic_version": "a row",
    "secrets": "a row a secret",
    "broadcasts": "one of some hundred bytes an evening; the list has 200 at most",
    "centres": "staff's; a county has some dozen",
    "parcel_fees": "staff's; one table of a few hundred rows",
    "fees": "staff's; one table of a few hundred rows",
    "blocks": "staff's; read once in five seconds",
    "pulse": "a row",
    "compatibility": "a row",
    "anon_1": "a query within another, with a limit of its own",
}


def scans(connection: Connection, statement: str, parameters: Any) -> list[str]:
    """The tables that the database would walk through from end to end."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        steps = [str(row[3]) for row in found]
        return [each[1] for step in steps if (each := re.fullmatch(r"SCAN (\w+)", step))]
    found = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all()
    steps = [str(row[0]) for row in found]
    return [each[1] for step in steps if (each := re.search(r"Seq Scan on (\w+)", step))]


async def test_nothing_that_a_stranger_asks_walks_through_a_table_that_grows(
    server: Server,
) -> None:
    shop = await stock(server)
    asked: dict[str, tuple[Any, str]] = {}
    now = ""

    def keep(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, *_others: Any
    ) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.setdefault(statement, (parameters, now))

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        async with httpx.AsyncClient(base_url=server.url, headers=PROXIED) as client:
            for address in every_address(server):
                now = f"{address.method} {address.path}"
                query = {
                    "/epcis/v2/events": "?LT_eventTime=2026-11-25T00:00:00Z",
                    "/api/v1/lots": f"?farm={shop.known['farm']}",
                }.get(address.path, "")
                for accept in ("text/html", "application/json"):
                    url = address.url(shop.known) + query
                    body = {} if address.method in ("GET", "OPTIONS") else {"json": {}}
                    await client.request(address.method, url, headers={"Accept": accept}, **body)
    finally:
        event.remove(Engine, "before_cursor_execute", keep)
    assert len(asked) > 30

    def look(connection: Connection) -> list[str]:
        if connection.dialect.name == "postgresql":
            # Of a table of three rows an index is never worth it.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return [
            f"{where}: {table}: {statement}"
            for statement, (parameters, where) in asked.items()
            for table in scans(connection, statement, parameters)
            if table not in WHOLE
        ]

    assert await server.house.store.read(look) == []


async def test_what_is_looked_for_every_second_has_its_index(store: Store) -> None:
    def look(connection: Connection) -> list[str]:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return scans(connection, str(rush._NEXT), ())

    assert await store.read(look) == []
