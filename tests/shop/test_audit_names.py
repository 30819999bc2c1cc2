"""What the audit list's identifiers are called, on both databases."""

from typing import Any

from tests.shop.support.departing_buyer import BUYER, NAME, PHONE
from tests.shop.support.flash_batches import plan

from farmlive.ids import ulid
from farmlive.shop import audit_names
from farmlive.shop.audit_names import NamedObject


async def test_things_are_called_as_coordinators_know_them(stall: Any) -> None:
    placed = await stall.place(1, buyer=BUYER)
    flash = (await plan(stall))["id"]
    offer, lot = stall.card.id, stall.lot
    wanted = {placed["id"], flash, offer, lot.id, stall.farm.id, stall.broadcast}
    found = await stall.shop.named_objects({*wanted, stall.centre.id, ulid(), "no identifier"})
    assert found.keys() == {*wanted, stall.centre.id}
    assert found[placed["id"]] == NamedObject("order", placed["number"], within=stall.broadcast)
    assert found[lot.id] == NamedObject("lot", {"zh": "金桔", "en": "Kumquats"}, code="1123")
    assert found[stall.broadcast] == NamedObject("broadcast", {"zh": "金桔", "en": "Kumquats"})
    assert (found[offer].kind, found[offer].within) == ("offer", stall.broadcast)
    # A flash batch is called as what it is of.
    assert found[flash] == found[offer]
    assert {found[stall.farm.id].kind, found[stall.centre.id].kind} == {"farm", "centre"}
    assert NAME not in str(found)
    assert PHONE not in str(found)


async def test_many_are_asked_for_in_parts(stall: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(audit_names, "IDS_PER_QUERY", 2)
    wanted = {stall.lot.id, stall.farm.id, stall.broadcast, stall.centre.id, stall.card.id}
    assert (await stall.shop.named_objects(wanted)).keys() == wanted
    assert await stall.shop.named_objects(()) == {}
