"""Digital Link, link sets and EPCIS, as a scanner or another system asks for them."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from tests.origin.harvesting import GTIN, harvest_body
from tests.support.parts import origin_of

from farmlive.origin.core.models import Farm, NewLot
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.store import Store

HERE = Path(__file__).parent


@pytest.mark.parametrize("gtin", ["9524000059109", GTIN])
async def test_a_digital_link_leads_to_the_story(site: Any, farm: Farm, gtin: str) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest_body(farm))).json()
    answer = await site.viewer.get(f"/01/{gtin}/10/1123")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"/origin/lot/{lot['id']}"


async def test_a_digital_link_with_a_slash_in_the_lot_code_leads_there(
    site: Any, farm: Farm
) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest_body(farm, code="A/1"))).json()
    path = urlsplit(lot["class_uri"]).path
    assert path.endswith("/10/A%2F1")
    answer = await site.viewer.get(path)
    assert (answer.status_code, answer.headers["location"]) == (307, f"/origin/lot/{lot['id']}")
    assert (await site.viewer.get(f"/01/{GTIN}/10/A/1")).status_code == 404


async def test_a_private_class_leads_to_the_story(site: Any, farm: Farm) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest_body(farm, gtin=None))).json()
    answer = await site.viewer.get(urlsplit(lot["class_uri"]).path)
    assert (answer.status_code, answer.headers["location"]) == (307, f"/origin/lot/{lot['id']}")


async def test_unknown_and_wrong_identifiers_are_told_apart(site: Any, farm: Farm) -> None:
    await site.staff.post("/api/v1/lots", json=harvest_body(farm))
    unknown = await site.viewer.get(f"/01/{GTIN}/10/9999")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-lot")
    wrong = await site.viewer.get("/01/9524000059108/10/1123")
    assert (wrong.status_code, wrong.json()["type"]) == (400, "/problems/wrong-identifier")
    assert "check digit" in wrong.json()["detail"]


async def test_the_harvest_is_a_commissioning_with_its_facts_in_ilmd(site: Any, farm: Farm) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest_body(farm))).json()
    answer = await site.viewer.get("/epcis/v2/events", params={"lot": lot["id"]})
    assert answer.headers["content-type"] == "application/ld+json"
    document = answer.json()
    assert document["type"] == "EPCISQueryDocument"
    assert document["schemaVersion"] == "2.0"
    assert document["@context"][0].startswith("https://ref.gs1.org/standards/epcis/")
    picked, tested, packed = document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
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
    example = json.loads((HERE / "epcis" / "ObjectEvent_all_possible_fields.json").read_text())
    (known, *_) = example["epcisBody"]["eventList"]
    lot = (await site.staff.post("/api/v1/lots", json=harvest_body(farm))).json()
    shipped = {"at": "2026-11-22T09:00:00+08:00", "to": {"en": "Fuzhou"}}
    await site.staff.post(f"/api/v1/lots/{lot['id']}/shippings", json=shipped)
    document = (await site.viewer.get("/epcis/v2/events")).json()
    assert {"@context", "type", "schemaVersion", "creationDate", "epcisBody"} == set(document)
    assert document["@context"][0] == example["@context"][0]
    assert document["schemaVersion"] == example["schemaVersion"]
    events = document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert [event["bizStep"] for event in events] == [
        "commissioning",
        "inspecting",
        "packing",
        "shipping",
    ]
    for event in events:
        # The members that the standard's schema requires of an ObjectEvent.
        assert {"type", "action", "eventTime", "eventTimeZoneOffset", "quantityList"} <= set(event)
        assert re.fullmatch(r"[+-]\d\d:\d\d", event["eventTimeZoneOffset"])
        for name, value in event.items():
            if not name.startswith("farmlive:") and name != "recordTime":
                assert type(value) is type(known[name]), name
        assert set(event["quantityList"][0]) <= set(known["quantityList"][0])
        # Facts of the making of a lot may stand in no other event (section 7.3.6).
        assert ("ilmd" in event) == (event["action"] == "ADD")
        assert all(name.split(":")[0] in ("cbvmda", "farmlive") for name in event.get("ilmd", {}))


async def test_events_are_filtered_by_class_whatever_the_length_of_its_gtin(
    site: Any, farm: Farm
) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest_body(farm))).json()
    await site.staff.post("/api/v1/lots", json=harvest_body(farm, code="2", gtin=None))

    async def steps(**params: str) -> list[str]:
        document = (await site.viewer.get("/epcis/v2/events", params=params)).json()
        return [
            event["bizStep"]
            for event in document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        ]

    every = ["commissioning", "inspecting", "packing"]
    assert await steps() == [step for step in every for _ in range(2)]
    assert await steps(epc=lot["class_uri"]) == every
    assert await steps(MATCH_anyEPCClass="https://id.gs1.org/01/9524000059109/10/1123") == every
    assert await steps(epc=lot["class_uri"], EQ_bizStep="packing") == ["packing"]
    assert await steps(epc=f"https://id.gs1.org/01/{GTIN}/10/none") == []
    assert await steps(epc="urn:epc:id:sgtin:1.2.3") == []
    assert await steps(GE_eventTime="2026-11-21T00:00:00Z", epc=lot["class_uri"]) == every[1:]
    assert await steps(LT_eventTime="2026-11-21T07:00:00Z", epc=lot["class_uri"]) == every[:2]
    assert await steps(lot="none") == []


async def test_events_come_in_pages_by_their_link(site: Any, farm: Farm) -> None:
    await site.staff.post("/api/v1/lots", json=harvest_body(farm))
    first = await site.viewer.get("/epcis/v2/events?perPage=2&EQ_bizStep=packing")
    assert "link" not in first.headers
    first = await site.viewer.get("/epcis/v2/events?perPage=2")
    assert len(first.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) == 2
    second = await site.viewer.get(first.links["next"]["url"])
    assert [
        e["bizStep"] for e in second.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    ] == ["packing"]
    assert "link" not in second.headers


async def test_a_query_that_is_not_known_is_refused_rather_than_answered_with_all(
    site: Any,
) -> None:
    answer = await site.viewer.get("/epcis/v2/events?EQ_bizLocation=here")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
    assert "EQ_bizLocation" in answer.json()["detail"]
    assert (await site.viewer.get("/epcis/v2/events?linkType=gs1:epcis&17=270101")).is_success


async def test_events_of_one_identifier(site: Any, farm: Farm) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest_body(farm, code="A/1"))).json()
    await site.staff.post("/api/v1/lots", json=harvest_body(farm, code="2"))
    story = (await site.viewer.get(f"/api/v1/lots/{lot['id']}")).json()
    answer = await site.viewer.get(story["events_url"])
    document = answer.json()
    events = document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert {event["quantityList"][0]["epcClass"] for event in events} == {lot["class_uri"]}
    assert len(events) == 3
    page = await site.viewer.get(f"{story['events_url']}?perPage=2")
    following = await site.viewer.get(page.links["next"]["url"])
    assert following.is_success
    elsewhere = quote(f"https://id.gs1.org/01/{GTIN}/10/2", safe="")
    assert (await site.viewer.get(f"/epcis/v2/epcs/{elsewhere}/events")).is_success
    unknown = quote(f"https://id.gs1.org/01/{GTIN}/10/9", safe="")
    assert (await site.viewer.get(f"/epcis/v2/epcs/{unknown}/events")).status_code == 404
    raw = f"/epcis/v2/epcs/https://id.gs1.org/01/{GTIN}/10/2/events"
    assert (await site.viewer.get(raw)).status_code == 404


async def test_a_lots_link_set_names_every_link(site: Any, farm: Farm) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest_body(farm, code="A/1"))).json()
    path = f"/01/{GTIN}/10/A%2F1"
    voc = "https://ref.gs1.org/voc/"
    asked = await site.viewer.get(path, headers={"Accept": "application/linkset+json"})
    assert asked.status_code == 200
    assert asked.headers["content-type"] == "application/linkset+json"
    assert "json-ld#context" in asked.headers["link"]
    assert asked.headers["access-control-allow-origin"] == "*"
    (context,) = asked.json()["linkset"]
    base = lot["class_uri"].removesuffix(path)
    assert context["anchor"] == base + path
    (default,) = context[voc + "defaultLink"]
    assert default["href"] == f"{base}/origin/lot/{lot['id']}"
    assert set(default) == {"href", "title"}
    (page,) = context[voc + "pip"]
    assert page["href"] == default["href"]
    assert page["hreflang"] == ["zh", "en"]
    assert page["title*"][0] == {"value": "金桔 A/1", "language": "zh"}
    assert voc + "certificationInfo" not in context
    for target in (target for name in context if name.startswith(voc) for target in context[name]):
        assert target["title"]
        assert (await site.viewer.get(target["href"])).status_code in (200, 404)
    for query in ("linkType=linkset", "linkType=all"):
        assert (await site.viewer.get(f"{path}?{query}")).json() == asked.json()
    assert (await site.viewer.get(path, headers={"Accept": "application/json"})).status_code == 200


async def test_a_lot_leads_to_the_link_of_the_type_and_form_that_is_asked_for(
    site: Any, farm: Farm
) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest_body(farm))).json()
    path = f"/01/{GTIN}/10/1123"

    async def leads(query: str = "", accept: str = "text/html,*/*;q=0.8") -> str:
        answer = await site.viewer.get(path + query, headers={"Accept": accept})
        assert answer.status_code == 307, answer.text
        assert 'rel="linkset"' in answer.headers["link"]
        assert "voc/pip" in answer.headers["link"]
        return str(answer.headers["location"])

    story = f"/origin/lot/{lot['id']}"
    assert await leads() == story
    assert await leads(accept="") == story
    assert await leads("?linkType=gs1:pip") == f"{story}?linkType=gs1:pip"
    assert (await leads("?linkType=https://ref.gs1.org/voc/traceability")).startswith(story)
    records = await leads(accept="application/ld+json")
    assert records.startswith("/epcis/v2/epcs/")
    assert (await site.viewer.get(records)).is_success
    asked = await leads("?linkType=gs1:traceability", "application/ld+json")
    assert asked.startswith(records)
    assert (await site.viewer.get(asked)).is_success
    assert (await leads("?linkType=gs1:locationInfo")).startswith(f"/origin/farm/{farm.id}")
    assert await leads("?17=270101") == f"{story}?17=270101"
    assert await leads("/") == story


async def test_a_link_type_that_a_lot_does_not_have_is_told(site: Any, farm: Farm) -> None:
    await site.staff.post("/api/v1/lots", json=harvest_body(farm))
    for kind in ("gs1:certificationInfo", "gs1:recipeInfo", "nonsense"):
        answer = await site.viewer.get(f"/01/{GTIN}/10/1123?linkType={kind}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-link")
        assert "gs1:pip" in answer.json()["link_types"]


async def test_a_resolver_answers_head_and_options_and_describes_itself(
    site: Any, farm: Farm
) -> None:
    lot = (await site.staff.post("/api/v1/lots", json=harvest_body(farm, gtin=None))).json()
    path = urlsplit(lot["class_uri"]).path
    assert (await site.viewer.head(path)).status_code == 307
    options = await site.viewer.options(path)
    assert options.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    described = (await site.viewer.get("/.well-known/gs1resolver")).json()
    assert described["supportedPrimaryKeys"] == ["01"]
    assert lot["class_uri"].startswith(described["resolverRoot"])


async def test_a_product_leads_to_its_newest_lot(site: Any, farm: Farm) -> None:
    await site.staff.post("/api/v1/lots", json=harvest_body(farm, code="old"))
    newer = harvest_body(farm, code="new", harvested_at="2026-11-21T08:30:00+08:00")
    lot = (await site.staff.post("/api/v1/lots", json=newer)).json()
    answer = await site.viewer.get(f"/01/{GTIN}")
    assert (answer.status_code, answer.headers["location"]) == (307, f"/origin/lot/{lot['id']}")
    assert (await site.viewer.get("/01/9524000059116")).status_code == 404


@pytest.mark.parametrize("gtin", [GTIN, None])
async def test_a_label_leads_on_when_the_server_has_moved(
    origin: Origin, staff: Caller, farm: Farm, store: Store, settings: Settings, gtin: str | None
) -> None:
    new = NewLot.model_validate(harvest_body(farm, gtin=gtin))
    lot = await origin.add_lot(staff, new)
    moved = origin_of(store, settings.model_copy(update={"public_url": "https://live.test"}))
    assert lot.class_uri.startswith(settings.url)
    assert (await moved.story(lot.id)).lot.class_uri == lot.class_uri
    path = lot.class_uri.removeprefix(settings.url)
    for uri in (lot.class_uri, f"https://live.test{path}", path):
        assert await moved.find_uri(uri) == lot.id
        events, _ = await moved.events(uri=uri)
        assert len(events) == 3
