"""A lift of a lot's stop that is taken back, as a mistake."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.origin.harvesting import harvest, lab_test, open_findings

from farmlive.ids import ulid
from farmlive.origin.core.models import Plot, Undo
from farmlive.origin.core.problems import UnknownLift, UnknownLot
from farmlive.origin.origin import Origin
from farmlive.origin.stops.models import CardLift, NewLift, StopReason
from farmlive.people import Caller
from farmlive.people.core.audit import list_entries
from farmlive.problems import Forbidden
from farmlive.store import Store

SENTENCE = "第二次送检合格，样品弄错了。"


@dataclass
class Told:
    """Who hears of stops, and what they were told."""

    said: list[tuple[str, str, Any]] = field(default_factory=list)

    def on_stopped(
        self, _connection: Connection, lot: str, reasons: Sequence[StopReason], *, again: bool
    ) -> None:
        self.said.append(("again" if again else "stopped", lot, [why.kind for why in reasons]))

    def on_proof_changed(self, _connection: Connection, changed: Sequence[str]) -> None:
        self.said.append(("proof", ",".join(changed), None))

    def on_resumed(self, _connection: Connection, lot: str, lift: CardLift) -> None:
        self.said.append(("resumed", lot, lift.sentence))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def stop_handler(told: Told) -> Told:
    return told


async def test_a_lift_that_was_a_mistake_is_taken_back_and_stops_the_lot_again(
    site: Any, origin: Origin, staff: Caller, seller: Caller, plot: Plot, told: Told, store: Store
) -> None:
    lot = (await origin.add_lot(staff, harvest(plot, inspection=lab_test(passed=False)))).id
    findings = await open_findings(origin, lot)
    lift = await origin.lift(staff, lot, NewLift(findings=findings, sentence=SENTENCE))
    assert (await origin.story(lot)).lot.lifted
    undo = Undo(reason="It was lot 1124's sample")
    for role in ("host", "seller", "clerk", None):
        with pytest.raises(Forbidden):
            await origin.withdraw_lift(replace(seller, role=role), lot, lift.id, undo)
    where = f"/api/v1/lots/{lot}/lifts/{lift.id}/withdrawal"
    for wrong in ({}, {"reason": ""}, {"reason": "Ask 13800001234"}):
        assert (await site.staff.post(where, json=wrong)).status_code == 422
    assert not (await origin.story(lot)).lot.stopped
    assert (await site.staff.post(where, json=undo.model_dump())).status_code == 204
    story = await origin.story(lot)
    assert (story.lot.stopped, story.lot.lifted) == (True, False)
    assert await open_findings(origin, lot) == findings
    (kept,) = story.lifts
    assert (kept.sentence, kept.findings, kept.stopped) == (SENTENCE, findings, True)
    assert kept.withdrawn_at is not None
    assert kept.withdrawn_reason == undo.reason
    assert told.said[1:] == [("resumed", lot, SENTENCE), ("stopped", lot, ["test_failed"])]
    (deed,) = [
        each for each in await store.read(list_entries) if each.action == "lot.withdraw_lift"
    ]
    assert (deed.subject, deed.detail) == (lot, {"lift": lift.id, "findings": findings})
    with pytest.raises(UnknownLift):
        await origin.withdraw_lift(staff, lot, lift.id, undo)
    await origin.lift(staff, lot, NewLift(findings=findings, sentence="Now the right one"))
    story = await origin.story(lot)
    assert not story.lot.stopped
    assert [(each.sentence, each.findings) for each in story.lifts] == [
        (SENTENCE, findings),
        ("Now the right one", findings),
    ]


async def test_a_lift_of_another_lot_is_not_taken_back_by_this_ones_address(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    made = [
        (await origin.add_lot(staff, harvest(plot, inspection=lab_test(passed=False)))).id
        for _ in range(2)
    ]
    lifts = [
        await origin.lift(
            staff, lot, NewLift(findings=await open_findings(origin, lot), sentence=SENTENCE)
        )
        for lot in made
    ]
    with pytest.raises(UnknownLift):
        await origin.withdraw_lift(staff, made[0], lifts[1].id, Undo(reason="Wrong lot"))
    with pytest.raises(UnknownLot):
        await origin.withdraw_lift(staff, ulid(), lifts[0].id, Undo(reason="Wrong lot"))
    assert [(await origin.story(lot)).lot.stopped for lot in made] == [False, False]


async def test_one_of_two_lifts_taken_back_opens_what_it_had_lifted_alone(
    origin: Origin, staff: Caller, plot: Plot, told: Told
) -> None:
    lot = (await origin.add_lot(staff, harvest(plot, inspection=lab_test(passed=False)))).id
    await origin.inspect(staff, lot, lab_test(passed=False))
    first, second = await open_findings(origin, lot)
    lifts = [
        await origin.lift(staff, lot, NewLift(findings=[finding], sentence=SENTENCE))
        for finding in (first, second)
    ]
    await origin.inspect(staff, lot, lab_test(passed=False))
    third = (await open_findings(origin, lot))[0]
    await origin.withdraw_lift(staff, lot, lifts[0].id, Undo(reason="Wrong finding"))
    assert await open_findings(origin, lot) == [first, third]
    assert told.said[-1] == ("again", lot, ["test_failed"] * 2)
