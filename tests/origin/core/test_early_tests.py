"""A passed test from long before the harvest says nothing of it: it is refused, with what to do."""

from typing import Any

import pytest
from sqlalchemy import update
from tests.origin.harvesting import DAY, NOON, harvest, harvest_body, lab_test

from farmlive.clock import rfc3339
from farmlive.origin.core.models import Farm, Plot
from farmlive.origin.core.problems import EarlyTest
from farmlive.origin.core.requirements import SAMPLE_DAYS
from farmlive.origin.core.tables import inspections, lots
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.store import Store

LONG_AGO = "2020-01-01T09:00:00+08:00"


async def test_a_sample_is_taken_in_the_field_some_days_before_picking(
    origin: Origin, seller: Caller, plot: Plot
) -> None:
    lot = await origin.add_lot(seller, harvest(plot))
    first = NOON - SAMPLE_DAYS * DAY
    with pytest.raises(EarlyTest, match="record a test of this harvest") as refused:
        await origin.inspect(seller, lot.id, lab_test(passed=True, at=first - 1))
    assert refused.value.members == {"harvested_at": rfc3339(NOON), "most_days": 30}
    story = await origin.story(lot.id)
    assert (story.inspections, story.lot.passed, story.lot.stopped) == ([], None, False)
    await origin.inspect(seller, lot.id, lab_test(passed=True, at=first))
    assert (await origin.story(lot.id)).lot.tested


async def test_a_test_of_another_year_is_refused_alone_and_with_its_harvest(
    site: Any, origin: Origin, farm: Farm
) -> None:
    body = harvest_body(farm)
    early = {**body["inspection"], "at": LONG_AGO}
    whole = await site.staff.post("/api/v1/lots", json={**body, "inspection": early})
    kept = await site.staff.post("/api/v1/lots", json={**body, "inspection": None})
    assert kept.status_code == 201
    lot = kept.json()["id"]
    alone = await site.staff.post(f"/api/v1/lots/{lot}/inspections", json=early)
    for answer in (whole, alone):
        assert answer.status_code == 422
        problem = answer.json()
        assert problem["type"] == "/problems/early-test"
        assert "Nothing was kept" in problem["detail"]
    assert [each.id for each in await origin.lots()] == [lot]
    assert (await origin.story(lot)).inspections == []


async def test_a_test_that_failed_stops_the_lot_however_early_it_is(
    site: Any, origin: Origin, farm: Farm, seller: Caller, plot: Plot
) -> None:
    lot = await origin.add_lot(seller, harvest(plot))
    await origin.inspect(seller, lot.id, lab_test(passed=True))
    await origin.inspect(seller, lot.id, lab_test(passed=False, at=NOON - 31 * DAY))
    story = await origin.story(lot.id)
    assert (len(story.inspections), story.lot.stopped) == (2, True)
    # Beside its harvest, too; and the page doesn't say that it says nothing about the lot.
    body = harvest_body(farm)
    early = {**body["inspection"], "at": LONG_AGO, "passed": False}
    kept = await site.staff.post("/api/v1/lots", json={**body, "inspection": early})
    assert (kept.status_code, kept.json()["stopped"]) == (201, True)
    assert not (await origin.story(kept.json()["id"])).is_test_early


async def test_an_early_test_from_before_is_not_called_good(
    origin: Origin, staff: Caller, plot: Plot, store: Store
) -> None:
    lot = await origin.add_lot(staff, harvest(plot))
    await origin.inspect(staff, lot.id, lab_test(passed=True))
    assert not (await origin.story(lot.id)).is_test_early
    at = NOON - 31 * DAY
    await store.write(lambda conn: conn.execute(update(inspections).values(at=at)).rowcount)
    await store.write(lambda conn: conn.execute(update(lots).values(tested_at=at)).rowcount)
    story = await origin.story(lot.id)
    assert (story.lot.passed, story.lot.tested, story.is_test_early) == (True, False, True)
