"""Stock at random: boxes of three sizes of one lot, which does not hold all that is released."""

from typing import Any

from hypothesis import strategies as st
from tests.shop.conftest import HOST

from farmlive.broadcast.broadcast_state import BroadcastState, fold
from farmlive.broadcast.snapshot import view
from farmlive.clock import now_ms
from farmlive.ids import token
from farmlive.origin.core.models import NewLot

# Boxes of three sizes share one lot, which does not hold all that is released of them.
GRAMS = (2500, 2500, 5000)


OFFERS = len(GRAMS)


LOT_G = 50_000


DEVICES = 3


device = st.integers(0, DEVICES - 1)


basket = st.dictionaries(st.integers(0, OFFERS - 1), st.integers(1, 5), min_size=1)


nth = st.integers(0, 3)


async def compare_snapshot(stall: Any, broadcast: str, cards: dict[str, Any]) -> None:
    """A late joiner sees what the cards say."""
    scene = BroadcastState()
    for event in await stall.store.read(lambda c: stall.log.events(c, broadcast)):
        fold(scene, event)
    for shown in view(scene, frozenset({"public"}))["offers"]:
        card = cards[shown["id"]].model_dump(mode="json")
        assert {name: shown[name] for name in card} == card


async def new_lot(stall: Any) -> None:
    """From now on the stall sells of a lot that nobody drew on."""
    facts = {
        "farm": stall.farm.id,
        "code": token()[:8].strip("-_") or "1",
        "product_name": {"en": "Kumquats"},
        "harvested_at": now_ms() - 86_400_000,
        "quantity_g": LOT_G,
    }
    stall.lot = await stall.origin.add_lot(HOST, NewLot.model_validate(facts))
