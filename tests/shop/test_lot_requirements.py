"""Where the county sells no lot without a passed test, or a certificate: what is refused until it
is there, and what is told then."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text, update
from tests.shop.conftest import HOST, caller
from tests.shop.support.flash_batches import batch, plan
from tests.shop.support.holds import hold, line, stock
from tests.shop.support.orders import enter
from tests.shop.support.stopped_lots import (
    SELLING,
    SENTENCE,
    Deed,
    join,
    lift,
    lot_like,
    release,
    stop,
)
from tests.support.upload_bodies import chunks, pdf

from farmlive.bilingual import Bilingual
from farmlive.broadcast.broadcast_state import BroadcastState, fold
from farmlive.clock import now_ms
from farmlive.origin.core.models import NewInspection, Undo
from farmlive.origin.core.problems import LotStopped
from farmlive.origin.core.requirements import Requirements
from farmlive.origin.core.tables import inspections, lots
from farmlive.shop.core.checkout_models import HoldDrop
from farmlive.shop.core.tables import holds


async def demand(stall: Any, **wanted: bool) -> None:
    """The server starts with these settings."""
    policy = replace(stall.origin._policy, requirements=Requirements(**wanted))
    stall.origin._policy = policy
    await stall.origin.start()


async def passed(stall: Any, *, certificate: bool = False) -> str:
    new = NewInspection(at=now_ms(), result=Bilingual(zh="未检出农药残留"), passed=True)
    kept = await stall.origin.inspect(HOST, stall.lot.id, new)
    if certificate:
        await stall.origin.certify(HOST, stall.lot.id, kept.id, chunks(pdf()))
    return str(kept.id)


async def card_lot(stall: Any) -> Any:
    """What a page that was open all the time knows of the lot."""
    scene = BroadcastState()
    for event in await stall.events():
        fold(scene, event)
    return scene.offers[stall.card.id]["lot"]


@pytest.mark.parametrize("deed", SELLING.values(), ids=SELLING.keys())
async def test_nothing_of_a_lot_without_a_test_is_sold_where_that_is_asked_for(
    stall: Any, deed: Deed
) -> None:
    await demand(stall, test=True)
    with pytest.raises(
        LotStopped, match=r"(can't be sold|is not sold) yet. No passed test"
    ) as refused:
        await deed(stall)
    (reason,) = refused.value.members["reasons"]
    assert reason == {"kind": "test_missing", "at": stall.lot.harvested_at}
    assert (await card_lot(stall))["stopped"] == [reason]
    await passed(stall)
    await deed(stall)
    facts = await card_lot(stall)
    assert (facts["stopped"], facts["lifted"], facts["tested"]) == ([], None, True)


async def test_a_certificate_may_be_asked_for_too(stall: Any) -> None:
    await demand(stall, test=True, certificate=True)
    await passed(stall)
    with pytest.raises(LotStopped, match="no certificate"):
        await stall.place(1)
    kept = await passed(stall, certificate=True)
    await stall.place(1)
    await stall.origin.withdraw_test(HOST, stall.lot.id, kept, Undo(reason="Another lot's"))
    with pytest.raises(LotStopped, match="no certificate"):
        await stall.place(1)


BUYING: dict[str, Any] = {
    "an order": lambda stall, by: stall.shop.till.place(by, stall.broadcast, stall.request()),
    "a hold": lambda stall, by: hold(stall, by=by),
    "a place on the waiting list": lambda stall, by: join(stall, by=by),
}


@pytest.mark.parametrize("deed", BUYING.values(), ids=BUYING.keys())
async def test_a_buyer_reads_what_buyers_can_do_and_staff_what_to_record(
    stall: Any, deed: Any
) -> None:
    await demand(stall, test=True)
    with pytest.raises(LotStopped) as refused:
        await deed(stall, caller("a device"))
    detail = refused.value.body()["detail"]
    assert "lot 1123 is not sold yet. No passed test of it is recorded" in detail
    assert detail.endswith("Look at it again later, or choose something else.")
    assert "Record" not in detail
    with pytest.raises(LotStopped) as refused:
        await deed(stall, caller("a device", role="clerk"))
    assert refused.value.body()["detail"].endswith("Record what is missing first.")
    with pytest.raises(LotStopped, match=r"Record what is missing first\.$"):
        await release(stall, 1)
    # What a stop means is told to everyone alike.
    await stop(stall)
    with pytest.raises(LotStopped, match=r"is stopped\. Its test of"):
        await deed(stall, caller("a device"))


@pytest.mark.parametrize("wanted", [{"test": True}, {"certificate": True}])
async def test_a_test_from_long_before_the_harvest_counts_for_neither(
    stall: Any, wanted: dict[str, bool]
) -> None:
    kept = await passed(stall, certificate=True)
    at = stall.lot.harvested_at - 31 * 86_400_000  # as it could be recorded before
    of = update(inspections).where(inspections.c.id == kept).values(at=at)
    await stall.store.write(lambda connection: connection.execute(of).rowcount)
    summed = update(lots).where(lots.c.id == stall.lot.id).values(tested_at=at)
    await stall.store.write(lambda connection: connection.execute(summed).rowcount)
    await demand(stall, **wanted)
    with pytest.raises(LotStopped):
        await stall.place(1)
    facts = await card_lot(stall)
    assert len(facts["stopped"]) == 1
    await demand(stall)
    assert (await card_lot(stall))["tested"] is False
    await demand(stall, **wanted)
    await passed(stall, certificate=True)
    await stall.place(1)
    assert (await card_lot(stall))["tested"] is True


async def test_what_was_sold_before_is_packed_and_a_lot_without_its_test_is_in_no_new_bag(
    stall: Any,
) -> None:
    placed = await stall.place(1)
    await demand(stall, test=True)
    await enter(stall, placed, "packed")
    other = await stall.origin.add_lot(HOST, lot_like(stall, "1124"))
    assert other.missing == "test"
    with pytest.raises(LotStopped):
        await stall.offer(lot=other.id)
    await demand(stall)
    await stall.offer(lot=other.id)
    await stall.place(1)


async def test_a_flash_batch_ends_and_those_who_wait_are_served_when_the_test_comes(
    stall: Any,
) -> None:
    flash = await plan(stall)
    await demand(stall, test=True)
    assert (await batch(stall, flash))[3] == "stopped"
    await demand(stall)
    await hold(stall, line(stall, 6))
    await join(stall, 5)
    await demand(stall, test=True)
    held = await stall.store.read(lambda connection: connection.execute(select(holds)).one())
    await stall.shop.holds.drop(stall.viewer, stall.broadcast, HoldDrop(order=held.id))
    assert await stock(stall) == (10, 0, 0, 10)
    await passed(stall)
    assert await stock(stall) == (10, 0, 5, 5)


async def test_a_lift_alone_does_not_sell_what_lacks_its_test(stall: Any) -> None:
    await demand(stall, test=True)
    await stop(stall)
    await lift(stall)
    with pytest.raises(LotStopped) as refused:
        await stall.place(1)
    assert [each["kind"] for each in refused.value.members["reasons"]] == ["test_missing"]
    # No certificate is asked for here.
    assert "certificate" not in str(refused.value)
    assert [each["kind"] for each in (await card_lot(stall))["stopped"]] == ["test_missing"]
    await passed(stall)
    placed = await stall.place(1)
    # What everyone is to read stands on the card, though the test came after the lift.
    (lift_,) = (await stall.origin.story(stall.lot.id)).lifts
    said = {"sentence": SENTENCE, "at": lift_.at}
    assert (await card_lot(stall))["lifted"] == said
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert card.lot.lifted.model_dump() == said
    # A test that is taken back keeps it from being sold, and the order goes on as before.
    test = (await stall.origin.story(stall.lot.id)).inspections[-1].id
    await stall.origin.withdraw_test(HOST, stall.lot.id, test, Undo(reason="Another lot's"))
    assert (await card_lot(stall))["lifted"] is None
    (line_,) = (await stall.shop.order(placed["token"])).lines
    assert (line_.lot_stopped, line_.lot_lifted.sentence) == ([], SENTENCE)


async def test_a_setting_that_did_not_change_writes_nothing(stall: Any) -> None:
    await demand(stall, test=True)
    before = len(await stall.events())
    await demand(stall, test=True)
    assert len(await stall.events()) == before


async def test_what_is_asked_for_may_change_more_lots_than_a_statement_can_name(
    stall: Any,
) -> None:
    more = text(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 70000)"
        " INSERT INTO lots"
        " (id, farm, code, product_name, class_uri, harvested_at, quantity_g, created_at)"
        " SELECT CAST(n AS VARCHAR(26)), farm, 'many ' || n, product_name, class_uri,"
        " harvested_at, quantity_g, created_at FROM lots, n"
    )
    await stall.store.write(lambda connection: connection.execute(more).rowcount)
    await demand(stall, test=True)
    with pytest.raises(LotStopped):
        await stall.place(1)
