from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.origin.harvesting import harvest_body

from farmlive.origin.core.models import Farm


async def test_staff_add_a_farm_and_anyone_sees_it(site: Any) -> None:
    new = {
        "name": {"zh": "溪口果园", "en": "Xikou Orchard"},
        "place": {"zh": "尤溪县", "en": ""},
        "person": {"zh": "陈师傅"},
        "story": {"en": "x" * 1500},
    }
    answer = await site.staff.post("/api/v1/farms", json=new)
    assert answer.status_code == 201
    farms = (await site.viewer.get("/api/v1/farms")).json()["farms"]
    assert farms == [answer.json()]
    assert farms[0]["name"] == new["name"]
    one = await site.viewer.get(f"/api/v1/farms/{farms[0]['id']}")
    assert one.json() == farms[0]


async def test_a_viewer_adds_neither_farm_nor_lot(site: Any, farm: Farm) -> None:
    farm_answer = await site.viewer.post("/api/v1/farms", json={"name": {"en": "x"}})
    lot_answer = await site.viewer.post("/api/v1/lots", json=harvest_body(farm))
    assert (farm_answer.status_code, lot_answer.status_code) == (401, 401)


async def test_a_lot_is_answered_with_its_times_in_rfc_3339(site: Any, farm: Farm) -> None:
    answer = await site.staff.post("/api/v1/lots", json=harvest_body(farm))
    assert answer.status_code == 201
    lot = answer.json()
    assert lot["harvested_at"] == "2026-11-20T00:30:00.000Z"
    story = (await site.viewer.get(f"/api/v1/lots/{lot['id']}")).json()
    assert story["lot"] == lot
    assert [station["step"] for station in story["stations"]] == ["picked", "tested", "packed"]
    assert story["stations"][2]["at"] == "2026-11-21T07:00:00.000Z"
    assert story["moments"] == []


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"gtin": "9524000059108"}, "gtin", "check digit"),
        ({"gtin": 9524000059109}, "gtin", ""),
        ({"code": "no spaces"}, "code", "1 to 20 characters"),
        ({"harvested_at": "2026-11-20"}, "harvested_at", "offset"),
        ({"harvested_at": "yesterday"}, "harvested_at", "offset"),
        ({"quantity_g": 0}, "quantity_g", ""),
        ({"product_name": {"zh": "", "en": " "}}, "product_name", "Chinese or English"),
        ({"colour": "orange"}, "colour", ""),
    ],
)
async def test_wrong_facts_are_named_and_nothing_is_kept(
    site: Any, farm: Farm, change: dict[str, object], field: str, says: str
) -> None:
    answer = await site.staff.post("/api/v1/lots", json=harvest_body(farm, **change))
    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert error["field"].endswith(field)
    assert says in error["message"]
    assert (await site.viewer.get("/api/v1/lots")).json() == {"lots": [], "next": None}


async def test_a_lot_harvested_tomorrow_is_refused(site: Any, farm: Farm) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    answer = await site.staff.post("/api/v1/lots", json=harvest_body(farm, harvested_at=tomorrow))
    assert answer.status_code == 422
