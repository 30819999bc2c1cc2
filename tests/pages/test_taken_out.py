"""What the audit list has of files, papers, searches and refusals, and the list as a file."""

import csv
from collections import Counter
from io import StringIO
from typing import Any

import httpx
from sqlalchemy import Connection

from farmlive.ids import ulid
from farmlive.people import audit
from farmlive.people.caller import Caller
from farmlive.server import Server

from .conftest import BUYER, Sale, signed_in


async def entries(site: Server, *actions: str) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Who, in which broadcast and what, of these actions, the first ones first."""
    await site.house.people.access.stop()  # writes whatever is counted
    return [
        (deed.name, deed.broadcast, deed.detail)
        for deed in reversed(await site.house.people.deeds(None, 500))
        if deed.action in actions
    ]


async def test_files_and_papers_are_listed_with_rows_and_choice(
    site: Server, sale: Sale, host: httpx.AsyncClient
) -> None:
    for path in (
        f"/studio/{sale.broadcast}/orders.csv?state=placed&way=parcel",
        f"/studio/{sale.broadcast}/orders/slips?orders={sale.number}",
        f"/review/{sale.broadcast}/sheets/orders.xlsx?farm={sale.farm}",
        f"/review/{sale.broadcast}/lists/packing",
    ):
        assert (await host.get(path)).status_code == 200
    found = await entries(site, "file.export")
    assert {(name, broadcast) for name, broadcast, _ in found} == {("lin", sale.broadcast)}
    assert [detail for _, _, detail in found] == [
        {"what": "orders.csv", "rows": 1, "filter": {"state": "placed", "way": "parcel"}},
        {"what": "slips", "rows": 1, "filter": {"orders": sale.number}},
        {"what": "orders.xlsx", "rows": 1, "filter": {"farm": sale.farm}},
        {"what": "packing", "rows": 1, "filter": {}},
    ]


async def test_file_that_was_refused_is_a_refusal_and_no_file(site: Server, sale: Sale) -> None:
    async with signed_in(site, "moderator") as moderator:
        answer = await moderator.get(f"/review/{sale.broadcast}/sheets/cash.csv")
        assert answer.status_code == 403
    assert await entries(site, "file.export") == []
    assert await entries(site, "access.refuse") == [
        (
            "moderator",
            None,
            {"path": "GET /review/{broadcast}/sheets/{name}.{form}", "problem": "forbidden"},
        )
    ]


async def test_searches_for_buyers_are_listed_without_what_was_sought(
    site: Server, sale: Sale, host: httpx.AsyncClient
) -> None:
    host.headers["X-CSRF-Token"] = (await host.get("/api/v1/session")).json()["csrf"]
    orders = f"/api/v1/broadcasts/{sale.broadcast}/orders"
    for find in (BUYER["phone"], BUYER["name"], sale.number):
        found = await host.post(f"{orders}/find", json={"find": find})
        assert [order["number"] for order in found.json()["orders"]] == [sale.number]
    assert (await host.get(orders, params={"find": BUYER["name"]})).status_code == 200
    answer = await host.post("/api/v1/handovers/waiting", json={"find": BUYER["phone"][-4:]})
    assert answer.status_code == 200
    listed = await entries(site, "buyers.search")
    assert {name for name, _, _ in listed} == {"lin"}
    # A second may end between two of them.
    by: Counter[str] = Counter()
    for _, _, detail in listed:
        by[detail["by"]] += detail.get("count", 1)
        assert detail.keys() <= {"by", "count"}
    assert by == {"phone": 2, "name": 2}


async def test_audit_list_is_a_file_for_coordinators(
    site: Server, sale: Sale, host: httpx.AsyncClient, visitor: httpx.AsyncClient
) -> None:
    evil = Caller("A", "=HYPERLINK(0)", "host", "", None)

    def write(conn: Connection) -> None:
        for number in range(2_500):
            audit.note(conn, evil, "test.deed", ulid(), number=number)

    await site.house.store.write(write)
    answer = await host.get("/studio/audit.csv")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["at", "name", "account", "action", "subject", "broadcast", "detail"]
    made = [row for row in rows if row[3] == "test.deed"]
    assert [row[6] for row in made] == [f'{{"number":{n}}}' for n in reversed(range(2_500))]
    assert {row[1] for row in made} == {"'=HYPERLINK(0)"}
    assert len({tuple(row) for row in rows}) == len(rows)
    ((_, _, detail),) = await entries(site, "file.export")
    assert detail == {"what": "audit.csv", "rows": len(rows) - 1, "filter": {}}
    assert BUYER["phone"] not in answer.text
    assert BUYER["name"] not in answer.text
    assert (await visitor.get("/studio/audit.csv")).status_code == 303
    async with signed_in(site, "host") as other:
        assert (await other.get("/studio/audit.csv")).status_code == 403
