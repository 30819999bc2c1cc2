"""How packets get out of a network in Chromium: by TCP where UDP is blocked, as a player and as a
publisher, and again after the network changed under a session.
"""

import asyncio
import socket

import pytest
from playwright.async_api import Page, expect
from tests.waiting import until

from farmlive.app import Server
from farmlive.media.python_engine import PythonEngine

from .conftest import PHONE, Open, Sale
from .test_live import FRAMES, key, picture

__all__ = ["key"]

pytestmark = pytest.mark.browser

# No UDP candidate reaches the server, as where a network lets none through.
NO_UDP = """
const answer = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function (description) {
  const sdp = description.sdp?.replace(/a=candidate:\\S+ \\d+ udp .*\\r\\n/gi, "");
  return answer.call(this, { ...description, sdp });
};
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


def protocols(site: Server) -> list[str]:
    engine = site.house.relay._engine
    assert isinstance(engine, PythonEngine)
    return [peer.port.protocol for peer in engine._peers.values() if peer.port is not None]


async def frames(page: Page, more_than: int = 0) -> int:
    return int(await page.evaluate(FRAMES, more_than))


async def test_a_viewer_comes_in_by_tcp_and_is_told_so(
    site: Server, sale: Sale, key: str, open_page: Open
) -> None:
    async with picture(site, sale, key):
        page = await open_page(sale.path, size=PHONE, script=NO_UDP)
        await frames(page)
        assert "tcp" in protocols(site)
        note = page.locator("#way")
        await expect(note).to_have_text("The video comes by TCP, since this network blocks UDP.")
        await expect(page.locator("#slate")).to_be_hidden()


async def test_a_lost_way_is_mended_without_a_new_session(
    site: Server, sale: Sale, key: str, open_page: Open
) -> None:
    async with picture(site, sale, key):
        page = await open_page(sale.path, size=PHONE, script=KEPT)
        shown = await frames(page)
        engine = site.house.relay._engine
        assert isinstance(engine, PythonEngine)
        entry = next(each for each in engine._peers.values() if each.viewer is not None)
        assert entry.fanout is not None
        assert entry.viewer is not None
        before = entry.address
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nowhere:
            nowhere.bind(("127.0.0.1", 0))
            # From here on nothing comes where the page was.
            entry.fanout.moved(entry.viewer, nowhere, nowhere.getsockname())
            async with asyncio.timeout(30):
                await frames(page, shown + 60)
        assert entry.address != before
        assert await page.evaluate("window.asked.filter((each) => each === 'POST').length") == 1
        assert await page.evaluate("window.asked.includes('PATCH')")
        assert await page.evaluate("window.connections.length") == 1
        await expect(page.locator("#slate")).to_be_hidden()


async def test_a_camera_sends_by_tcp(sale: Sale, site: Server, open_studio: Open) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}", size=PHONE, script=NO_UDP)
    await page.get_by_role("button", name="Use this camera").click()
    await page.get_by_role("button", name="Put it on air").click()
    await expect(page.get_by_text("Sending. Viewers see this camera.")).to_be_visible()
    viewer = await (await open_studio("/studio")).context.new_page()
    await viewer.goto(sale.path)
    await frames(viewer, 20)
    assert sorted(protocols(site)) == ["tcp", "udp"]


async def test_a_camera_whose_way_is_lost_keeps_its_session(
    sale: Sale, site: Server, open_studio: Open
) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}", size=PHONE, script=KEPT)
    await page.get_by_role("button", name="Use this camera").click()
    await page.get_by_role("button", name="Put it on air").click()
    await expect(page.locator("[data-phone-state]")).to_contain_text("Sending")
    engine = site.house.relay._engine
    assert isinstance(engine, PythonEngine)
    entry = next(each for each in engine._peers.values() if each.publisher is not None)
    before = entry.address
    async with page.expect_response(
        lambda answer: answer.request.method == "PATCH", timeout=30_000
    ) as answered:
        # The camera hears nothing any more.
        entry.send = lambda data: None  # type: ignore[method-assign]
    assert (await answered.value).status == 200
    del entry.send
    await until(lambda: entry.address != before, "the camera sends from elsewhere", 20)
    await expect(page.locator("[data-phone-state]")).to_contain_text("Sending")
    (source,) = site.house.relay.health(sale.broadcast)["sources"]
    assert source["away"] is False
    assert [peer for peer in engine._peers.values() if peer.publisher] == [entry]
