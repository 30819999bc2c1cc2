"""Several viewers of a simulcast who share one link: whether all have sound, and how far apart the
layers are that they end up with.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from scripts.benches.report import Elsewhere
from scripts.benches.weak_links.figures import join_figures, record_of
from scripts.benches.weak_links.grounds import (
    HEIGHT,
    LAYERS,
    Grounds,
    Say,
    viewer_page,
)

SHARED_KBPS, VIEWERS = 4_000, 4
SHARED_S = 30.0
_HEIGHTS = [HEIGHT // scale for _, scale, _ in LAYERS]


async def shared(ground: Grounds, say: Say) -> dict[str, Any]:
    """Let them join at once and stay; the sound of the worst, and the layers at the end."""
    say(f"{VIEWERS} viewers share {SHARED_KBPS} kbit/s for {SHARED_S:g} s")
    busy = Elsewhere(lambda: 0.0)
    async with AsyncExitStack() as stack:
        pages = []
        for _ in range(VIEWERS):
            pages.append(await stack.enter_async_context(viewer_page(ground)))
        ground.down.limit(SHARED_KBPS)
        stack.callback(ground.down.limit, None)
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
    """Which layer has the height nearest to this one, 0 the smallest."""
    return min(range(len(_HEIGHTS)), key=lambda layer: abs(_HEIGHTS[layer] - height))
