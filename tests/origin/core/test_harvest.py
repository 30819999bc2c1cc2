"""From the orchard to the van: a harvest in four facts, waiting periods, tests, boxes, shipping."""

from typing import Any

import pytest
from sqlalchemy import func, select
from tests.origin.harvesting import DAY, NOON, harvest, spray
from tests.support.upload_bodies import chunks, pdf, picture

from farmlive.bilingual import Bilingual
from farmlive.clock import now_ms, parse_rfc3339, rfc3339
from farmlive.ids import ulid
from farmlive.origin.core.models import Farm, NewFarm, NewInspection, NewPlot, NewWork, Plot
from farmlive.origin.core.problems import OtherFarm, UnknownInspection, UnknownLot
from farmlive.origin.core.tables import inspections, lots, trace_events
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.store import Store
from farmlive.store.files.files import NotACertificate

GTIN = "09524000059109"


async def test_four_facts_from_the_orchard_make_a_lot(
    site: Any, origin: Origin, farm: Farm, plot: Plot
) -> None:
    facts = {"plot": plot.id, "quantity_g": 80_000, "harvested_at": rfc3339(NOON), "code": "A1"}
    answer = await site.staff.post("/api/v1/lots", json=facts)
    assert answer.status_code == 201
    lot = answer.json()
    assert (lot["farm"], lot["code"]) == (farm.id, "A1")
    assert lot["product_name"] == {"zh": "金柑", "en": "Kumquats"}
    assert lot["plot"] == {"id": plot.id, "name": {"zh": "三号坡", "en": ""}}
    events, _ = await origin.events(lot=lot["id"])
    assert events[0]["ilmd"]["farmlive:plot"] == plot.id
    assert events[0]["ilmd"]["farmlive:plotName"] == [{"@language": "zh", "@value": "三号坡"}]


async def test_without_a_code_the_next_free_one_of_the_day_is_taken(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    # Half past midnight in Youxi is the day before in UTC.
    night = parse_rfc3339("2026-11-20T00:30:00+08:00")
    made = [
        await origin.add_lot(staff, harvest(plot, harvested_at=at)) for at in (NOON, night, NOON)
    ]
    assert [lot.code for lot in made] == ["1120", "1120-2", "1120-3"]


async def test_a_free_code_is_free_under_its_gtin_too(
    origin: Origin, staff: Caller, plot: Plot, store: Store
) -> None:
    neighbour = await origin.add_farm(
        staff, NewFarm(name=Bilingual(zh="邻家"), place=Bilingual(zh="尤溪"))
    )
    await origin.add_lot(
        staff,
        harvest(None, farm=neighbour.id, code="1120", gtin=GTIN, product_name={"zh": "金柑"}),
    )
    assert (await origin.add_lot(staff, harvest(plot, gtin=GTIN))).code == "1120-2"


async def test_a_harvest_of_nothing_or_nowhere_is_refused(
    site: Any, origin: Origin, staff: Caller, farm: Farm, plot: Plot
) -> None:
    bare = await origin.add_plot(staff, farm.id, NewPlot(name=Bilingual(zh="空地")))
    neighbour = await origin.add_farm(staff, NewFarm(name=farm.name, place=farm.place))
    facts = {"quantity_g": 80_000, "harvested_at": rfc3339(NOON)}
    for wrong, status, says in (
        ({}, 422, "from which plot"),
        ({"farm": farm.id}, 422, "what was harvested"),
        ({"plot": bare.id}, 422, "what was harvested"),
        ({"plot": plot.id, "farm": neighbour.id}, 422, "another farm"),
        ({"plot": ulid()}, 404, "no such plot"),
        ({"plot": plot.id, "plot_name": "A 7"}, 422, "plot_name"),
    ):
        answer = await site.staff.post("/api/v1/lots", json={**facts, **wrong})
        assert answer.status_code == status
        assert says in answer.json()["detail"]
    assert await origin.lots() == []


async def test_a_harvest_within_a_waiting_period_is_refused_and_leaves_nothing(
    site: Any, origin: Origin, staff: Caller, plot: Plot, store: Store
) -> None:
    await spray(origin, staff, plot, NOON - 6 * DAY, 7)
    facts = {"plot": plot.id, "quantity_g": 80_000, "harvested_at": rfc3339(NOON)}
    answer = await site.staff.post("/api/v1/lots", json=facts)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/waiting-period")
    assert answer.json()["until"] == rfc3339(NOON + DAY)
    for table in (lots, trace_events):
        count = select(func.count()).select_from(table)
        assert await store.read(lambda conn, count=count: conn.execute(count).scalar()) == 0  # type: ignore[misc]
    reason = "Only the sprayed rows were left out"
    made = await site.staff.post(
        "/api/v1/lots", json={**facts, "waiting_period_overridden": reason}
    )
    assert made.status_code == 201
    story = await origin.story(made.json()["id"])
    assert story.waiting_period_overridden == reason
    assert story.within_waiting_period
    (event,), _ = await origin.events(lot=story.lot.id)
    assert event["ilmd"]["farmlive:waitingPeriodOverridden"] == reason
    assert event["ilmd"]["farmlive:waitingPeriodEnd"] == rfc3339(NOON + DAY)


@pytest.mark.parametrize(("ago", "days"), [(7, 7), (8, 7), (0, 0), (-1, 30), (400, 366)])
async def test_a_harvest_outside_of_every_waiting_period_is_kept(
    origin: Origin, staff: Caller, plot: Plot, ago: int, days: int
) -> None:
    await spray(origin, staff, plot, NOON - ago * DAY, days)
    lot = await origin.add_lot(staff, harvest(plot, waiting_period_overridden="Not needed"))
    assert (await origin.story(lot.id)).waiting_period_overridden is None


async def test_a_spraying_that_is_entered_later_is_told_all_the_same(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    lot = await origin.add_lot(staff, harvest(plot))
    await origin.add_work(staff, plot.id, NewWork(kind="flowered", at=NOON - DAY))
    assert not (await origin.story(lot.id)).within_waiting_period
    await spray(origin, staff, plot, NOON - 2 * DAY, 7)
    story = await origin.story(lot.id)
    assert story.within_waiting_period
    assert story.waiting_period_overridden is None


async def test_an_earlier_spraying_may_hold_longer_than_the_last(
    site: Any, origin: Origin, staff: Caller, plot: Plot
) -> None:
    await spray(origin, staff, plot, NOON - 20 * DAY, 30)
    await spray(origin, staff, plot, NOON - 10 * DAY, 3)
    facts = {"plot": plot.id, "quantity_g": 80_000, "harvested_at": rfc3339(NOON)}
    assert (await site.staff.post("/api/v1/lots", json=facts)).status_code == 409


async def test_a_story_begins_with_what_happened_on_the_plot(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    for at in (NOON - 500 * DAY, NOON - 150 * DAY):
        await origin.add_work(staff, plot.id, NewWork(kind="flowered", at=at))
    for at in (NOON - 200 * DAY, NOON - 60 * DAY, NOON - 30 * DAY, NOON + DAY):
        await spray(origin, staff, plot, at, 7)
    lot = await origin.add_lot(staff, harvest(plot))
    stations = (await origin.story(lot.id)).stations
    assert [(station.step, (station.at - NOON) // DAY) for station in stations] == [
        ("flowered", -150),
        ("sprayed", -60),
        ("sprayed", -30),
        ("picked", 0),
    ]
    assert stations[2].until == NOON - 23 * DAY
    assert stations[2].substance == Bilingual(en="Copper")
    assert stations[2].event is None


async def test_a_lot_is_tested_certified_packed_and_shipped(site: Any, plot: Plot) -> None:
    facts = {"plot": plot.id, "quantity_g": 80_000, "harvested_at": rfc3339(NOON)}
    lot = (await site.staff.post("/api/v1/lots", json=facts)).json()
    path = f"/api/v1/lots/{lot['id']}"
    test = {
        "at": rfc3339(NOON + DAY),
        "result": {"en": "Nothing found"},
        "laboratory": "County",
        "passed": True,
    }
    inspection = (await site.staff.post(f"{path}/inspections", json=test)).json()
    sent = await site.staff.post(
        f"{path}/inspections/{inspection['id']}/certificate",
        content=pdf(),
        headers={"Content-Type": "application/pdf"},
    )
    assert sent.status_code == 200
    certificate = sent.json()["certificate"]
    for what, more in (
        ("packings", {"at": rfc3339(NOON + 2 * DAY), "boxes": 32}),
        ("packings", {"at": rfc3339(NOON + DAY), "boxes": 8}),
        ("shippings", {"at": rfc3339(NOON + 3 * DAY), "to": {"en": "Fuzhou"}}),
    ):
        answer = await site.staff.post(f"{path}/{what}", json=more)
        assert answer.status_code == 201
        assert answer.json()["id"].startswith("urn:uuid:")
    story = (await site.viewer.get(path)).json()
    assert story["lot"]["tested"]
    assert story["lot"]["certificate"] == certificate
    assert story["lot"]["packed_at"] == rfc3339(NOON + DAY)
    assert story["lot"]["shipped_at"] == rfc3339(NOON + 3 * DAY)
    assert story["inspection"] == {**inspection, "certificate": certificate}
    steps = [(station["step"], station["boxes"], station["to"]) for station in story["stations"]]
    assert steps == [
        ("picked", None, None),
        ("tested", None, None),
        ("packed", 8, None),
        ("packed", 32, None),
        ("shipped", None, {"zh": "", "en": "Fuzhou"}),
    ]
    records = (await site.viewer.get(f"/epcis/v2/events?lot={lot['id']}")).json()
    events = records["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert [(event["bizStep"], event["disposition"]) for event in events] == [
        ("commissioning", "active"),
        ("inspecting", "conformant"),
        ("inspecting", "conformant"),
        ("packing", "in_progress"),
        ("packing", "in_progress"),
        ("shipping", "in_transit"),
    ]
    assert events[2]["certificationInfo"].endswith(certificate)
    leads = await site.viewer.get(
        lot["class_uri"] + "?linkType=gs1:certificationInfo", follow_redirects=False
    )
    assert leads.headers["location"].startswith(certificate)


async def test_a_failed_test_is_told_and_a_later_one_beside_it(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    lot = await origin.add_lot(staff, harvest(plot))
    assert (lot.tested, lot.passed) == (False, None)
    failed = NewInspection(at=NOON, result=Bilingual(en="Too much"), passed=False)
    kept = await origin.inspect(staff, lot.id, failed)
    story = await origin.story(lot.id)
    assert (story.lot.tested, story.lot.passed) == (False, False)
    assert story.inspection == kept
    assert story.stations[-1].passed is False
    await origin.certify(staff, lot.id, kept.id, chunks(picture()))
    assert (await origin.story(lot.id)).lot.certificate is None
    events, _ = await origin.events(lot=lot.id, step="inspecting")
    assert {event["disposition"] for event in events} == {"non_conformant"}
    again = NewInspection(at=NOON + DAY, result=Bilingual(en="Nothing found"), passed=True)
    await origin.inspect(staff, lot.id, again)
    story = await origin.story(lot.id)
    # It says that it passed, and calls the lot tested no more than it lifts the stop.
    assert (story.lot.tested, story.lot.passed, story.lot.stopped) == (False, True, True)
    assert [test.passed for test in story.inspections] == [False, True]


async def test_what_is_no_certificate_is_refused_and_the_test_keeps_what_it_had(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    lot = await origin.add_lot(staff, harvest(plot))
    good = NewInspection(at=NOON, result=Bilingual(en="Good"), passed=True)
    test = await origin.inspect(staff, lot.id, good)
    first = await origin.certify(staff, lot.id, test.id, chunks(picture()))
    with pytest.raises(NotACertificate):
        await origin.certify(staff, lot.id, test.id, chunks(b"MZ not a certificate"))
    story = await origin.story(lot.id)
    assert story.lot.certificate == first
    assert len([station for station in story.stations if station.step == "tested"]) == 1
    assert await origin.certify(staff, lot.id, test.id, chunks(picture())) == first
    events, _ = await origin.events(lot=lot.id, step="inspecting")
    assert len(events) == 2


async def test_a_certificate_over_http_is_refused_with_a_sentence(site: Any, plot: Plot) -> None:
    facts = {"plot": plot.id, "quantity_g": 1, "harvested_at": rfc3339(NOON)}
    lot = (await site.staff.post("/api/v1/lots", json=facts)).json()
    path = f"/api/v1/lots/{lot['id']}/inspections"
    test = {"at": rfc3339(NOON), "result": {"en": "Good"}, "passed": True}
    inspection = (await site.staff.post(path, json=test)).json()
    where = f"{path}/{inspection['id']}/certificate"
    answer = await site.staff.post(where, content=b"<html>")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-a-certificate")
    assert (await site.viewer.post(where, content=pdf())).status_code == 401
    unknown = await site.staff.post(f"{path}/{ulid()}/certificate", content=pdf())
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/unknown-inspection")


async def test_packing_before_the_harvest_is_refused(site: Any, origin: Origin, plot: Plot) -> None:
    facts = {"plot": plot.id, "quantity_g": 1, "harvested_at": rfc3339(NOON)}
    lot = (await site.staff.post("/api/v1/lots", json=facts)).json()
    for what in ("packings", "shippings"):
        path = f"/api/v1/lots/{lot['id']}/{what}"
        early = await site.staff.post(path, json={"at": rfc3339(NOON - DAY)})
        assert (early.status_code, early.json()["type"]) == (422, "/problems/wrong-order")
        late = await site.staff.post(path, json={"at": rfc3339(now_ms() + DAY)})
        assert (late.status_code, late.json()["type"]) == (422, "/problems/in-the-future")
        assert (await site.staff.post(path, json={"at": "soon"})).status_code == 422
    wrong = {"at": rfc3339(NOON), "boxes": 0}
    assert (
        await site.staff.post(f"/api/v1/lots/{lot['id']}/packings", json=wrong)
    ).status_code == 422
    events, _ = await origin.events(lot=lot["id"])
    assert len(events) == 1


async def test_a_seller_writes_to_lots_of_own_farms_only(
    origin: Origin, staff: Caller, farm: Farm, plot: Plot, store: Store
) -> None:
    own = Caller("1", "own", "seller", "a phone", "127.0.0.1", farms=frozenset([farm.id]))
    other = Caller("2", "other", "seller", "a phone", "127.0.0.1", farms=frozenset([ulid()]))
    lot = await origin.add_lot(own, harvest(plot))
    test = NewInspection(at=NOON, result=Bilingual(en="Good"), passed=True)
    kept = await origin.inspect(own, lot.id, test)
    before = await origin.story(lot.id)
    with pytest.raises(OtherFarm):
        await origin.add_lot(other, harvest(plot))
    with pytest.raises(OtherFarm):
        await origin.inspect(other, lot.id, test)
    with pytest.raises(OtherFarm):
        await origin.certify(other, lot.id, kept.id, chunks(pdf()))
    assert await origin.story(lot.id) == before
    count = select(func.count()).select_from(inspections)
    assert await store.read(lambda conn: conn.execute(count).scalar()) == 1


async def test_a_test_of_another_lot_is_not_found(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    first = await origin.add_lot(staff, harvest(plot))
    second = await origin.add_lot(staff, harvest(plot))
    test = NewInspection(at=NOON, result=Bilingual(en="Good"), passed=True)
    kept = await origin.inspect(staff, first.id, test)
    with pytest.raises(UnknownInspection):
        await origin.certify(staff, second.id, kept.id, chunks(pdf()))
    with pytest.raises(UnknownLot):
        await origin.inspect(staff, ulid(), test)
