"""How many trace events of one step a lot may have, so that its page and its trace stay short."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from tests.origin.harvesting import DAY, NOON, harvest, lab_test
from tests.support.upload_bodies import pdf

from farmlive.origin.core.models import LotChange, NewPacking, NewShipping, NewWaste, Plot, Undo
from farmlive.origin.core.problems import TooManyRecords
from farmlive.origin.lots import lots
from farmlive.origin.origin import Origin
from farmlive.people import Caller

Step = Callable[[Caller, str, int], Awaitable[object]]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lots, "MOST_EVENTS", 8)
    monkeypatch.setattr(lots, "MOST_TEST_EVENTS", 6)


@pytest.mark.parametrize("step", ["pack", "ship", "waste"])
async def test_half_of_a_steps_records_are_for_coordinators_and_then_there_is_an_end(
    origin: Origin, staff: Caller, seller: Caller, plot: Plot, step: str
) -> None:
    steps: dict[str, tuple[Step, str]] = {
        "pack": (lambda by, lot, n: origin.pack(by, lot, NewPacking(at=NOON + n)), "packings"),
        "ship": (lambda by, lot, n: origin.ship(by, lot, NewShipping(at=NOON + n)), "shippings"),
        "waste": (
            lambda by, lot, n: origin.waste(
                by, lot, NewWaste(at=NOON + n, weight_g=1, reason="Bruised")
            ),
            "records of waste",
        ),
    }
    record, what = steps[step]
    lot = (await origin.add_lot(staff, harvest(plot))).id
    for number in range(4):
        await record(seller, lot, number)
    for caller in (seller, replace(seller, role="host")):
        with pytest.raises(TooManyRecords, match=f"4 {what} of the lot .* ask a coordinator"):
            await record(caller, lot, 4)
    for number in range(4, 8):
        await record(staff, lot, number)
    with pytest.raises(TooManyRecords, match=f"8 {what} of the lot"):
        await record(staff, lot, 8)
    other = (await origin.add_lot(staff, harvest(plot))).id
    await record(seller, other, 0)


async def test_waste_is_taken_back_however_many_records_there_are_and_then_counts_all_the_same(
    origin: Origin, staff: Caller, plot: Plot
) -> None:
    lot = (await origin.add_lot(staff, harvest(plot))).id
    new = NewWaste(at=NOON, weight_g=1, reason="Bruised")
    events = [(await origin.waste(staff, lot, new)).id for _ in range(8)]
    for event in events:
        await origin.unwaste(staff, lot, event, Undo(reason="Another lot"))
    with pytest.raises(TooManyRecords):
        await origin.waste(staff, lot, new)


async def test_a_weight_is_not_put_right_without_end(
    origin: Origin, staff: Caller, seller: Caller, plot: Plot
) -> None:
    lot = (await origin.add_lot(staff, harvest(plot))).id
    for number in range(2):  # of the harvest there are five events then
        change = LotChange(quantity_g=70_000 + number, reason="Weighed again")
        await origin.correct(seller, lot, change)
    change = LotChange(quantity_g=60_000, reason="Weighed again")
    with pytest.raises(TooManyRecords, match="ask a coordinator"):
        await origin.correct(seller, lot, change)
    assert (await origin.correct(staff, lot, change)).quantity_g == 60_000


async def test_certificates_are_not_put_to_a_test_without_end_and_a_failed_test_is_kept(
    origin: Origin, staff: Caller, seller: Caller, plot: Plot
) -> None:
    async def certificate(number: int) -> AsyncIterator[bytes]:
        yield pdf(b"%d 0 obj <</Type /Catalog>> endobj\n" % number)

    lot = (await origin.add_lot(staff, harvest(plot))).id
    test = await origin.inspect(seller, lot, lab_test(passed=True))
    for number in range(2):
        await origin.certify(seller, lot, test.id, certificate(number))
    with pytest.raises(TooManyRecords, match="ask a coordinator"):
        await origin.certify(seller, lot, test.id, certificate(2))
    await origin.certify(staff, lot, test.id, certificate(3))
    await origin.inspect(seller, lot, lab_test(passed=False, at=NOON + 2 * DAY))
    assert (await origin.story(lot)).lot.stopped
