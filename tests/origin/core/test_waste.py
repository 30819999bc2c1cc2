"""What of a lot was thrown away, and a harvest recorded wrongly: what is sold stays sold."""

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import Connection

from farmlive.clock import now_ms, rfc3339
from farmlive.ids import ulid
from farmlive.origin.core.models import Farm, Lot, LotChange, NewLot, NewWaste, Undo
from farmlive.origin.core.problems import (
    BelowTaken,
    InFuture,
    NotLeft,
    OtherFarm,
    UnknownLot,
    UnknownWaste,
    WrongOrder,
)
from farmlive.origin.lots.balance import Taken
from farmlive.origin.origin import Origin
from farmlive.origin.story.models import Story
from farmlive.people import Caller
from farmlive.people.core.audit import list_entries
from farmlive.store import Store

DAY = 86_400_000


class Sold:
    """So much of every lot is sold and held; it writes down what it was told."""

    def __init__(self, sold_g: int = 0, held_g: int = 0):
        self.of_each = Taken(sold_g, held_g)
        self.told: list[str] = []

    def stock_of(self, _connection: Connection, lots: Iterable[str]) -> dict[str, Taken]:
        return dict.fromkeys(lots, self.of_each)

    def append_stock(self, _connection: Connection, lot: str) -> None:
        self.told.append(lot)


@pytest.fixture
def sales() -> Sold:
    return Sold()


@pytest.fixture
def sold(sales: Sold) -> Sold:
    """380 of the 412.5 kg are sold and 10 kg held: 22.5 kg are left."""
    sales.of_each = Taken(380_000, 10_000)
    return sales


@pytest.fixture
async def lot(staff: Caller, origin: Origin, farm: Farm) -> Lot:
    harvest = {
        "farm": farm.id,
        "code": "1123",
        "product_name": {"zh": "金桔", "en": "Kumquats"},
        "harvested_at": now_ms() - 2 * DAY,
        "quantity_g": 412_500,
    }
    return await origin.add_lot(staff, NewLot.model_validate(harvest))


async def balance(origin: Origin, lot: Lot) -> tuple[int, int, int | None]:
    """Harvested, wasted, left."""
    (found,) = await origin.lots(lot.farm)
    assert (await origin.story(lot.id)).lot == found
    return found.quantity_g, found.wasted_g, found.left_g


async def documents(origin: Origin, lot: Lot) -> list[dict[str, Any]]:
    return (await origin.events(lot.id))[0]


def told(story: Story) -> list[tuple[Any, ...]]:
    return [(s.step, s.was_g, s.weight_g, s.reason) for s in story.stations]


async def test_waste_lessens_what_is_left_and_stands_in_the_trace(
    staff: Caller, origin: Origin, store: Store, lot: Lot, sold: Sold
) -> None:
    at = now_ms() - DAY
    new = NewWaste(weight_g=12_500, reason="冻伤", at=at)
    wasted = await origin.waste(staff, lot.id, new)
    assert (wasted.weight_g, wasted.reason, wasted.at) == (12_500, "冻伤", at)
    assert await balance(origin, lot) == (412_500, 12_500, 10_000)
    assert sold.told == [lot.id]
    _, event = await documents(origin, lot)
    assert event == {
        "eventID": wasted.id,
        "type": "ObjectEvent",
        "action": "DELETE",
        "bizStep": "destroying",
        "disposition": "destroyed",
        "eventTime": rfc3339(at),
        "recordTime": event["recordTime"],
        "eventTimeZoneOffset": "+08:00",
        "readPoint": {"id": f"{origin.url}/origin/farm/{lot.farm}"},
        "bizLocation": {"id": f"{origin.url}/origin/farm/{lot.farm}"},
        "quantityList": [{"epcClass": lot.class_uri, "quantity": 12.5, "uom": "KGM"}],
        "farmlive:reason": "冻伤",
    }
    assert told(await origin.story(lot.id)) == [
        ("picked", None, 412_500, None),
        ("wasted", None, 12_500, "冻伤"),
    ]
    (noted, *_) = await store.read(list_entries)
    assert (noted.action, noted.subject) == ("lot.waste", lot.id)
    assert noted.detail == {"weight_g": 12_500}


async def test_no_more_is_wasted_than_is_neither_sold_nor_held(
    staff: Caller, origin: Origin, lot: Lot, sold: Sold
) -> None:
    await origin.waste(staff, lot.id, NewWaste(weight_g=2_500, reason="裂果"))
    with pytest.raises(NotLeft) as refused:
        await origin.waste(staff, lot.id, NewWaste(weight_g=20_001, reason="裂果"))
    assert refused.value.members == {"left_g": 20_000}
    assert "20 kg" in refused.value.detail
    assert await balance(origin, lot) == (412_500, 2_500, 20_000)
    await origin.waste(staff, lot.id, NewWaste(weight_g=20_000, reason="裂果"))
    assert await balance(origin, lot) == (412_500, 22_500, 0)
    assert len(await documents(origin, lot)) == 3


async def test_waste_is_of_a_known_lot_of_an_own_farm_after_its_harvest(
    staff: Caller, origin: Origin, lot: Lot
) -> None:
    some = NewWaste(weight_g=1_000, reason="裂果")
    with pytest.raises(UnknownLot):
        await origin.waste(staff, ulid(), some)
    stranger = Caller(None, "a farmer", "seller", "d", "192.0.2.4", farms=frozenset({ulid()}))
    with pytest.raises(OtherFarm):
        await origin.waste(stranger, lot.id, some)
    with pytest.raises(OtherFarm):
        await origin.correct(stranger, lot.id, LotChange(quantity_g=1, reason="写错"))
    with pytest.raises(InFuture):
        await origin.waste(staff, lot.id, some.model_copy(update={"at": now_ms() + DAY}))
    with pytest.raises(WrongOrder):
        await origin.waste(staff, lot.id, some.model_copy(update={"at": lot.harvested_at - 1}))
    own = Caller(None, "a farmer", "seller", "d", "192.0.2.4", farms=frozenset({lot.farm}))
    await origin.waste(own, lot.id, some)
    assert await balance(origin, lot) == (412_500, 1_000, 411_500)


async def test_a_waste_that_did_not_happen_is_taken_back_and_declared_an_error(
    staff: Caller, origin: Origin, lot: Lot, sold: Sold
) -> None:
    wasted = await origin.waste(staff, lot.id, NewWaste(weight_g=20_000, reason="裂果"))
    undo = Undo(reason="写到了别的批次")
    await origin.unwaste(staff, lot.id, wasted.id, undo)
    assert await balance(origin, lot) == (412_500, 0, 22_500)
    assert sold.told == [lot.id] * 2
    _, event, error = await documents(origin, lot)
    declaration = error.pop("errorDeclaration")
    assert declaration["reason"] == "did_not_occur"
    assert "correctiveEventIDs" not in declaration
    assert declaration["farmlive:reason"] == undo.reason
    assert {**error, "recordTime": ""} == {**event, "recordTime": ""}
    assert [step for step, *_ in told(await origin.story(lot.id))] == ["picked"]
    for event_id in (wasted.id, "urn:uuid:none"):
        with pytest.raises(UnknownWaste):
            await origin.unwaste(staff, lot.id, event_id, undo)
    assert await balance(origin, lot) == (412_500, 0, 22_500)


async def test_a_mistyped_harvest_is_put_right_and_the_trace_keeps_the_mistake(
    staff: Caller, origin: Origin, store: Store, lot: Lot, sold: Sold
) -> None:
    (before,) = await documents(origin, lot)
    found = await origin.correct(staff, lot.id, LotChange(quantity_g=421_500, reason="看错了秤"))
    assert (found.quantity_g, found.sold_g, found.held_g) == (421_500, 380_000, 10_000)
    assert found.left_g == 31_500
    first, error, right = await documents(origin, lot)
    assert first == before
    declaration = error.pop("errorDeclaration")
    # All but the declaration is as it was, the eventID too (EPCIS 2.0, ErrorDeclaration).
    assert {**error, "recordTime": ""} == {**first, "recordTime": ""}
    assert declaration == {
        "declarationTime": declaration["declarationTime"],
        "reason": "incorrect_data",
        "correctiveEventIDs": [right["eventID"]],
        "farmlive:reason": "看错了秤",
    }
    assert right["eventID"] != first["eventID"]
    assert right["quantityList"][0]["quantity"] == 421.5
    assert (right["ilmd"], right["eventTime"]) == (first["ilmd"], first["eventTime"])
    (noted, *_) = await store.read(list_entries)
    assert (noted.action, noted.detail) == (
        "lot.correct",
        {"quantity_g": 421_500, "was_g": 412_500},
    )
    await origin.correct(staff, lot.id, LotChange(quantity_g=400_000, reason="再称一次"))
    assert told(await origin.story(lot.id)) == [
        ("picked", None, 400_000, None),
        ("corrected", 412_500, 421_500, "看错了秤"),
        ("corrected", 421_500, 400_000, "再称一次"),
    ]
    assert sold.told == [lot.id] * 2


async def test_a_harvest_is_never_less_than_what_is_sold_held_and_wasted(
    staff: Caller, origin: Origin, lot: Lot, sold: Sold
) -> None:
    await origin.waste(staff, lot.id, NewWaste(weight_g=2_000, reason="裂果"))
    with pytest.raises(BelowTaken) as refused:
        await origin.correct(staff, lot.id, LotChange(quantity_g=391_999, reason="写错"))
    assert refused.value.members == {"least_g": 392_000}
    assert await balance(origin, lot) == (412_500, 2_000, 20_500)
    await origin.correct(staff, lot.id, LotChange(quantity_g=392_000, reason="写错"))
    assert await balance(origin, lot) == (392_000, 2_000, 0)
    # What is said once more changes nothing and tells of nothing.
    kept = len(await documents(origin, lot))
    await origin.correct(staff, lot.id, LotChange(quantity_g=392_000, reason="写错"))
    assert len(await documents(origin, lot)) == kept


async def test_keepers_waste_and_correct_by_the_api(site: Any, lot: Lot) -> None:
    path = f"/api/v1/lots/{lot.id}"
    waste = {"weight_g": 2_500, "reason": "霉变"}
    assert (await site.viewer.post(f"{path}/waste", json=waste)).status_code == 401
    seller = await site.bearer("seller", lot.farm)
    answer = await site.viewer.post(f"{path}/waste", json=waste, headers=seller)
    assert answer.status_code == 201
    event = answer.json()["id"]
    assert (await site.viewer.get(path)).json()["lot"]["wasted_g"] == 2_500
    over = await site.staff.post(f"{path}/waste", json={**waste, "weight_g": 500_000})
    assert (over.status_code, over.json()["type"]) == (409, "/problems/not-left")
    for wrong in ({}, {**waste, "weight_g": 0}, {**waste, "reason": " "}):
        assert (await site.staff.post(f"{path}/waste", json=wrong)).status_code == 422
    undo = await site.staff.post(f"{path}/waste/{event}/withdrawal", json={"reason": "写错"})
    assert undo.status_code == 204
    answer = await site.staff.patch(path, json={"quantity_g": 410_000, "reason": "写错"})
    assert answer.status_code == 200
    assert answer.json()["left_g"] == 410_000
    document = (await site.viewer.get(f"/epcis/v2/events?lot={lot.id}")).json()
    found = document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert [(e["bizStep"], e["action"], "errorDeclaration" in e) for e in found] == [
        ("commissioning", "ADD", False),
        ("commissioning", "ADD", True),
        ("commissioning", "ADD", False),
        ("destroying", "DELETE", False),
        ("destroying", "DELETE", True),
    ]
