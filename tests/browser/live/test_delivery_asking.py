"""How often a page asks what it gets: rarely, and at once when the picture comes otherwise."""

from typing import Any

import pytest
from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# A connection whose frames the test counts, and a server that answers what the test says.
CONNECTION = """
async () => {
  window.report = { type: "inbound-rtp", kind: "video", framesDecoded: 0, frameHeight: 720 };
  window.asked = [];
  window.says = { choice: "auto", gets: "all", limited_by: null, estimated_kbps: null };
  window.code = 200;
  window.fetch = async (address, how = {}) => {
    window.asked.push(how.method ?? "GET");
    return { ok: window.code === 200, status: window.code, json: async () => window.says };
  };
  const { Delivery } = await import("/static/lib/media/delivery.js");
  window.watched = new Delivery({ getStats: async () => new Map([["a", report]]) }, "/delivery");
}
"""


async def test_it_is_asked_once_and_then_only_when_something_changes(open_page: Open) -> None:
    # The clock stays turned.
    page = await open_page("/", kept=False)
    await page.clock.install()
    await page.evaluate(CONNECTION)

    async def run(seconds: int, fps: float, **changed: Any) -> int:
        """So many seconds with so many frames in each; how often was it asked?"""
        await page.evaluate("(more) => Object.assign(window.says, more)", changed)
        before = await page.evaluate("asked.length")
        for _ in range(seconds):
            await page.evaluate("(fps) => { report.framesDecoded += fps; }", fps)
            await page.clock.run_for(1_000)
        return int(await page.evaluate("asked.length") - before)

    assert await run(3, 30) == 0
    assert await run(120, 30) == 1, "whoever gets all asks no more"
    less = {"gets": "still_pictures", "limited_by": "link", "estimated_kbps": 900}
    assert 1 <= await run(6, 0.5, **less) <= 3, "the picture stands: it asks"
    assert await page.evaluate("watched.latest.gets") == "still_pictures"
    assert 1 <= await run(12, 0.5) <= 4, "soon again, until that has lasted"
    assert 3 <= await run(60, 0.5) <= 5, "then now and then"
    assert 1 <= await run(6, 30, gets="all", limited_by=None, estimated_kbps=None) <= 3
    await run(20, 30)
    assert await run(60, 30) == 0
    await page.evaluate("report.frameHeight = 360")
    assert await run(3, 30) >= 1, "the picture is smaller"
    await run(20, 30)
    await page.evaluate("code = 429")
    await page.evaluate("report.frameHeight = 180")
    assert 1 <= await run(60, 30) <= 3, "it is refused and waits"
    await page.evaluate("code = 200")
    await run(60, 30)
    await page.evaluate("watched.close()")
    await page.evaluate("report.frameHeight = 720")
    assert await run(10, 30) == 0


async def test_a_choice_is_sent_and_looked_after(open_page: Open) -> None:
    page = await open_page("/", kept=False)
    await page.clock.install()
    await page.evaluate(CONNECTION)
    await page.clock.run_for(30_000)
    assert await page.evaluate("asked") == ["GET"]
    assert await page.evaluate("watched.choose('sound_only')") is True
    await page.clock.run_for(3_000)
    assert await page.evaluate("asked.slice(1, 3)") == ["POST", "GET"]
    await page.evaluate("code = 503")
    assert await page.evaluate("watched.choose('auto')") is False
    await page.evaluate("() => { fetch = async () => { throw new TypeError('offline'); }; }")
    assert await page.evaluate("watched.choose('auto')") is False
