from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from farmlive.origin.models import Farm

GTIN = "09524000059109"


def harvest(farm: Farm, **other: object) -> dict[str, Any]:
    return {
        "farm": farm.id,
        "code": "1123",
        "product_name": {"zh": "金桔", "en": "Kumquats"},
        "gtin": GTIN,
        "harvested_at": "2026-11-20T08:30:00+08:00",
        "quantity_g": 412_500,
        "plot": "A 7",
        "inspection": {
            "at": "2026-11-21T09:00:00+08:00",
            "result": {"zh": "未检出农药残留", "en": "No residues found"},
            "laboratory": "Youxi County Laboratory",
        },
        "packed_at": "2026-11-21T15:00:00+08:00",
        **other,
    }


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


async def test_a_viewer_adds_neither_farm_nor_lot(site: Any, farm: Farm) -> None:
    farm_answer = await site.viewer.post("/api/v1/farms", json={"name": {"en": "x"}})
    lot_answer = await site.viewer.post("/api/v1/lots", json=harvest(farm))
    assert (farm_answer.status_code, lot_answer.status_code) == (401, 401)


async def test_a_lot_is_answered_with_its_times_in_rfc_3339(site: Any, farm: Farm) -> None:
    answer = await site.staff.post("/api/v1/lots", json=harvest(farm))
    assert answer.status_code == 201
    lot = answer.json()
    assert lot["harvested_at"] == "2026-11-20T00:30:00.000Z"
    story = (await site.viewer.get(f"/api/v1/lots/{lot['id']}")).json()
    assert story["lot"] == lot
    assert [station["step"] for station in story["stations"]] == ["picked", "tested", "packed"]
    assert story["stations"][2]["at"] == "2026-11-21T07:00:00.000Z"
    assert story["moments"] == []


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
    answer = await site.staff.post("/api/v1/lots", json=harvest(farm, **change))
    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert error["field"].endswith(field)
    assert says in error["message"]
    assert (await site.viewer.get("/api/v1/lots")).json() == {"lots": []}


async def test_a_lot_harvested_tomorrow_is_refused(site: Any, farm: Farm) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    answer = await site.staff.post("/api/v1/lots", json=harvest(farm, harvested_at=tomorrow))
    assert answer.status_code == 422


@pytest.mark.parametrize("gtin", ["9524000059109", GTIN])
async def test_a_digital_link_leads_to_the_story(site: Any, farm: Farm, gtin: str) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest(farm))).json()
    answer = await site.viewer.get(f"/01/{gtin}/10/1123")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"/origin/lot/{lot['id']}"


async def test_a_digital_link_with_a_slash_in_the_lot_code_leads_there(
    site: Any, farm: Farm
) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest(farm, code="A/1"))).json()
    path = urlsplit(lot["class_uri"]).path
    assert path.endswith("/10/A%2F1")
    answer = await site.viewer.get(path)
    assert (answer.status_code, answer.headers["location"]) == (307, f"/origin/lot/{lot['id']}")
    assert (await site.viewer.get(f"/01/{GTIN}/10/A/1")).status_code == 404


async def test_a_private_class_leads_to_the_story(site: Any, farm: Farm) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest(farm, gtin=None))).json()
    answer = await site.viewer.get(urlsplit(lot["class_uri"]).path)
    assert (answer.status_code, answer.headers["location"]) == (307, f"/origin/lot/{lot['id']}")


async def test_unknown_and_wrong_identifiers_are_told_apart(site: Any, farm: Farm) -> None:
    await site.staff.post("/api/v1/lots", json=harvest(farm))
    unknown = await site.viewer.get(f"/01/{GTIN}/10/9999")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-lot")
    wrong = await site.viewer.get("/01/9524000059108/10/1123")
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/problems/invalid")
    assert "check digit" in wrong.json()["detail"]


async def test_the_harvest_is_a_commissioning_with_its_facts_in_ilmd(site: Any, farm: Farm) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest(farm))).json()
    answer = await site.viewer.get("/epcis/v2/events", params={"lot": lot["id"]})
    assert answer.headers["content-type"] == "application/ld+json"
    document = answer.json()
    assert document["type"] == "EPCISDocument"
    assert document["schemaVersion"] == "2.0"
    assert document["@context"][0].startswith("https://ref.gs1.org/standards/epcis/")
    picked, tested, packed = document["epcisBody"]["eventList"]
    assert picked["type"] == "ObjectEvent"
    assert (picked["action"], picked["bizStep"]) == ("ADD", "commissioning")
    assert picked["eventTime"] == "2026-11-20T00:30:00.000Z"
    assert picked["eventTimeZoneOffset"] == "+08:00"
    assert picked["quantityList"] == [
        {"epcClass": lot["class_uri"], "quantity": 412.5, "uom": "KGM"}
    ]
    assert picked["ilmd"]["cbvmda:lotNumber"] == "1123"
    assert picked["ilmd"]["cbvmda:harvestEndDate"] == "2026-11-20T00:30:00.000Z"
    assert (tested["action"], tested["bizStep"]) == ("OBSERVE", "inspecting")
    assert (packed["action"], packed["bizStep"]) == ("OBSERVE", "packing")
    assert len({event["eventID"] for event in (picked, tested, packed)}) == 3


async def test_events_have_the_fields_of_the_standards_examples(site: Any, farm: Farm) -> None:
    # The members that every ObjectEvent of EPCIS 2.0's JSON schema requires.
    await site.staff.post("/api/v1/lots", json=harvest(farm))
    document = (await site.viewer.get("/epcis/v2/events")).json()
    assert {"@context", "type", "schemaVersion", "creationDate", "epcisBody"} == set(document)
    for event in document["epcisBody"]["eventList"]:
        assert {"type", "action", "eventTime", "eventTimeZoneOffset"} <= set(event)
        assert event["quantityList"]
        assert all(":" not in name or name.startswith("farmlive:") for name in event)


async def test_events_are_filtered_by_class_whatever_the_length_of_its_gtin(
    site: Any, farm: Farm
) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest(farm))).json()
    await site.staff.post("/api/v1/lots", json=harvest(farm, code="2", gtin=None))

    async def steps(**params: str) -> list[str]:
        document = (await site.viewer.get("/epcis/v2/events", params=params)).json()
        return [event["bizStep"] for event in document["epcisBody"]["eventList"]]

    every = ["commissioning", "inspecting", "packing"]
    assert await steps() == every * 2
    assert await steps(epc=lot["class_uri"]) == every
    assert await steps(MATCH_anyEPCClass="https://id.gs1.org/01/9524000059109/10/1123") == every
    assert await steps(epc=lot["class_uri"], EQ_bizStep="packing") == ["packing"]
    assert await steps(epc=f"https://id.gs1.org/01/{GTIN}/10/none") == []
    assert await steps(epc="urn:epc:id:sgtin:1.2.3") == []
    assert await steps(lot="none") == []


async def test_events_come_in_pages_by_their_link(site: Any, farm: Farm) -> None:
    await site.staff.post("/api/v1/lots", json=harvest(farm))
    first = await site.viewer.get("/epcis/v2/events?perPage=2&EQ_bizStep=packing")
    assert "link" not in first.headers
    first = await site.viewer.get("/epcis/v2/events?perPage=2")
    assert len(first.json()["epcisBody"]["eventList"]) == 2
    second = await site.viewer.get(first.links["next"]["url"])
    assert [e["bizStep"] for e in second.json()["epcisBody"]["eventList"]] == ["packing"]
    assert "link" not in second.headers
