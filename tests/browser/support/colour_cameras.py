"""Cameras that show one colour, so that a test can tell which of them a page's video shows."""

import asyncio
import re

from playwright.async_api import Page, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.support.waiting import LONG_S, until

# In place of the device's camera: a picture of one colour with a spot that moves, and its sound
# as it is. Fifteen frames a second are enough to look at, and nothing to advise about.
CAMERA = """
(() => {
  const [color, width, height] = %s;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const brush = canvas.getContext("2d");
  let count = 0;
  setInterval(() => {
    count += 1;
    brush.fillStyle = color;
    brush.fillRect(0, 0, width, height);
    brush.fillStyle = "#ffffff";
    brush.fillRect((count * 7) %% width, height - 24, 24, 24);
  }, 66);
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async ({ video, audio }) => new MediaStream([
    ...(video ? canvas.captureStream(15).getVideoTracks() : []),
    ...(audio ? (await real({ audio: plain })).getAudioTracks() : []),
  ]);
})();
"""
# Resolves when the middle of the video is of that colour, within what codecs blur.
SHOWS = """
([selector, wanted]) => new Promise((resolve) => {
  const brush = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
    .getContext("2d", { willReadFrequently: true });
  const timer = setInterval(() => {
    const video = document.querySelector(selector);
    if (!video?.videoWidth) return;
    const { videoWidth, videoHeight } = video;
    brush.drawImage(video, videoWidth / 2, videoHeight / 3, 1, 1, 0, 0, 1, 1);
    const seen = [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
    if (seen.some((value, at) => Math.abs(value - wanted[at]) > 40)) return;
    clearInterval(timer);
    resolve(seen);
  }, 50);
})
"""

# Beside a camera that is on air the button says no more than what it does.
SEND = re.compile("^(Put it on air|Use this picture)$")

GREEN = (40, 120, 40)
BROWN = (150, 80, 20)
BLUE = (40, 60, 160)
Color = tuple[int, int, int]


def camera(color: Color, width: int = 320, height: int = 180) -> str:
    """A page's script: its camera has a picture of that colour."""
    return CAMERA % f'["rgb({",".join(map(str, color))})", {width}, {height}]'


async def shows(page: Page, selector: str, color: Color) -> None:
    """Wait until that video of the page shows that colour."""
    async with asyncio.timeout(LONG_S):
        await page.evaluate(SHOWS, [selector, list(color)])


async def sending(
    open_studio: Open, sale: Sale, color: Color, size: tuple[int, int] = PHONE, **how: int
) -> Page:
    """A host's page whose device sends a picture of that colour."""
    page = await open_studio(f"/studio/{sale.broadcast}", size=size, script=camera(color, **how))
    await page.get_by_role("button", name="Use this camera").click()
    await page.get_by_role("button", name=SEND).click()
    await expect(page.get_by_text("Sending.")).to_be_visible()
    return page


async def put_on_air(sale: Sale, label: str) -> None:
    """Put the camera of this label on air, as soon as its media flows."""

    async def flowing() -> str | None:
        sources = (await sale.api.health(sale.broadcast))["sources"]
        return next((s["id"] for s in sources if s["label"] == label and not s["away"]), None)

    await sale.api.commands(sale.broadcast).switch(await until(flowing, "its media flows"))


def tile(name: str) -> str:
    return f'.cam:has([data-name]:text-is("{name}"))'
