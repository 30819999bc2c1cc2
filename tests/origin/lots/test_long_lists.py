"""What anyone may ask of long lists: each by pages, and each with its index on either database."""

from typing import Any

import pytest
from sqlalchemy import Connection, Select, insert, text
from tests.origin.conftest import Site
from tests.support.query_plans import explain_select

from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.origin.core.tables import farms, lot_gtins, trace_events
from farmlive.origin.core.tables import lots as lots_table
from farmlive.origin.lots import lookup, lots
from farmlive.store import Store

MARK = (1_000_000, "01JD00000000000000000000A1")
LOT = "01JD00000000000000000000B1"
PAGE = 100
STEP = "shipping"
AT = 1_700_000_000_000

# Every way in which a stranger can ask for lots and trace events.
QUERIES: dict[str, Select[Any]] = {
    "lots": lots.page(None, None, PAGE),
    "lots after": lots.page(None, MARK, PAGE),
    "lots of a farm": lots.page(LOT, None, PAGE),
    "lots of a farm after": lots.page(LOT, MARK, PAGE),
    "events": lookup.events_query(None, None, None, None, None, PAGE),
    "events after": lookup.events_query(None, None, None, None, MARK, PAGE),
    "events until": lookup.events_query(None, None, None, AT, None, PAGE),
    "events since": lookup.events_query(None, None, AT, None, None, PAGE),
    "events between after": lookup.events_query(None, None, AT, AT + 1, MARK, PAGE),
    "events of a step": lookup.events_query(None, STEP, None, None, None, PAGE),
    "events of a step until": lookup.events_query(None, STEP, None, AT, None, PAGE),
    "events of a step after": lookup.events_query(None, STEP, None, None, MARK, PAGE),
    "events of a lot": lookup.events_query(LOT, None, None, None, None, PAGE),
    "events of a lot until": lookup.events_query(LOT, None, None, AT, None, PAGE),
    "events of a lot and a step": lookup.events_query(LOT, STEP, None, None, MARK, PAGE),
    "newest of a GTIN": lookup.newest_query("06901234567892"),
}


@pytest.fixture
async def many(store: Store) -> None:
    """A farm with 3,000 lots of one GTIN and two trace events each."""
    farm = ulid()
    ids = [ulid() for _ in range(3000)]

    def write(connection: Connection) -> None:
        named = {"zh": "金桔", "en": ""}
        connection.execute(
            insert(farms), {"id": farm, "name": named, "place": named, "created_at": now_ms()}
        )
        facts = {"farm": farm, "product_name": named, "quantity_g": 1000, "created_at": now_ms()}
        rows = [
            {"id": each, "code": f"{at}", "class_uri": f"https://x/{at}", "harvested_at": AT + at}
            for at, each in enumerate(ids)
        ]
        connection.execute(insert(lots_table), [{**facts, **row} for row in rows])
        connection.execute(
            insert(lot_gtins),
            [
                {"gtin": "06901234567892", "code": f"{at}", "lot": each}
                for at, each in enumerate(ids)
            ],
        )
        events = [
            {"id": ulid(), "lot": each, "at": AT + at, "biz_step": step, "document": {}}
            for at, each in enumerate(ids)
            for step in ("commissioning", STEP)
        ]
        connection.execute(insert(trace_events), [{**row, "recorded_at": AT} for row in events])

    await store.write(write)
    if store.dialect == "postgresql":
        await store.write(lambda connection: connection.execute(text("ANALYZE")).close())


@pytest.mark.parametrize("name", QUERIES)
async def test_each_way_of_asking_has_its_index(many: None, store: Store, name: str) -> None:
    plan = await store.read(lambda connection: explain_select(connection, QUERIES[name]))
    assert not {"lots", "trace_events", "lot_gtins"} & set(plan.walked)
    # Nothing is put in order but what is of one lot, or of the hundred that were recorded last.
    if name != "newest of a GTIN" and "of a lot" not in name:
        assert not plan.is_sorted


async def test_lots_come_by_pages_and_each_once(many: None, site: Site) -> None:
    path = "/api/v1/lots"
    seen: list[str] = []
    pages = 0
    while path:
        answer = await site.viewer.get(path)
        body = answer.json()
        assert len(body["lots"]) <= 200
        seen += [lot["id"] for lot in body["lots"]]
        pages += 1
        link = answer.links.get("next", {}).get("url", "")
        assert (body["next"] is not None) == bool(link)
        path = link if pages > 1 else link and f"{path}?limit=200&cursor={body['next']}"
    assert (len(seen), len(set(seen)), pages) == (3000, 3000, 16)
    first = (await site.viewer.get("/api/v1/lots")).json()["lots"]
    assert len(first) == 100
    assert [lot["code"] for lot in first[:2]] == ["2999", "2998"]


@pytest.mark.any_database
@pytest.mark.parametrize("cursor", ["x", "1-", "1-x y", "-", "9" * 40, "1-2-3", "é-1"])
async def test_cursor_that_is_none_is_said(site: Site, cursor: str) -> None:
    for path in ("/api/v1/lots", "/api/v1/farms"):
        answer = await site.viewer.get(path, params={"cursor": cursor})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "cursor"
    answer = await site.viewer.get("/epcis/v2/events", params={"nextPageToken": cursor})
    assert answer.status_code == 422


async def test_farms_plots_and_works_come_by_pages(site: Site) -> None:
    names = {"zh": "果园", "en": ""}
    made = [
        (await site.staff.post("/api/v1/farms", json={"name": names, "place": names})).json()["id"]
        for _ in range(5)
    ]
    plots = [
        (await site.staff.post(f"/api/v1/farms/{made[0]}/plots", json={"name": names})).json()["id"]
        for _ in range(3)
    ]
    works = [
        (
            await site.staff.post(
                f"/api/v1/plots/{plots[0]}/works",
                json={"kind": "flowered", "at": f"2026-03-0{day}T00:00:00Z"},
            )
        ).json()["id"]
        for day in (1, 1, 2)
    ]
    works.sort(reverse=True)
    for path, member, expected in (
        ("/api/v1/farms", "farms", made),
        (f"/api/v1/farms/{made[0]}/plots", "plots", plots),
        (f"/api/v1/plots/{plots[0]}/works", "works", works),
    ):
        seen: list[str] = []
        following = f"{path}?limit=2"
        while following:
            answer = await site.viewer.get(following)
            seen += [each["id"] for each in answer.json()[member]]
            following = answer.links.get("next", {}).get("url", "")
        assert sorted(seen) == sorted(expected), path
        assert len(seen) == len(set(seen))
