"""How packets get out of a network in Chromium: by TCP where UDP is blocked, as a player and as a
publisher, and again after the network changed under a session.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.playing import FRAMES, KEPT, picture
from tests.browser.support.udp_gate import Door
from tests.support.waiting import LONG_S, until

from farmlive.media.engine.interface import RemoteAddress
from farmlive.media.signalling.session import Session
from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.engines]

# No UDP candidate reaches the server, as where a network lets none through.
NO_UDP = """
const answer = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function (description) {
  const sdp = description.sdp?.replace(/a=candidate:\\S+ \\d+ udp .*\\r\\n/gi, "");
  return answer.call(this, { ...description, sdp });
};
"""


@pytest_asyncio.fixture(loop_scope="session")
async def door(site: Server) -> AsyncIterator[Door]:
    door = Door(site.house.media.relay.udp_port)
    yield door
    door.close()


def places(site: Server, publishers: bool) -> list[RemoteAddress]:
    """Where all publishers are, or all viewers."""
    relay = site.house.media.relay
    entries = relay._broadcasts.values()
    sessions: list[Session | None] = [
        session
        for entry in entries
        for session in (
            [source.session for source in entry.sources.values()] if publishers else entry.viewers
        )
    ]
    found = [
        relay._engine.remote_address(session.peer) for session in sessions if session is not None
    ]
    return [place for place in found if place is not None]


async def frames(page: Page, more_than: int = 0) -> int:
    return int(await page.evaluate(FRAMES, more_than))


async def test_a_viewer_comes_in_by_tcp_and_is_told_so(
    site: Server, sale: Sale, key: str, open_page: Open
) -> None:
    async with picture(site, sale, key):
        page = await open_page(sale.path, size=PHONE, script=NO_UDP)
        await frames(page)
        assert [place.protocol for place in places(site, publishers=False)] == ["tcp"]
        note = page.locator("#way")
        await expect(note).to_have_text(
            "The video comes over TCP, because this network blocks UDP."
        )
        await expect(page.locator("#slate")).to_be_hidden()


async def test_a_lost_way_is_mended_without_a_new_session(
    site: Server, sale: Sale, key: str, open_page: Open, door: Door
) -> None:
    async with picture(site, sale, key):
        page = await open_page(sale.path, size=PHONE, script=KEPT + door.script)
        shown = await frames(page)
        (before,) = places(site, publishers=False)
        # From here on no media comes where the page was.
        door.lose("rtp", "rtcp")
        async with asyncio.timeout(LONG_S):
            await frames(page, shown + 60)
        (after,) = places(site, publishers=False)
        assert after != before
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
    assert [place.protocol for place in places(site, publishers=True)] == ["tcp"]
    assert [place.protocol for place in places(site, publishers=False)] == ["udp"]


async def test_a_camera_whose_way_is_lost_keeps_its_session(
    sale: Sale, site: Server, open_studio: Open, door: Door
) -> None:
    script = KEPT + door.script
    page = await open_studio(f"/studio/{sale.broadcast}", size=PHONE, script=script)
    await page.get_by_role("button", name="Use this camera").click()
    await page.get_by_role("button", name="Put it on air").click()
    await expect(page.locator("[data-phone-state]")).to_contain_text("Sending")
    (before,) = places(site, publishers=True)
    peers = site.house.media.relay._engine.gauges()["peers"]
    async with page.expect_response(lambda answer: answer.request.method == "PATCH") as answered:
        # The camera hears nothing any more.
        door.lose("stun", "dtls", "rtp", "rtcp")
    assert (await answered.value).status == 200
    await until(
        lambda: places(site, publishers=True) != [before], "the camera sends from elsewhere", 20
    )
    await expect(page.locator("[data-phone-state]")).to_contain_text("Sending")
    (source,) = site.house.media.relay.health(sale.broadcast)["sources"]
    assert source["away"] is False
    held = site.house.media.relay._engine.gauges()
    assert (held["publishers"], held["peers"]) == (1, peers)
