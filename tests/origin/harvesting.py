"""Harvests, sprayings and residue tests of a plot."""

from typing import Any

from farmlive.bilingual import Bilingual
from farmlive.clock import parse_rfc3339
from farmlive.origin.core.models import (
    Farm,
    NewInspection,
    NewLot,
    NewWork,
    Plot,
)
from farmlive.origin.origin import Origin
from farmlive.people import Caller

DAY = 86_400_000
NOON = parse_rfc3339("2026-11-20T12:00:00+08:00")
GTIN = "09524000059109"


def harvest(plot: Plot | None, **other: object) -> NewLot:
    facts: dict[str, object] = {"harvested_at": NOON, "quantity_g": 80_000, **other}
    if plot is not None:
        facts["plot"] = plot.id
    return NewLot.model_validate(facts)


async def spray(origin: Origin, caller: Caller, plot: Plot, at: int, days: int) -> None:
    new = NewWork(kind="sprayed", at=at, waiting_days=days, substance=Bilingual(en="Copper"))
    await origin.add_work(caller, plot.id, new)


def lab_test(*, passed: bool, at: int = NOON + DAY) -> NewInspection:
    return NewInspection(at=at, result=Bilingual(zh="毒死蜱 0.9 mg/kg", en=""), passed=passed)


async def open_findings(origin: Origin, lot: str) -> list[str]:
    return [each.id for each in (await origin.story(lot)).findings if each.lift is None]


def harvest_body(farm: Farm, **other: object) -> dict[str, Any]:
    return {
        "farm": farm.id,
        "code": "1123",
        "product_name": {"zh": "金桔", "en": "Kumquats"},
        "gtin": GTIN,
        "harvested_at": "2026-11-20T08:30:00+08:00",
        "quantity_g": 412_500,
        "inspection": {
            "at": "2026-11-21T09:00:00+08:00",
            "result": {"zh": "未检出农药残留", "en": "No residues found"},
            "laboratory": "Youxi County Laboratory",
            "passed": True,
        },
        "packed_at": "2026-11-21T15:00:00+08:00",
        **other,
    }
