"""The studio's scripts, each by itself in Chromium: toasts, advice, sales, and what it offers."""

import inspect
import re

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Open

from farmlive.media import diagnostics

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]


async def test_what_is_told_twice_stands_once(open_page: Open) -> None:
    page = await open_page("/sign-in")
    await page.evaluate(
        """async () => {
          const { toast } = await import("/static/lib/ui/toast.js");
          toast("A0001 is packed.", { act: "Undo", onAct: () => toast("The first one.") });
          toast("Saved.");
          toast("A0001 is packed.", { act: "Undo", onAct: () => toast("The second one.") });
        }"""
    )
    await expect(page.locator(".toast > span")).to_have_text(["Saved.", "A0001 is packed."])
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(".toast > span")).to_have_text(["Saved.", "The second one."])


async def test_every_advice_of_the_server_has_words(open_page: Open) -> None:
    source = inspect.getsource(diagnostics)
    codes = set(re.findall(r'(?:add\(|"code": |get\(objection, )"([a-z-]+)"', source))
    codes |= set(re.findall(r'codecs\.\w+: "([a-z-]+)"', source))
    page = await open_page("/sign-in")
    silent = await page.evaluate(
        r"""async (codes) => {
          const { whatToDo } = await import("/static/pages/console/cameras/stream-advice.js");
          const numbers = { kbps: 400, wanted_kbps: 2500, width: 1280, height: 720, lines: 480,
                            fps: 5, percent: 3.1, seconds: 10, wanted_s: 2, ms: 600,
                            codec: "VP8", on_air: "H264" };
          return codes.filter((code) => [true, false].some((encoder) => {
            const words = whatToDo({ code, ...numbers }, encoder);
            return !words || /%\(|undefined|NaN/.test(words);
          }));
        }""",
        sorted(codes),
    )
    assert len(codes) > 10
    assert silent == []


async def test_offer_prefers_h264_and_sends_upright(open_page: Open) -> None:
    page = await open_page("/sign-in")
    first, sdp = await page.evaluate(
        """async () => {
          const whip = await import("/static/lib/media/whip-publisher.js");
          const peer = new RTCPeerConnection();
          peer.addTransceiver("video", { direction: "sendonly" });
          const { sdp } = await peer.createOffer();
          peer.close();
          const [first] = whip.inPreferredOrder(RTCRtpSender.getCapabilities("video").codecs);
          return [first, [sdp, whip.withoutVideoOrientation(sdp)]];
        }"""
    )
    assert first["mimeType"] == "video/H264"
    assert "packetization-mode=1" in first["sdpFmtpLine"]
    before, after = sdp
    assert "urn:3gpp:video-orientation" in before
    assert "urn:3gpp:video-orientation" not in after
    assert before.count("a=rtpmap") == after.count("a=rtpmap")
