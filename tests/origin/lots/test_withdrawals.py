"""Tests and works that are taken back: what counts from then on, and what stays to be read."""

from dataclasses import replace
from typing import Any

import pytest
from tests.origin.harvesting import DAY, NOON, harvest, lab_test, open_findings, spray
from tests.support.upload_bodies import chunks, pdf

from farmlive.bilingual import Bilingual
from farmlive.clock import rfc3339
from farmlive.origin.core.models import Farm, NewFarm, NewPlot, Plot, Undo
from farmlive.origin.core.problems import OtherFarm, UnknownInspection, UnknownWork
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.people.core.audit import list_entries
from farmlive.store import Store

WRONG_LOT = Undo(reason="The sample was of another lot")


async def test_a_test_taken_back_counts_for_nothing_and_stays_to_be_read(
    origin: Origin, staff: Caller, seller: Caller, plot: Plot, store: Store
) -> None:
    lot = await origin.add_lot(staff, harvest(plot))
    first = await origin.inspect(seller, lot.id, lab_test(passed=True))
    await origin.certify(seller, lot.id, first.id, chunks(pdf()))
    second = await origin.inspect(seller, lot.id, lab_test(passed=True, at=NOON + DAY + 1))
    await origin.withdraw_test(seller, lot.id, second.id, WRONG_LOT)
    story = await origin.story(lot.id)
    assert story.inspection is not None
    assert (story.inspection.id, story.lot.tested) == (first.id, True)
    await origin.withdraw_test(seller, lot.id, first.id, WRONG_LOT)
    story = await origin.story(lot.id)
    assert (story.inspection, story.lot.tested, story.lot.passed) == (None, False, None)
    assert story.lot.certificate is None
    assert [test.withdrawn_reason for test in story.inspections] == [WRONG_LOT.reason] * 2
    assert "tested" not in [station.step for station in story.stations]
    events, _ = await origin.events(lot=lot.id, step="inspecting")
    declared = [each["errorDeclaration"] for each in events if "errorDeclaration" in each]
    # The first one's certificate is an event of its own.
    assert [each["reason"] for each in declared] == ["did_not_occur"] * 3
    assert {each["farmlive:reason"] for each in declared} == {WRONG_LOT.reason}
    audit = await store.read(lambda connection: list_entries(connection, None, 100))
    assert [each.action for each in audit].count("lot.withdraw_test") == 2


async def test_a_test_taken_back_is_no_place_for_a_certificate_and_goes_once(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    lot = await origin.add_lot(staff, harvest(plot))
    kept = await origin.inspect(staff, lot.id, lab_test(passed=True))
    await origin.withdraw_test(staff, lot.id, kept.id, WRONG_LOT)
    with pytest.raises(UnknownInspection):
        await origin.certify(staff, lot.id, kept.id, chunks(pdf()))
    with pytest.raises(UnknownInspection):
        await origin.withdraw_test(staff, lot.id, kept.id, WRONG_LOT)


async def test_what_a_test_or_a_work_found_stays_found_when_it_is_taken_back(
    origin: Origin, staff: Caller, seller: Caller, plot: Plot
) -> None:
    lot = await origin.add_lot(staff, harvest(plot))
    failed = await origin.inspect(seller, lot.id, lab_test(passed=False))
    await spray(origin, staff, plot, NOON - 2 * DAY, 7)
    (work,) = await origin.works(plot.id)
    assert len(await open_findings(origin, lot.id)) == 2
    await origin.withdraw_test(seller, lot.id, failed.id, WRONG_LOT)
    await origin.withdraw_work(seller, plot.id, work.id, Undo(reason="Another plot was sprayed"))
    story = await origin.story(lot.id)
    assert story.lot.stopped
    by_test, by_work = story.findings
    assert by_test.inspection is not None
    assert by_test.inspection.withdrawn_reason == WRONG_LOT.reason
    assert by_work.work is not None
    assert by_work.work.withdrawn_reason == "Another plot was sprayed"
    assert not story.within_waiting_period
    assert [each.id for each in story.withdrawn_works] == [work.id]


async def test_a_spraying_taken_back_forbids_no_harvest_and_stands_in_no_trace(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    await spray(origin, staff, plot, NOON - 20 * DAY, 7)
    await spray(origin, staff, plot, NOON - 2 * DAY, 1)
    lot = await origin.add_lot(staff, harvest(plot))
    await spray(origin, staff, plot, NOON - DAY // 2, 7)
    latest, named, earlier = await origin.works(plot.id)
    reason = Undo(reason="Written twice")
    await origin.withdraw_work(staff, plot.id, latest.id, reason)
    other = await origin.add_lot(staff, harvest(plot))
    assert not (await origin.story(other.id)).lot.stopped
    await origin.withdraw_work(staff, plot.id, named.id, reason)
    for each in (lot, other):
        story = await origin.story(each.id)
        assert [station.step for station in story.stations] == ["sprayed", "picked"]
        events, _ = await origin.events(lot=each.id, step="commissioning")
        was, declared, stands = events
        assert was["ilmd"]["farmlive:sprayed"] == rfc3339(named.at)
        assert declared["errorDeclaration"]["correctiveEventIDs"] == [stands["eventID"]]
        assert stands["ilmd"]["farmlive:sprayed"] == rfc3339(earlier.at)
        assert stands["quantityList"] == was["quantityList"]
    with pytest.raises(UnknownWork):
        await origin.withdraw_work(staff, plot.id, named.id, reason)


async def test_only_who_keeps_the_farm_takes_back(
    origin: Origin, staff: Caller, seller: Caller, plot: Plot
) -> None:
    lot = await origin.add_lot(staff, harvest(plot))
    kept = await origin.inspect(staff, lot.id, lab_test(passed=True))
    await spray(origin, staff, plot, NOON - 20 * DAY, 7)
    (work,) = await origin.works(plot.id)
    other = replace(seller, farms=frozenset({"another"}))
    with pytest.raises(OtherFarm):
        await origin.withdraw_test(other, lot.id, kept.id, WRONG_LOT)
    with pytest.raises(OtherFarm):
        await origin.withdraw_work(other, plot.id, work.id, WRONG_LOT)
    neighbour = await origin.add_plot(staff, plot.farm, NewPlot(name=Bilingual(en="Elsewhere")))
    with pytest.raises(UnknownWork):
        await origin.withdraw_work(staff, neighbour.id, work.id, WRONG_LOT)


async def test_both_are_taken_back_by_the_api_with_a_reason(
    site: Any, origin: Origin, staff: Caller, farm: Farm, plot: Plot
) -> None:
    lot = await origin.add_lot(staff, harvest(plot))
    kept = await origin.inspect(staff, lot.id, lab_test(passed=True))
    await spray(origin, staff, plot, NOON - 20 * DAY, 7)
    (work,) = await origin.works(plot.id)
    paths = (
        f"/api/v1/lots/{lot.id}/inspections/{kept.id}/withdrawal",
        f"/api/v1/plots/{plot.id}/works/{work.id}/withdrawal",
    )
    neighbour = await origin.add_farm(staff, NewFarm(name=farm.name, place=farm.place))
    mine, other = await site.bearer("seller", farm.id), await site.bearer("seller", neighbour.id)
    for path in paths:
        assert (await site.viewer.post(path, json={"reason": "x"})).status_code == 401
        refused = await site.viewer.post(path, json={"reason": "x"}, headers=other)
        assert refused.status_code == 403
        assert (await site.viewer.post(path, json={}, headers=mine)).status_code == 422
        done = await site.viewer.post(path, json={"reason": "By mistake"}, headers=mine)
        assert done.status_code == 204
        again = await site.viewer.post(path, json={"reason": "By mistake"}, headers=mine)
        assert again.status_code == 404
    (told,) = (await site.viewer.get(f"/api/v1/plots/{plot.id}/works")).json()["works"]
    assert told["withdrawn_reason"] == "By mistake"
