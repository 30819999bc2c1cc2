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


async def test_advice_troubles_the_host_only_once_it_has_lasted(open_page: Open) -> None:
    page = await open_page("/sign-in")
    soft = {"code": "loss", "level": "fair", "percent": 4.0}
    few = {"code": "few-frames", "level": "poor", "fps": 5}
    narrow = {"code": "narrow-uplink", "level": "poor", "kbps": 90, "width": 320, "height": 180}
    unfit = {"code": "b-frames", "level": "poor"}
    cases: list[tuple[dict[str, object] | None, int, str, list[str]]] = [
        ({"advice": []}, 3, "good", []),
        ({"advice": [soft]}, 2, "good", []),
        ({"advice": [soft]}, 3, "fair", ["loss"]),
        ({"advice": [few, soft]}, 3, "poor", ["few-frames", "loss"]),
        # A camera that has just come in grows sharper.
        ({"advice": [narrow]}, 6, "good", []),
        ({"advice": [narrow]}, 7, "poor", ["narrow-uplink"]),
        ({"advice": [unfit], "objection": "B-frames"}, 1, "poor", ["b-frames"]),
        ({"advice": [soft], "away": True}, 3, "away", []),
        (None, 3, "none", []),
    ]
    told = await page.evaluate(
        """async (cases) => {
          const { HealthWatch } = await import("/static/pages/console/cameras/stream-health.js");
          return cases.map(([source, looks]) => {
            const watch = new HealthWatch();
            let last;
            for (let look = 0; look < looks; look += 1) last = watch.take(source ?? undefined);
            return [last.level, last.advice.map(({ code }) => code)];
          });
        }""",
        [[source and {"id": "a", **source}, looks] for source, looks, _, _ in cases],
    )
    for (source, _, level, lasting), answer in zip(cases, told, strict=True):
        assert answer == [level, lasting], source


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


async def test_pace_tells_what_runs_out(open_page: Open) -> None:
    page = await open_page("/sign-in")
    told = await page.evaluate(
        """async () => {
          const { SalesRate } = await import("/static/pages/console/offers/sales-rate.js");
          const pace = new SalesRate();
          const look = (seconds, left, released = 50) =>
            pace.minutesLeft({ released, left }, seconds * 1000);
          // Ten sold in a minute: twenty are gone in two; seventy in seven; after a lull never.
          return [look(0, 30), look(30, 25), look(60, 20), look(61, 70, 100), look(300, 70, 100)];
        }"""
    )
    assert told == [None, 3, 2, 7, None]


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
