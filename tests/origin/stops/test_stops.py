"""What stops a lot, in whichever order things are recorded, and what alone lifts that."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import Connection, select
from tests.origin.harvesting import DAY, NOON, harvest, lab_test, open_findings, spray
from tests.support.upload_bodies import chunks, pdf

from farmlive.clock import rfc3339
from farmlive.ids import ulid
from farmlive.origin.core.models import MOST_TESTS, Plot
from farmlive.origin.core.problems import TooManyRecords, UnknownFinding, UnknownLot
from farmlive.origin.core.tables import lot_findings
from farmlive.origin.lots import farms, lots
from farmlive.origin.origin import Origin
from farmlive.origin.stops.models import MOST_FINDINGS, CardLift, NewLift, StopReason
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


async def test_a_failed_test_stops_the_lot_whatever_is_recorded_after_it(
    origin: Origin, staff: Caller, seller: Caller, plot: Plot, told: Told, store: Store
) -> None:
    lot = await origin.add_lot(staff, harvest(plot))
    await origin.inspect(seller, lot.id, lab_test(passed=True))
    assert not (await origin.story(lot.id)).lot.stopped
    failed = await origin.inspect(seller, lot.id, lab_test(passed=False))
    await origin.inspect(seller, lot.id, lab_test(passed=True, at=NOON + 2 * DAY))
    story = await origin.story(lot.id)
    assert (story.lot.stopped, story.lot.passed, story.lot.tested) == (True, True, False)
    (finding,) = story.findings
    assert (finding.kind, finding.inspection, finding.lift) == ("test_failed", failed, None)
    assert told.said == [("stopped", lot.id, ["test_failed"])]
    noted = (await store.read(list_entries))[1]
    assert (noted.action, noted.subject) == ("lot.stop", lot.id)
    assert noted.detail == {"finding": finding.id, "kind": "test_failed"}


async def test_a_harvest_that_comes_with_its_failed_test_is_stopped(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    lot = await origin.add_lot(staff, harvest(plot, inspection=lab_test(passed=False)))
    assert lot.stopped
    assert [each.stopped for each in await origin.lots()] == [True]


async def test_a_stopped_lot_shows_no_certificate_and_no_link_to_one(
    site: Any, origin: Origin, staff: Caller, plot: Plot
) -> None:
    lot = await origin.add_lot(staff, harvest(plot))
    passed = await origin.inspect(staff, lot.id, lab_test(passed=True))
    await origin.certify(staff, lot.id, passed.id, chunks(pdf()))
    path = lot.class_uri.removeprefix(origin.url)
    assert "certificationInfo" in (await site.viewer.get(f"{path}?linkType=linkset")).text
    await origin.inspect(staff, lot.id, lab_test(passed=False, at=NOON))
    assert (await origin.story(lot.id)).lot.certificate is None
    assert "certificationInfo" not in (await site.viewer.get(f"{path}?linkType=linkset")).text
    findings = await open_findings(origin, lot.id)
    await origin.lift(staff, lot.id, NewLift(findings=findings, sentence=SENTENCE))
    assert (await origin.story(lot.id)).lot.certificate is not None


@pytest.mark.parametrize("late", [True, False])
async def test_a_lot_picked_within_a_waiting_period_is_stopped_in_whichever_order(
    origin: Origin, staff: Caller, seller: Caller, plot: Plot, late: bool
) -> None:
    reason = None if late else "Only the rows that were not sprayed"
    if late:
        lot = await origin.add_lot(seller, harvest(plot))
        assert not lot.stopped
    await spray(origin, seller, plot, NOON - 6 * DAY, 7)
    if not late:
        lot = await origin.add_lot(seller, harvest(plot, waiting_period_overridden=reason))
    story = await origin.story(lot.id)
    assert story.lot.stopped
    (finding,) = story.findings
    assert finding.kind == "waiting_period"
    assert finding.work is not None
    assert finding.work.until == NOON + DAY


@pytest.mark.parametrize(("ago", "days"), [(7, 7), (0, 0), (-1, 30)])
async def test_a_spraying_that_does_not_cover_the_harvest_stops_nothing(
    origin: Origin, staff: Caller, plot: Plot, ago: int, days: int
) -> None:
    lot = await origin.add_lot(staff, harvest(plot))
    await spray(origin, staff, plot, NOON - ago * DAY, days)
    assert not (await origin.story(lot.id)).lot.stopped


async def test_each_spraying_is_a_finding_and_stops_every_lot_that_it_covers(
    origin: Origin, staff: Caller, plot: Plot, told: Told
) -> None:
    first = await origin.add_lot(staff, harvest(plot))
    second = await origin.add_lot(staff, harvest(plot, harvested_at=NOON + DAY))
    await spray(origin, staff, plot, NOON - DAY, 2)
    await spray(origin, staff, plot, NOON - 2 * DAY, 4)
    kinds = ["waiting_period"]
    assert told.said == [
        ("stopped", first.id, kinds),
        ("again", first.id, kinds * 2),
        ("stopped", second.id, kinds),
    ]


@pytest.mark.parametrize("role", ["coordinator", "host", "seller"])
async def test_only_a_coordinators_reason_for_picking_too_soon_lifts(
    origin: Origin, seller: Caller, plot: Plot, role: Any
) -> None:
    await spray(origin, seller, plot, NOON - DAY, 7)
    await spray(origin, seller, plot, NOON - 2 * DAY, 7)
    caller = replace(seller, role=role)
    lot = await origin.add_lot(caller, harvest(plot, waiting_period_overridden=SENTENCE))
    story = await origin.story(lot.id)
    assert story.waiting_period_overridden == SENTENCE
    assert len(story.findings) == 2
    assert lot.stopped is story.lot.stopped is (role != "coordinator")
    assert [lift.sentence for lift in story.lifts] == ([SENTENCE] if not lot.stopped else [])


async def test_a_programs_reason_for_picking_too_soon_lifts_nothing(
    origin: Origin, staff: Caller, seller: Caller, plot: Plot
) -> None:
    await spray(origin, seller, plot, NOON - DAY, 7)
    assert (staff.role, staff.account) == ("coordinator", None)
    lot = await origin.add_lot(staff, harvest(plot, waiting_period_overridden=SENTENCE))
    assert (await origin.story(lot.id)).lot.stopped


async def test_a_coordinators_lift_names_what_it_covers_and_the_next_finding_stops_again(
    origin: Origin, staff: Caller, plot: Plot, told: Told, store: Store
) -> None:
    lot = (await origin.add_lot(staff, harvest(plot))).id
    await origin.inspect(staff, lot, lab_test(passed=False))
    await spray(origin, staff, plot, NOON - DAY, 7)
    first, second = await open_findings(origin, lot)
    part = await origin.lift(staff, lot, NewLift(findings=[first], sentence=SENTENCE))
    assert part.stopped
    assert (await origin.story(lot)).lot.stopped
    whole = await origin.lift(staff, lot, NewLift(findings=[second], sentence="Another sentence"))
    assert (whole.findings, whole.stopped) == ([second], False)
    story = await origin.story(lot)
    assert not story.lot.stopped
    assert [(lift.sentence, lift.findings) for lift in story.lifts] == [
        (SENTENCE, [first]),
        ("Another sentence", [second]),
    ]
    assert told.said[2:] == [
        ("again", lot, ["waiting_period"]),
        ("resumed", lot, "Another sentence"),
    ]
    assert (await store.read(list_entries))[0].detail == {
        "lift": whole.id,
        "findings": [second],
        "open": 0,
    }
    await origin.inspect(staff, lot, lab_test(passed=False, at=NOON + 2 * DAY))
    assert (await origin.story(lot)).lot.stopped
    assert told.said[-1] == ("stopped", lot, ["test_failed"])


async def test_no_more_than_a_few_findings_are_told_at_once(
    origin: Origin, staff: Caller, plot: Plot, told: Told
) -> None:
    lot = (await origin.add_lot(staff, harvest(plot))).id
    for _ in range(7):
        await origin.inspect(staff, lot, lab_test(passed=False))
    assert [len(reasons) for _, _, reasons in told.said] == [1, 2, 3, 4, 5, 5, 5]
    assert len((await origin.story(lot)).findings) == 7


async def test_a_lift_twice_is_one_and_keeps_its_first_sentence(
    origin: Origin, staff: Caller, plot: Plot, told: Told
) -> None:
    lot = (await origin.add_lot(staff, harvest(plot, inspection=lab_test(passed=False)))).id
    named = await open_findings(origin, lot)
    once = await origin.lift(staff, lot, NewLift(findings=named, sentence=SENTENCE))
    again = await origin.lift(staff, lot, NewLift(findings=named * 2, sentence="Something else"))
    assert again == once
    assert [each[0] for each in told.said] == ["stopped", "resumed"]


async def test_only_a_coordinator_lifts_and_only_what_the_lot_has(
    site: Any, origin: Origin, staff: Caller, seller: Caller, plot: Plot
) -> None:
    lot = (await origin.add_lot(staff, harvest(plot, inspection=lab_test(passed=False)))).id
    other = (await origin.add_lot(staff, harvest(plot, inspection=lab_test(passed=False)))).id
    (finding,) = await open_findings(origin, lot)
    (foreign,) = await open_findings(origin, other)
    new = NewLift(findings=[finding], sentence=SENTENCE)
    for role in ("host", "seller", "clerk", None):
        with pytest.raises(Forbidden):
            await origin.lift(replace(seller, role=role), lot, new)
    with pytest.raises(UnknownFinding):
        await origin.lift(staff, lot, NewLift(findings=[finding, foreign], sentence=SENTENCE))
    with pytest.raises(UnknownLot):
        await origin.lift(staff, ulid(), new)
    body = {"findings": [finding], "sentence": SENTENCE}
    where = f"/api/v1/lots/{lot}/lifts"
    assert (await site.viewer.post(where, json=body)).status_code in (401, 403)
    for role in ("host", "seller", "clerk", "moderator"):
        header = await site.bearer(role, *([plot.farm] if role == "seller" else []))
        assert (await site.viewer.post(where, json=body, headers=header)).status_code == 403
    for wrong in ({**body, "sentence": "ok"}, {**body, "findings": []}):
        assert (await site.staff.post(where, json=wrong)).status_code == 422
    assert (await origin.story(lot)).lot.stopped
    answer = await site.staff.post(where, json=body)
    assert (answer.status_code, answer.json()["stopped"]) == (201, False)


async def test_nothing_is_kept_of_a_test_whose_stop_could_not_be_told(
    origin: Origin, staff: Caller, plot: Plot, told: Told, store: Store
) -> None:
    lot = (await origin.add_lot(staff, harvest(plot))).id

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("no broadcast could be told")

    told.on_stopped = fails  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await origin.inspect(staff, lot, lab_test(passed=False))
    story = await origin.story(lot)
    assert (story.lot.stopped, story.inspections) == (False, [])
    assert await store.read(lambda conn: conn.execute(select(lot_findings)).all()) == []


async def test_half_of_a_lots_tests_are_for_coordinators_and_one_lift_names_all(
    origin: Origin, staff: Caller, seller: Caller, plot: Plot
) -> None:
    lot = (await origin.add_lot(staff, harvest(plot))).id
    for _ in range(MOST_TESTS // 2):
        await origin.inspect(seller, lot, lab_test(passed=False))
    for caller in (seller, replace(seller, role="host")):
        with pytest.raises(TooManyRecords, match=r"100 tests of the lot .* ask a coordinator"):
            await origin.inspect(caller, lot, lab_test(passed=True))
    await origin.inspect(staff, lot, lab_test(passed=False))
    findings = await open_findings(origin, lot)
    assert len(findings) == MOST_TESTS // 2 + 1
    await origin.lift(staff, lot, NewLift(findings=findings, sentence=SENTENCE))
    assert not (await origin.story(lot)).lot.stopped


async def test_one_lift_can_name_all_that_can_be_found_of_a_lot(
    monkeypatch: pytest.MonkeyPatch, origin: Origin, staff: Caller, seller: Caller, plot: Plot
) -> None:
    monkeypatch.setattr(lots, "MOST_TESTS", 4)
    monkeypatch.setattr(farms, "MOST_WORKS", 6)
    for _ in range(3):
        await spray(origin, seller, plot, NOON - DAY, 7)
    with pytest.raises(TooManyRecords, match="3 works of the plot within a year"):
        await spray(origin, seller, plot, NOON - DAY, 7)
    for _ in range(3):
        await spray(origin, staff, plot, NOON - DAY, 7)
    with pytest.raises(TooManyRecords, match="6 works"):
        await spray(origin, staff, plot, NOON - 300 * DAY, 0)
    await spray(origin, staff, plot, NOON - 400 * DAY, 0)  # of another year
    picked = harvest(plot, waiting_period_overridden="It was the other row")
    lot = (await origin.add_lot(staff, picked)).id
    for _ in range(4):
        await origin.inspect(staff, lot, lab_test(passed=False))
    with pytest.raises(TooManyRecords, match="4 tests"):
        await origin.inspect(staff, lot, lab_test(passed=False))
    assert len((await origin.story(lot)).findings) == 10
    assert MOST_FINDINGS == 200 + 400


async def test_a_coordinators_reason_lifts_however_many_sprayings_there_were(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    for _ in range(101):
        await spray(origin, staff, plot, NOON - DAY, 7)
    picked = harvest(plot, waiting_period_overridden="All were of the other row")
    lot = await origin.add_lot(replace(staff, account="an account"), picked)
    assert not (await origin.story(lot.id)).lot.stopped


@pytest.mark.parametrize("verdict", [{}, {"passed": None}, {"passed": "yes"}, {"passed": 1}])
async def test_a_test_says_whether_it_was_passed_or_is_not_kept(
    site: Any, origin: Origin, plot: Plot, staff: Caller, verdict: dict[str, Any]
) -> None:
    lot = (await origin.add_lot(staff, harvest(plot))).id
    test = {"at": rfc3339(NOON + DAY), "result": {"en": "0.9 mg/kg"}, **verdict}
    alone = await site.staff.post(f"/api/v1/lots/{lot}/inspections", json=test)
    facts = {"plot": plot.id, "quantity_g": 1000, "harvested_at": rfc3339(NOON)}
    whole = await site.staff.post("/api/v1/lots", json={**facts, "inspection": test})
    for answer, field_ in ((alone, "passed"), (whole, "inspection.passed")):
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"] == field_
        assert "Say whether the lot passed this test" in answer.json()["detail"]
    assert (await origin.story(lot)).inspections == []
    assert len(await origin.lots()) == 1


@pytest.mark.parametrize("said", ["\u200b" * 6, "\u202e\u200f  ....", "！！！！！！"])
async def test_a_sentence_that_nobody_can_read_lifts_nothing(
    site: Any, origin: Origin, plot: Plot, staff: Caller, said: str
) -> None:
    lot = (await origin.add_lot(staff, harvest(plot, inspection=lab_test(passed=False)))).id
    findings = await open_findings(origin, lot)
    where = f"/api/v1/lots/{lot}/lifts"
    answer = await site.staff.post(where, json={"findings": findings, "sentence": said})
    assert answer.status_code == 422
    assert (await origin.story(lot)).lot.stopped
    lift = await origin.lift(staff, lot, NewLift(findings=findings, sentence=SENTENCE))
    answer = await site.staff.post(f"{where}/{lift.id}/withdrawal", json={"reason": said})
    assert answer.status_code == 422
    assert not (await origin.story(lot)).lot.stopped
