"""A harvest that is hard to believe asks for a reason, which is kept and told."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.origin.harvesting import NOON, harvest

from farmlive.bilingual import Bilingual
from farmlive.clock import parse_rfc3339, rfc3339
from farmlive.origin.core.models import Farm, LotChange, NewPlot, Plot
from farmlive.origin.core.problems import ImplausibleHarvest
from farmlive.origin.lots import plausibility
from farmlive.origin.origin import Origin
from farmlive.people import Caller

# What a plot of 20 m² can bear within a year, by the setting's default of 10 kg a square metre.
MOST_G = 200_000
REASON = "Two harvests were weighed together"


@pytest.fixture
async def plot(origin: Origin, staff: Caller, farm: Farm) -> Plot:
    new = NewPlot(
        name=Bilingual(zh="三号坡"),
        crop=Bilingual(zh="金柑", en="Kumquats"),
        area_m2=20,
        planted_year=2026,
    )
    return await origin.add_plot(staff, farm.id, new)


async def add(origin: Origin, staff: Caller, plot: Plot, **facts: object) -> None:
    await origin.add_lot(staff, harvest(plot, **facts))


async def test_a_harvest_above_what_the_plot_bears_in_a_year_asks_for_a_reason(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    await add(origin, staff, plot, quantity_g=MOST_G - 1)
    await add(origin, staff, plot, quantity_g=1)
    with pytest.raises(ImplausibleHarvest, match=r"20 m².* 200.001 kg .* 200 kg") as refusal:
        await add(origin, staff, plot, quantity_g=1)
    (doubt,) = refusal.value.members["doubts"]
    assert doubt == {
        "kind": "above_yield",
        "area_m2": 20,
        "year_g": MOST_G + 1,
        "most_g": MOST_G,
    }
    assert len(await origin.lots()) == 2
    made = await origin.add_lot(staff, harvest(plot, quantity_g=1, plausibility_reason=REASON))
    story = await origin.story(made.id)
    assert (story.plausibility_reason, story.doubts[0].year_g) == (REASON, MOST_G + 1)
    events, _ = await origin.events(lot=made.id)
    assert events[0]["ilmd"]["farmlive:plausibilityReason"] == REASON


async def test_each_calendar_year_of_the_farm_is_counted_by_itself(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    await add(origin, staff, plot, quantity_g=MOST_G)
    # Half past midnight of New Year's Day in Youxi is still the old year in UTC.
    new_year = parse_rfc3339("2026-01-01T00:30:00+08:00")
    with pytest.raises(ImplausibleHarvest):
        await add(origin, staff, plot, quantity_g=1, harvested_at=new_year)
    zone = ZoneInfo("Asia/Shanghai")
    year, begin, end = plausibility.year_of(new_year, zone)
    assert (year, begin, end) == (
        2026,
        parse_rfc3339("2026-01-01T00:00:00+08:00"),
        parse_rfc3339("2027-01-01T00:00:00+08:00"),
    )
    assert plausibility.year_of(begin - 1, zone)[0] == 2025


async def test_a_harvest_from_before_the_plot_was_planted_asks_for_a_reason(
    site: Any, origin: Origin, staff: Caller, plot: Plot
) -> None:
    facts = {
        "plot": plot.id,
        "quantity_g": 1000,
        "harvested_at": "2025-12-31T12:00:00+08:00",
    }
    answer = await site.staff.post("/api/v1/lots", json=facts)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/implausible-harvest")
    assert answer.json()["doubts"] == [{"kind": "before_planting", "planted_year": 2026}]
    assert "planted in 2026" in answer.json()["detail"]
    reason = {"plausibility_reason": "Replanted; the old trees stood until June"}
    made = await site.staff.post("/api/v1/lots", json={**facts, **reason})
    assert made.status_code == 201
    story = (await site.viewer.get(f"/api/v1/lots/{made.json()['id']}")).json()
    assert story["doubts"][0]["kind"] == "before_planting"
    assert story["plausibility_reason"] == reason["plausibility_reason"]


async def test_a_reason_that_nothing_asks_for_is_not_kept(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    made = await origin.add_lot(staff, harvest(plot, quantity_g=1, plausibility_reason=REASON))
    story = await origin.story(made.id)
    assert (story.doubts, story.plausibility_reason) == ([], None)
    bare = await origin.add_plot(
        staff, plot.farm, NewPlot(name=Bilingual(en="Unmeasured"), crop=Bilingual(en="Kumquats"))
    )
    await origin.add_lot(staff, harvest(bare, quantity_g=100 * MOST_G))


async def test_a_harvest_is_not_put_right_beyond_belief_without_a_reason(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    lot = await origin.add_lot(staff, harvest(plot, quantity_g=1000))
    more = {"quantity_g": MOST_G + 1, "reason": "Read the scale wrongly"}
    with pytest.raises(ImplausibleHarvest):
        await origin.correct(staff, lot.id, LotChange.model_validate(more))
    assert (await origin.story(lot.id)).lot.quantity_g == 1000
    why = {**more, "plausibility_reason": REASON}
    await origin.correct(staff, lot.id, LotChange.model_validate(why))
    story = await origin.story(lot.id)
    assert (story.lot.quantity_g, story.plausibility_reason) == (MOST_G + 1, REASON)
    events, _ = await origin.events(lot=lot.id, step="commissioning")
    assert events[-1]["ilmd"]["farmlive:plausibilityReason"] == REASON
    less = {"quantity_g": 1000, "reason": "Read the scale wrongly"}
    await origin.correct(staff, lot.id, LotChange.model_validate(less))
    story = await origin.story(lot.id)
    assert (story.doubts, story.plausibility_reason) == ([], None)
    assert rfc3339(story.lot.harvested_at) == rfc3339(NOON)
