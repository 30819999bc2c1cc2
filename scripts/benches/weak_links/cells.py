"""Measures one cell of the table: joins one after another on a link of one width with one queue,
through the server or directly; and the time until the picture is full again on a link that is wide
again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from scripts.benches.lab.lab import Wire
from scripts.benches.lab.testbed import Testbed
from scripts.benches.report import OtherLoad
from scripts.benches.weak_links.figures import (
    FULL_MS,
    cell_figures,
    full_again_s,
    join_figures,
    record_of,
)
from scripts.benches.weak_links.joins import (
    HEIGHT,
    LAYERS,
    Say,
    Source,
    directly,
    through_server,
    viewer_page,
)

# What a layer needs of a link beside its own bits: headers, sound, and the encoder's overshoot.
_HEADERS, _SOUND_KBPS = 1.1, 60
# How long before a join another viewer joined, one join after another. A join takes some 0.2 s, so
# that its group of pictures is this much older.
LEADS_S = (None, 0.15, 0.3, 0.45, 0.6)
# The link on which a viewer stays before it is wide again, and how long.
RECOVERS_FROM_KBPS, NARROW_S = 1_000, 12.0
RECOVERS_WITHIN_S = 45.0


@dataclass(frozen=True)
class Cell:
    """A link's width, the column (`one_layer` or `simulcast`) and the length of its queue."""

    kbps: int
    column: str
    queue_ms: int = 300

    @property
    def row(self) -> str:
        return f"{self.kbps}k"

    @property
    def key(self) -> str:
        """The key below the row's."""
        return self.column if self.queue_ms == 300 else f"{self.column}_{self.queue_ms}ms"

    @property
    def name(self) -> str:
        """The name for `--only`."""
        return f"{self.row}.{self.key}"

    @property
    def height(self) -> int | None:
        """The height of the layer that fits; None where there is one layer."""
        if self.column == "one_layer":
            return None
        fitting = [
            HEIGHT // scale
            for _, scale, kbps in LAYERS
            if kbps * _HEADERS + _SOUND_KBPS <= self.kbps
        ]
        return max(fitting, default=HEIGHT // LAYERS[0][1])


async def measure_through_server(
    bed: Testbed, cell: Cell, source: Source, joins: int, length_s: float, say: Say
) -> dict[str, Any]:
    """Measure a cell through the server; return its figures, and those of each join."""
    say(f"{cell.name}: {joins} joins of {length_s:g} s")
    async with viewer_page(bed) as page:

        async def join(number: int) -> dict[str, Any]:
            return await through_server(bed, page, length_s, LEADS_S[number % len(LEADS_S)])

        figures = await _join_in_turn(bed.down, cell, joins, join, cell.height, say)
    kbps, fps = await source.pace()
    return {**figures, "source_kbps": round(kbps), "source_fps": round(fps, 1)}


async def measure_direct(
    bed: Testbed, cell: Cell, codec: dict[str, str], joins: int, length_s: float, say: Say
) -> dict[str, Any]:
    """Measure a cell with the browsers joined directly, which is the reference."""
    say(f"direct.{cell.name}: {joins} joins of {length_s:g} s")

    async def join(_number: int) -> dict[str, Any]:
        return await directly(bed, codec, length_s)

    return await _join_in_turn(bed.direct, cell, joins, join, None, say)


async def _join_in_turn(
    wire: Wire,
    cell: Cell,
    joins: int,
    join: Callable[[int], Awaitable[dict[str, Any]]],
    expected_height: int | None,
    say: Say,
) -> dict[str, Any]:
    """Join a number of times over a wire with the cell's limit; return the figures of all."""
    busy = OtherLoad(lambda: 0.0)
    found = []
    wire.limit(cell.kbps, cell.queue_ms)
    try:
        for number in range(joins):
            record = await join(number)
            found.append(join_figures(record_of(record), expected_height) | record["link"])
            say(_join_line(found[-1]))
    finally:
        wire.limit(None)
    return {**cell_figures(found), "cores_busy": busy.cores(), "joins": found}


def _join_line(join: dict[str, Any]) -> str:
    return (
        f"  {join['fps']:g} fps, still for {join['still_ms'] / 1000:.1f} s, first frame after"
        f" {join['first_frame_ms']} ms, {join['audio_concealed_share']:.1%} of the sound concealed,"
        f" {join['repaired']} packets repaired"
    )


async def measure_recovery(bed: Testbed, source: Source, say: Say) -> dict[str, Any]:
    """Measure how long after the link is wide again a viewer's picture is full: in height, and as
    smooth as its source.
    """
    say(f"recovery from {RECOVERS_FROM_KBPS} kbit/s")
    busy = OtherLoad(lambda: 0.0)
    async with viewer_page(bed) as page:
        bed.down.limit(RECOVERS_FROM_KBPS)
        await page.evaluate("begin()")
        await asyncio.sleep(NARROW_S - 1)
        _, source_fps = await source.pace(1)
        bed.down.limit(None)
        widened = await page.evaluate("Date.now()")
        end, taken = time.monotonic() + RECOVERS_WITHIN_S + FULL_MS / 1000, None
        while taken is None and time.monotonic() < end:
            await asyncio.sleep(0.5)
            record = record_of(await page.evaluate("recorded()"))
            taken = full_again_s(record, widened, HEIGHT, source_fps)
        narrow = [at for at in record.shown if at < widened]
        await page.evaluate("end()")
    say(f"  full after {taken} s")
    return {
        "recovery_s": RECOVERS_WITHIN_S if taken is None else taken,
        "fps_before": round(len(narrow) / NARROW_S, 1),
        "source_fps": round(source_fps, 1),
        "cores_busy": busy.cores(),
    }
