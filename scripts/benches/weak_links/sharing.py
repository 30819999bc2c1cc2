"""Several viewers of a simulcast on one shared link: whether all have sound, and how far apart
their layers are at the end.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from scripts.benches.lab.testbed import Testbed
from scripts.benches.report import OtherLoad
from scripts.benches.weak_links.figures import join_figures, record_of
from scripts.benches.weak_links.joins import (
    HEIGHT,
    LAYERS,
    Say,
    viewer_page,
)

SHARED_KBPS, VIEWERS = 4_000, 4
SHARED_S = 30.0
_HEIGHTS = [HEIGHT // scale for _, scale, _ in LAYERS]


async def measure_shared(bed: Testbed, say: Say) -> dict[str, Any]:
    """Let them join at once and stay; return the sound of the worst, and the layers at the end."""
    say(f"{VIEWERS} viewers share {SHARED_KBPS} kbit/s for {SHARED_S:g} s")
    busy = OtherLoad(lambda: 0.0)
    async with AsyncExitStack() as stack:
        pages = []
        for _ in range(VIEWERS):
            pages.append(await stack.enter_async_context(viewer_page(bed)))
        bed.down.limit(SHARED_KBPS)
        stack.callback(bed.down.limit, None)
        await asyncio.gather(*(page.evaluate("begin()") for page in pages))
        await asyncio.sleep(SHARED_S)
        records = [record_of(await page.evaluate("recorded()")) for page in pages]
        await asyncio.gather(*(page.evaluate("end()") for page in pages))
    joins = [join_figures(record) for record in records]
    layers = [layer_of(join["height"]) for join in joins]
    return {
        "audio_concealed_share": max(join["audio_concealed_share"] for join in joins),
        "layers_apart": max(layers) - min(layers),
        "layers": layers,
        "cores_busy": busy.cores(),
        "joins": joins,
    }


def layer_of(height: float) -> int:
    """Return the layer whose height is nearest to this one, 0 the smallest."""
    return min(range(len(_HEIGHTS)), key=lambda layer: abs(_HEIGHTS[layer] - height))
