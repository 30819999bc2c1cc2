"""The bench of pages: visits on a slow link, and a moment of a busy chat. No timing."""

import pytest
from scripts.benches import pages, report
from scripts.benches.lab import browsers
from scripts.benches.lab.lab import missing


@pytest.mark.browser
@pytest.mark.skipif(bool(missing()), reason=missing())
async def test_pages_are_light_and_their_moments_come_in_order() -> None:
    if lacking := browsers.missing():
        pytest.skip(lacking)
    size = pages.Size(runs=1, chat_s=0.5, warm_s=0.0, links=("1600k",))
    found = await pages.measure(size, lambda _: None)
    live, start, chat = found["live"], found["start"], found["chat500"]
    assert 40_000 < live["bytes"] <= pages.LIMITS["live.bytes"]
    assert 15 < live["requests"] <= pages.LIMITS["live.requests"]
    assert 10_000 < start["bytes"] <= pages.LIMITS["start.bytes"]
    # Three round trips at least: a connection, the page, and a script that sends it.
    assert 3 * pages.LINKS["1600k"][1] < live["whep_s"]["1600k"] < live["frame_s"]["1600k"]
    assert live["card_s"]["1600k"] > 3 * pages.LINKS["1600k"][1]
    assert chat["viewer_fps"] > 0
    assert chat["host_fps"] > 0
    assert chat["lines_s"] > 0
    figures = report.flatten(found["runs"][0])
    held = {name for name in pages.LIMITS | pages.FLOORS if not name.endswith(".400k")}
    assert held <= set(figures)
