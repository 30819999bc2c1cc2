"""How late viewers see the picture: by their browsers, and by a clock in the picture."""

import asyncio
import re
from statistics import median
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.colour_cameras import SEND
from tests.support.waiting import LONG_S, until

pytestmark = pytest.mark.browser

# In place of the device's camera: the time, in units of 8 ms, as 16 fields of black and white.
CLOCK = """
(() => {
  const [width, height] = [640, 360];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const brush = canvas.getContext("2d");
  setInterval(() => {
    const now = Math.floor((performance.timeOrigin + performance.now()) / 8);
    for (let bit = 0; bit < 16; bit += 1) {
      brush.fillStyle = Math.floor(now / 2 ** bit) % 2 ? "#ffffff" : "#000000";
      brush.fillRect((bit % 8) * 80, bit < 8 ? 0 : 180, 80, 180);
    }
  }, 66);
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async ({ video, audio }) => new MediaStream([
    ...(video ? canvas.captureStream(15).getVideoTracks() : []),
    ...(audio ? (await real({ audio: true })).getAudioTracks() : []),
  ]);
})();
"""
# A viewer who holds the picture back, so that the delay is much more than what a busy machine adds.
LATE = """
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) {
    super(...options);
    this.addEventListener("track", ({ receiver }) => {
      receiver.jitterBufferTarget = 1500;
      // The page would hold it back as the link needs.
      Object.defineProperty(receiver, "jitterBufferTarget", { get: () => 1500, set: () => {} });
    });
  }
};
"""
# Of the next frames: the delay that the browser gives, and that by the clock in the picture.
READ = """
async (count) => {
  const { delayOf } = await import("/static/lib/media/delay-report.js");
  const video = document.getElementById("video");
  const canvas = Object.assign(document.createElement("canvas"), { width: 80, height: 20 });
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  const found = [];
  return new Promise((resolve) => {
    const look = (_, frame) => {
      brush.drawImage(video, 0, 0, 80, 20);
      const { data } = brush.getImageData(0, 0, 80, 20);
      let drawn = 0;
      for (let bit = 0; bit < 16; bit += 1) {
        const [x, y] = [(bit % 8) * 10 + 5, bit < 8 ? 5 : 15];
        if (data[4 * (y * 80 + x)] > 127) drawn += 2 ** bit;
      }
      const shown = (performance.timeOrigin + frame.expectedDisplayTime) / 8;
      const apart = (((shown - drawn) % 65536) + 65536) % 65536;
      found.push([delayOf(frame), apart * 8]);
      if (found.length === count) resolve(found);
      else video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  });
}
"""
# What a busy machine takes between drawing the clock and capturing it; a quiet one 15.
WITHIN_MS = 300


# Each size and each engine once: neither knows of the other.
@pytest.mark.parametrize(
    ("engine_name", "size"),
    [pytest.param("native", PHONE, marks=pytest.mark.native), ("python", DESK)],
    ids=["native-phone", "python-desk"],
    indirect=["engine_name"],
)
async def test_the_delay_that_the_host_reads_is_that_of_the_clock_in_the_picture(
    open_page: Open, open_studio: Open, sale: Sale, size: tuple[int, int]
) -> None:
    host = await open_studio(f"/studio/{sale.broadcast}", size=size, script=CLOCK)
    await host.get_by_role("button", name="Use this camera").click()
    await host.get_by_role("button", name=SEND).click()
    viewer = await open_page(sale.path, size=size, script=LATE)
    by_browser, by_picture = await delays(viewer)
    assert by_picture > 1_000, "it is held back"
    assert abs(by_browser - by_picture) < WITHIN_MS

    async def reported() -> Any:
        return (await sale.api.health(sale.broadcast))["delay"]

    delay = await until(reported, "the page reports", LONG_S)
    assert (delay["from"], delay["viewers"], delay["slowest_tenth_ms"]) == ("camera", 1, None)
    assert abs(delay["median_ms"] - by_picture) < 2 * WITHIN_MS
    await expect(host.locator("[data-delay]")).to_have_text(
        re.compile(r"From camera to screen: \d\.\d s")
    )


async def delays(viewer: Page) -> tuple[float, float]:
    """The median delay by the browser and by the picture, once the browser knows the clocks and
    holds the picture back.
    """

    async def read() -> tuple[float, float] | None:
        async with asyncio.timeout(LONG_S):
            frames = await viewer.evaluate(READ, 20)
        known = [(told, true) for told, true in frames if told is not None]
        held = len(known) == len(frames) and median(true for _, true in known) > 1_000
        if not held:
            return None
        return median(told for told, _ in known), median(true for _, true in known)

    return await until(read, "the delay is known", LONG_S)
