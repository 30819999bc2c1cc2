"""A test picture on air, and scripts that watch a page play it."""

from playwright.async_api import Page
from tests.browser.conftest import Sale

from farmlive.client.media.counter import TestPicture
from farmlive.client.media.whip import Publisher
from farmlive.server import Server

# Resolves when the page's video has shown more frames than that.
FRAMES = """
(more) => new Promise((resolve) => {
  const timer = setInterval(() => {
    const frames = document.getElementById("video").getVideoPlaybackQuality().totalVideoFrames;
    if (frames <= more) return;
    clearInterval(timer);
    resolve(frames);
  }, 50);
})
"""
# Keeps the page's connections and what it asks of sessions.
KEPT = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...how) {
    super(...how);
    window.connections.push(this);
  }
};
window.asked = [];
const fetchIt = window.fetch;
window.fetch = (address, how) => {
  window.asked.push(how?.method ?? "GET");
  return fetchIt(address, how);
};
"""


def picture(site: Server, sale: Sale, key: str) -> Publisher:
    video = TestPicture(320, 180, fps=15)
    return Publisher(f"{site.url}/whip/{sale.broadcast}", key, video=video)


async def choose(page: Page, choice: str) -> None:
    """Choose on a live page how much of the stream is to come: `Auto`, `Save data` …"""
    await page.locator("#quality").click()
    sheet = page.locator("#quality-sheet")
    await sheet.get_by_role("radio", name=choice).check()
    await sheet.get_by_role("button", name="Done").click()
