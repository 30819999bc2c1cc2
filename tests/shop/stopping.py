"""Stopped lots: how a test stops and lifts the lot that the stall sells."""

from dataclasses import replace
from typing import Any

from farmlive.bilingual import Bilingual
from farmlive.clock import now_ms
from farmlive.origin.models import NewInspection, Undo
from farmlive.origin.stop_models import NewLift

from .conftest import HOST

COORDINATOR = replace(HOST, role="coordinator")
SENTENCE = "复检合格，第一次的样品拿错了。"


async def stop(stall: Any, lot: Any = None) -> None:
    """A test of the lot failed."""
    new = NewInspection(at=now_ms(), result=Bilingual(zh="毒死蜱超标"), passed=False)
    await stall.origin.inspect(HOST, (lot or stall.lot).id, new)


async def lift(stall: Any, lot: Any = None) -> None:
    """A coordinator lifts all that is open."""
    of = (lot or stall.lot).id
    named = [each.id for each in (await stall.origin.story(of)).findings if each.lift is None]
    await stall.origin.lift(COORDINATOR, of, NewLift(findings=named, sentence=SENTENCE))


async def unlift(stall: Any, lot: Any = None) -> None:
    """A coordinator takes the last lift back."""
    of = (lot or stall.lot).id
    made = (await stall.origin.story(of)).lifts[-1].id
    await stall.origin.withdraw_lift(COORDINATOR, of, made, Undo(reason="认错了批次"))
