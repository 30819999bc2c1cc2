"""The cost of link control for a viewer who does not need it: CPU for a viewer-second on wide links
with and without it, A and B in turn, with the audience of the bench of the relay.
"""

import asyncio
import os
import statistics
from typing import Any

from scripts.benches.audience import compiled_library, raise_file_limit
from scripts.benches.lab.cpu_pinning import load_on_one
from scripts.benches.lab.keep_awake import Awake
from scripts.benches.viewing import CPU, Bench, Size, figures_of, playing
from scripts.benches.weak_links.joins import Say

from farmlive.settings import Settings

# The setting that switches it off.
SWITCH = "link_control"
VIEWERS = 1_000
# Half of the viewers join this long after the others: the group of pictures is no longer small, and
# the next keyframe is not yet requested.
APART_S = 1.0
# Each viewer's receiver stands still now and then, as busy phones do.
STALL_EVERY_S, STALL_S = 1.0, 0.25


def lacks_switch() -> str:
    """Return why the cost can't be measured, as a sentence; empty if it can."""
    if SWITCH in Settings.model_fields:
        return ""
    return f"This server has no setting {SWITCH}: all viewers are handled in one way."


async def measure_ratio(
    engine: str, rounds: int, window_s: float, say: Say, viewers: int = VIEWERS
) -> dict[str, Any]:
    """Return `cost_ratio`, the median of the rounds' ratios, and the costs with and without it."""
    size = Size(viewers=viewers, joining=0, beyond=(), window_s=window_s)
    cores = sorted(os.sched_getaffinity(0))
    raise_file_limit(viewers)
    taken: dict[bool, list[float]] = {True: [], False: []}
    late: dict[bool, list[float]] = {True: [], False: []}
    lost = 0
    with compiled_library() as library:
        bench = Bench(library, cores, Awake({cores[0]}), size)
        with load_on_one(cores):
            for number in range(rounds):
                # The first of a pair is now the one and now the other.
                for with_it in ((True, False), (False, True))[number % 2]:
                    async with playing(
                        bench,
                        bench.pinned,
                        engine=engine,
                        send_threads="0",
                        link_control=str(with_it).lower(),
                    ) as live:
                        live.audience.stall(STALL_EVERY_S, STALL_S)
                        await live.audience.grow(viewers // 2)
                        await asyncio.sleep(APART_S)
                        await live.audience.grow(viewers)
                        found = await figures_of(bench, live, size.window_s)
                    taken[with_it].append(found[CPU])
                    late[with_it].append(found["added_delay_ms"]["p99"])
                    lost += found["packets_lost"]
                    say(
                        f"cost with {SWITCH}={with_it}: {found[CPU]:g} µs a viewer-second, "
                        f"p99 {late[with_it][-1]:g} ms"
                    )
    ratios = [on / off for on, off in zip(taken[True], taken[False], strict=True)]
    return {
        "cost_ratio": round(statistics.median(ratios), 3),
        "on_us": taken[True],
        "off_us": taken[False],
        "on_p99_ms": late[True],
        "off_p99_ms": late[False],
        "viewers": viewers,
        "packets_lost": lost,
    }
