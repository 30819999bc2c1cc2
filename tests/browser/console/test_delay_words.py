"""What the console says about viewers' delay, and which of a browser's times count."""

from typing import Any

import pytest
from tests.browser.conftest import Open, Sale

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

WORDS = """
async (delays) => {
  const { delayWords } = await import("/static/pages/console/cameras/delay-words.js");
  return delays.map((each) => delayWords(each));
}
"""
TIMES = """
async (frames) => {
  const { delayOf, median } = await import("/static/lib/media/delay-report.js");
  return [frames.map((each) => delayOf(each)), median([3, 1, 2]), median([4, 1, 3, 2]), median([])];
}
"""


def delay(source: str, median_ms: int, tenth_ms: int | None) -> dict[str, Any]:
    return {"from": source, "median_ms": median_ms, "slowest_tenth_ms": tenth_ms, "viewers": 20}


CASES = [
    None,
    delay("camera", 412, 1_130),
    delay("camera", 84, None),
    delay("sender", 412, 1_130),
    delay("sender", 412, None),
    delay("server", 412, 1_130),
    delay("server", 2_000, None),
]


async def test_the_delay_in_english_says_from_where_on_it_is_measured(open_page: Open) -> None:
    page = await open_page("/sign-in")
    silent = "The camera does not say when it took a picture."
    assert await page.evaluate(WORDS, CASES) == [
        "",
        "From camera to screen: 0.4 s, for the slowest tenth 1.1 s or more",
        "From camera to screen: 0.08 s",
        "From the sending device to screen: 0.4 s, for the slowest tenth 1.1 s or more",
        "From the sending device to screen: 0.4 s",
        f"From the server to screen: 0.4 s, for the slowest tenth 1.1 s or more. {silent}",
        f"From the server to screen: 2.0 s. {silent}",
    ]


async def test_the_delay_in_chinese(open_studio: Open, sale: Sale) -> None:
    # A page has the words of its own scripts.
    page = await open_studio(f"/studio/{sale.broadcast}", language="zh")
    told = await page.evaluate(WORDS, CASES)
    assert told[1] == "从镜头到屏幕：0.4 秒，最慢的一成观众 1.1 秒以上"
    assert not any("screen" in each for each in told)


async def test_only_times_that_can_be_count(open_page: Open) -> None:
    page = await open_page("/sign-in")
    frames = [
        {"captureTime": 1_000, "expectedDisplayTime": 1_400.5},
        {"captureTime": 1_000, "expectedDisplayTime": 950},
        {"expectedDisplayTime": 1_400},
        {"captureTime": 1_000, "expectedDisplayTime": 800},
        {"captureTime": 1_000, "expectedDisplayTime": 99_000},
    ]
    delays, *medians = await page.evaluate(TIMES, frames)
    assert delays == [400.5, 0, None, None, None]
    assert medians == [2, 2, None]
