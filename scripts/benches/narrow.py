"""The bench of narrow links: what viewers get on links hardly wider than the stream, and narrower,
beside two browsers that are joined directly over the same link; the time until the picture is full
on a link that is wide again; and the cost of link control for viewers who do not need it.

A picture of 720p30 in one layer of 1.6 Mbit/s, or in three. `tbf` with 16 kB of burst limits the
viewer's link, towards the viewer; joins come one after another and count from their start.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.benches.lab import browsers
from scripts.benches.lab.lab import missing
from scripts.benches.lab.testbed import Testbed, testbed
from scripts.benches.report import ROOT, commit
from scripts.benches.weak_links import cost
from scripts.benches.weak_links.cells import (
    Cell,
    measure_direct,
    measure_recovery,
    measure_through_server,
)
from scripts.benches.weak_links.joins import Say, published
from scripts.benches.weak_links.sharing import SHARED_KBPS, measure_shared

WIDE = (3_000, 2_000)
BELOW = (1_300, 1_000, 500)
_SMOOTH = [f"{kbps}k.one_layer" for kbps in WIDE]
_SOUND = [f"{kbps}k.one_layer" for kbps in BELOW]
_LAYERS = [f"{kbps}k.simulcast" for kbps in (*WIDE, *BELOW)]
# Four viewers of the simulcast on one link; in the long run alone.
SHARED = f"shared_{SHARED_KBPS}k"
LIMITS: dict[str, float] = {
    **{f"{cell}.joins_bad": 0 for cell in _SMOOTH},
    "2000k.one_layer.first_frame_ms": 1_200,
    **{f"{cell}.audio_concealed_share": 0.01 for cell in _SOUND},
    **{f"{cell}.new_picture_s": 2.5 for cell in _SOUND},
    **{f"{cell}.layer_after_s": 3 for cell in _LAYERS},
    **{f"{cell}.freezes": 1 for cell in _LAYERS},
    f"{SHARED}.audio_concealed_share": 0.01,
    f"{SHARED}.layers_apart": 1,
    "recovery_s": 15,
    "cost_ratio": 1.1,
}
FLOORS: dict[str, float] = {f"{cell}.fps": 29 for cell in _SMOOTH}
FIGURES = (
    "joins_bad",
    "fps",
    "freeze_share",
    "audio_concealed_share",
    "first_frame_ms",
    "new_picture_s",
    "layer_after_s",
    "freezes",
    "layers_apart",
)
HOW = {
    "joins": (
        "One after another. 0.15, 0.3, 0.45 and 0.6 s before four of five another viewer, on no "
        "narrow link, joins and leaves again: the group of pictures that is under way is young "
        "then, as where many join. Before the fifth nobody does."
    ),
    "joins_bad": "Joins whose picture stood still for more than 0.5 s after their first second.",
    "fps": "Frames decoded a second from the third second to the end, in the worst join.",
    "freeze_share": "totalFreezesDuration by time, all joins; a still picture at the end counts.",
    "audio_concealed_share": (
        "concealedSamples by totalSamplesReceived after the fifth second, in the worst join; 1 "
        "where no sound came. The source sends sound all the time, so that silent concealment "
        "counts too; `silent_samples` says how much of it there was."
    ),
    "first_frame_ms": "From the player's start to the first frame shown, p95 (nearest rank).",
    "new_picture_s": "The longest time between two pictures, or from the last to the end.",
    "layer_after_s": "When the height was that of the layer that fits, for good, at the latest.",
    "freezes": "freezeCount, in the worst join.",
    SHARED: (
        "Four viewers of the simulcast join at once on one link of 4 Mbit/s and stay for 30 s: the "
        "worst one's sound, and by how many layers they differ at the end."
    ),
    "recovery_s": (
        "A viewer watches for 12 s on 1 Mbit/s; then the limit goes. From there to the first frame "
        "after which, for three seconds, 93 % of the source's come, at full height; 45 where none."
    ),
    "cost_ratio": (
        "CPU a viewer-second with 1,000 viewers on loopback, with the handling of links by "
        "without. Half of them join a second after the others, so that they begin behind; once a "
        "second those whose turn it is stand still for a quarter of one, as busy phones do. "
        "`on_p99_ms` and `off_p99_ms` under `cost`: how late packets were in each window."
    ),
    "direct": "The browsers joined directly over the same link, in one layer.",
}


@dataclass(frozen=True)
class Plan:
    """The cells to measure, with the number and length of their joins. `only` names the cells, rows
    or top figures to measure; empty: all. On a slow machine no direct join starts after `most_s`
    seconds.
    """

    cells: tuple[Cell, ...]
    joins: int
    join_s: float
    direct_joins: int
    cost_rounds: int
    cost_s: float
    shares: bool = False
    most_s: float = float("inf")
    only: tuple[str, ...] = ()

    def wants(self, name: str) -> bool:
        """Return whether `only` has this name or a part of it."""
        return not self.only or any(f"{name}.".startswith(f"{each}.") for each in self.only)

    def check(self) -> None:
        """Raise SystemExit if one of `only` matches nothing."""
        names = ["recovery_s", "cost_ratio"]
        names += [cell.name for cell in self.cells]
        names += [f"direct.{cell.name}" for cell in self.cells if cell.column == "one_layer"]
        names += [SHARED] if self.shares else []
        for each in self.only:
            if not any(f"{name}.".startswith(f"{each}.") for name in names):
                cells = ", ".join(cell.name for cell in self.cells)
                raise SystemExit(
                    f"--only {each} names nothing; there are {cells}, those of one layer after "
                    "direct., recovery_s and cost_ratio"
                )


SHORT = Plan(
    cells=(Cell(2_000, "one_layer"), Cell(1_000, "one_layer")),
    joins=5,
    join_s=12.0,
    direct_joins=2,
    cost_rounds=3,
    cost_s=5.0,
    most_s=360.0,
)
LONG = Plan(
    cells=tuple(
        Cell(kbps, column, queue_ms)
        for column in ("one_layer", "simulcast")
        for queue_ms in (300, 100)
        for kbps in (*WIDE, *BELOW)
    ),
    joins=10,
    join_s=20.0,
    direct_joins=3,
    cost_rounds=5,
    cost_s=10.0,
    shares=True,
)


async def run(
    long: bool, say: Say, engine: str = "native", only: Sequence[str] = ()
) -> dict[str, Any]:
    """Measure; with `long` every cell with ten joins. Saves after each cell; a long run of the same
    commit with `only` adds to its file.
    """
    plan = Plan(**{**vars(LONG if long else SHORT), "only": tuple(only)})
    name = f"narrow-{engine}{'-long' if long else ''}.json"
    return await measure(plan, say, engine, Saved(ROOT / ".bench" / name, keeps=long))


class Saved:
    """The result so far, in a file; with `keeps`, earlier figures of this commit stay."""

    def __init__(self, path: Path, *, keeps: bool = False) -> None:
        self.path = path
        self.result: dict[str, Any] = commit()
        if keeps and path.exists():
            before = json.loads(path.read_text())
            if {name: before.get(name) for name in self.result} == self.result:
                self.result = before

    def put(self, value: Any, *keys: str) -> None:
        """Set the value under these keys, and write the file atomically."""
        at = self.result
        for key in keys[:-1]:
            at = at.setdefault(key, {})
        at[keys[-1]] = value
        self.path.parent.mkdir(exist_ok=True)
        written = self.path.with_suffix(".new")
        written.write_text(json.dumps(self.result, ensure_ascii=False))
        written.replace(self.path)


async def measure(plan: Plan, say: Say, engine: str, saved: Saved) -> dict[str, Any]:
    """Measure the plan and save each figure; return the result."""
    lacking = missing() or browsers.missing()
    if lacking:
        raise SystemExit(lacking)
    plan.check()
    began = time.monotonic()
    await _cost(plan, say, engine, saved)
    async with testbed(engine) as bed:
        saved.put(bed.server.engine, "engine")
        saved.put(bed.down.offload(), "offload_left_on")
        codec = await _through_server(bed, plan, say, saved)
        for cell in plan.cells:
            if cell.column != "one_layer" or not plan.wants(f"direct.{cell.name}"):
                continue
            if time.monotonic() > began + plan.most_s:
                say(f"a busy or slow machine: no direct.{cell.name}")
                continue
            found = await measure_direct(bed, cell, codec, plan.direct_joins, plan.join_s, say)
            saved.put(found, "direct", cell.row, cell.key)
    return result_of(plan, saved)


async def _through_server(bed: Testbed, plan: Plan, say: Say, saved: Saved) -> dict[str, str]:
    """Measure the cells through the server, and the recovery; return the codec of the last
    source.
    """
    codec: dict[str, str] = {}
    for column in dict.fromkeys(cell.column for cell in plan.cells):
        cells = [each for each in plan.cells if each.column == column and plan.wants(each.name)]
        shares = column == "simulcast" and plan.shares and plan.wants(SHARED)
        if not (cells or shares or plan.wants("recovery_s")):
            continue
        async with published(bed, column) as source:
            codec = source.codec
            if plan.wants("recovery_s"):
                saved.put(await measure_recovery(bed, source, say), "recovery", column)
            for cell in cells:
                found = await measure_through_server(
                    bed, cell, source, plan.joins, plan.join_s, say
                )
                saved.put(found, cell.row, cell.key)
            if shares:
                saved.put(await measure_shared(bed, say), SHARED)
    if codec:
        saved.put(codec, "codec")
    return codec


async def _cost(plan: Plan, say: Say, engine: str, saved: Saved) -> None:
    if not plan.wants("cost_ratio"):
        return
    if lacking := cost.lacks_switch():
        say(lacking)
        saved.put({"cost_ratio": None, "why": lacking}, "cost")
    else:
        saved.put(await cost.measure_ratio(engine, plan.cost_rounds, plan.cost_s, say), "cost")


def result_of(plan: Plan, saved: Saved) -> dict[str, Any]:
    """Return the saved result with its figures at the top, and in `runs` those of the table."""
    result = saved.result
    if recoveries := result.get("recovery"):
        result["recovery_s"] = max(each["recovery_s"] for each in recoveries.values())
    if "cost" in result:
        result["cost_ratio"] = result["cost"]["cost_ratio"]
    shown = {
        name: result[name] for name in ("recovery_s", "cost_ratio") if result.get(name) is not None
    }
    direct = result.get("direct", {})
    for cell in plan.cells:
        for found, into in ((result, shown), (direct, shown.setdefault("direct", {}))):
            if figures := found.get(cell.row, {}).get(cell.key):
                into.setdefault(cell.row, {})[cell.key] = _shown(figures)
    if SHARED in result:
        shown[SHARED] = _shown(result[SHARED])
    return {**result, "join_s": plan.join_s, "how": HOW, "runs": [shown]}


def _shown(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in FIGURES if name in figures}
