"""What the audit list has of files, papers, searches and refusals."""

from collections import Counter
from typing import Any

import httpx
from tests.pages.conftest import BUYER, Sale, signed_in

from farmlive.server import Server


async def entries(site: Server, *actions: str) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Who, in which broadcast and what, of these actions, the first ones first."""
    await site.house.people.access.stop()  # writes whatever is counted
    return [
        (deed.name, deed.broadcast, deed.detail)
        for deed in reversed(await site.house.people.audit_entries(None, 500))
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
        found = await host.post(f"{orders}/search", json={"find": find})
        assert [order["number"] for order in found.json()["orders"]] == [sale.number]
    refused = await host.get(orders, params={"find": BUYER["name"]})
    assert (refused.status_code, "orders/search" in refused.text) == (422, True)
    answer = await host.post("/api/v1/handovers/search", json={"find": BUYER["phone"][-4:]})
    assert answer.status_code == 200
    listed = await entries(site, "buyers.search")
    assert {name for name, _, _ in listed} == {"lin"}
    # A second may end between two of them.
    by: Counter[str] = Counter()
    for _, _, detail in listed:
        by[detail["by"]] += detail.get("count", 1)
        assert detail.keys() <= {"by", "count", "first"}
    assert by == {"phone": 2, "name": 1}
