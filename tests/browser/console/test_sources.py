"""Several cameras in the studio, with real media: all are seen, one tap switches, viewers keep
their session; layers and saving data.
"""

import asyncio
import contextlib
from functools import partial
from typing import Any

import pytest
from playwright.async_api import Response, Route, expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.colour_cameras import BROWN, GREEN, put_on_air, sending, shows, tile
from tests.browser.support.phone_panels import open_panel
from tests.browser.support.playing import choose
from tests.browser.support.touch_targets import SMALL_TARGETS
from tests.support.waiting import LONG_S, until

from farmlive.client.media.counter import TestPicture
from farmlive.client.media.whip import Publisher
from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# Counts the page's media sessions.
COUNTED = """
window.peers = 0;
window.talking = new Set();
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) {
    super(...options);
    window.peers += 1;
    window.talking.add(this);
  }
  close() {
    super.close();
    window.talking.delete(this);
  }
};
"""
# Whoever looks at another tab.
HIDE = """
() => {
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""
SHOW = """
() => {
  delete document.hidden;
  document.dispatchEvent(new Event("visibilitychange"));
}
"""
# Resolves when the live page's video is so wide.
WIDTH = """
(wanted) => new Promise((resolve) => {
  const timer = setInterval(() => {
    const { videoWidth } = document.getElementById("video");
    if (wanted === "large" ? videoWidth < 640 : videoWidth !== wanted) return;
    clearInterval(timer);
    resolve(videoWidth);
  }, 50);
})
"""


# Each size and each engine once: neither knows of the other.
@pytest.mark.parametrize(
    ("engine_name", "size"),
    [pytest.param("native", PHONE, marks=pytest.mark.native), ("python", DESK)],
    ids=["native-phone", "python-desk"],
    indirect=["engine_name"],
)
async def test_one_tap_shows_viewers_the_other_camera_in_the_same_session(
    open_page: Open, open_studio: Open, sale: Sale, size: tuple[int, int]
) -> None:
    host = await sending(open_studio, sale, GREEN, size)
    await open_panel(host, "cameras")
    viewer = await open_page(sale.path, size=size, script=COUNTED)
    await shows(viewer, "#video", GREEN)
    await sending(open_studio, sale, BROWN)
    # The one that comes in is offered, and nothing changes by itself.
    await expect(host.locator(tile("Camera 2"))).to_contain_text("Just joined")
    await expect(host.locator("[data-sources-told]")).to_have_text(
        "Camera 2 has joined. Camera 1 stays on air until you tap another."
    )
    await expect(host.get_by_text("Camera 1 stays until you tap another.")).to_be_visible()
    before = await viewer.evaluate("document.getElementById('video').currentTime")
    sessions = await viewer.evaluate("peers")

    await host.get_by_role("button", name="Put on air: Camera 2").click()
    await shows(viewer, "#video", BROWN)
    await expect(host.locator(tile("Camera 2"))).to_contain_text("On air")
    await expect(host.get_by_text("Camera 2 stays until you tap another.")).to_be_visible()
    await expect(host.get_by_role("button", name="Put on air: Camera 1")).to_be_enabled()
    await expect(host.get_by_text("Just joined", exact=True)).to_be_hidden()
    await shows(host, "[data-preview-video]", BROWN)
    assert await viewer.evaluate("document.getElementById('video').currentTime") > before
    assert await viewer.evaluate("peers") == sessions


async def test_host_sees_the_picture_of_every_camera_while_looking(
    open_studio: Open, sale: Sale
) -> None:
    await sending(open_studio, sale, GREEN)
    await sending(open_studio, sale, BROWN)
    await put_on_air(sale, "Camera 2")
    host = await open_studio(f"/studio/{sale.broadcast}")
    await shows(host, ".cam:nth-child(1) video", GREEN)
    await shows(host, ".cam:nth-child(2) video", BROWN)
    playing = "document.querySelectorAll('.cam video').values().filter(v => v.srcObject).toArray()"
    assert await host.evaluate(f"{playing}.length") == 2
    await host.evaluate(HIDE)
    # The one on air is what the page plays anyway; the other one rests, with its last picture.
    assert await host.evaluate(f"{playing}.length") == 1
    still = "document.querySelector('.cam:nth-child(1) canvas').width"
    assert await host.evaluate(still) == 320


def more(answers: list[int], than: int) -> bool:
    return len(answers) > than


async def test_a_camera_that_is_put_off_deletes_its_session_before_it_hangs_up(
    open_studio: Open, sale: Sale
) -> None:
    host = await sending(open_studio, sale, GREEN, DESK)
    async with host.expect_response(
        lambda answer: answer.request.method == "DELETE" and "/whip/" in answer.url
    ) as deleted:
        await host.get_by_role("button", name="Camera off").click()
    assert (await deleted.value).status == 200
    await expect(host.get_by_role("button", name="Use this camera")).to_be_visible()


async def test_a_preview_that_ends_deletes_its_session_before_it_hangs_up(
    open_studio: Open, sale: Sale
) -> None:
    await sending(open_studio, sale, GREEN)
    await sending(open_studio, sale, BROWN)
    await put_on_air(sale, "Camera 2")
    host = await open_studio(f"/studio/{sale.broadcast}", script=COUNTED)
    deleted: list[int] = []

    def note(answer: Response) -> None:
        if answer.request.method == "DELETE":
            deleted.append(answer.status)

    host.on("response", note)
    while len(deleted) < 3:
        before = len(deleted)
        await shows(host, ".cam:nth-child(1) video", GREEN)
        await host.evaluate(HIDE)
        await until(partial(more, deleted, before), "a preview ended")
        await host.evaluate(SHOW)
        # What was closed is closed: one connection is left, of what is on air, and the next one.
        await host.wait_for_function("talking.size <= 2")
    assert set(deleted) == {200}


async def test_switch_that_fails_says_why_and_changes_nothing(
    open_studio: Open, sale: Sale
) -> None:
    await sending(open_studio, sale, GREEN)
    host = await sending(open_studio, sale, BROWN)
    await open_panel(host, "cameras")
    await put_on_air(sale, "Camera 2")

    async def gone(route: Route) -> None:
        problem = {"type": "/problems/source-away", "title": "Disconnected", "status": 409}
        await route.fulfill(status=409, content_type="application/problem+json", json=problem)

    await host.route("**/on-air", gone)
    await host.get_by_role("button", name="Put on air: Camera 1").click()
    await expect(
        host.get_by_role("alert").filter(has_text="Camera 1 sends no picture")
    ).to_contain_text("What was on air stays.")
    await expect(host.locator(tile("Camera 2"))).to_contain_text("On air")
    await expect(host.get_by_role("button", name="Put on air: Camera 1")).to_be_enabled()
    assert await host.evaluate(SMALL_TARGETS) == []


async def test_switch_that_another_host_overtakes_is_not_waited_for(
    open_studio: Open, sale: Sale
) -> None:
    await sending(open_studio, sale, GREEN)
    host = await sending(open_studio, sale, BROWN)
    await open_panel(host, "cameras")
    await put_on_air(sale, "Camera 2")

    async def overtaken(route: Route) -> None:
        await route.fetch()
        for source in (await sale.api.health(sale.broadcast))["sources"]:
            if source["label"] == "Camera 2":
                await sale.api.commands(sale.broadcast).switch(source["id"])
        await route.fulfill(json={"on_air": False})

    await host.route("**/on-air", overtaken)
    await host.get_by_role("button", name="Put on air: Camera 1").click()
    await expect(host.get_by_text("Camera 2 stays until you tap another.")).to_be_visible()
    await expect(host.locator(tile("Camera 2"))).to_contain_text("On air")
    await expect(host.get_by_role("button", name="Put on air: Camera 1")).to_be_enabled()


async def test_picked_camera_that_goes_away_is_stood_in_for_and_comes_back(
    open_studio: Open, site: Server, sale: Sale
) -> None:
    picked = await sending(open_studio, sale, GREEN)
    host = await sending(open_studio, sale, BROWN, DESK)
    await put_on_air(sale, "Camera 2")
    await host.get_by_role("button", name="Put on air: Camera 1").click()
    await expect(host.locator(tile("Camera 1"))).to_contain_text("Viewers see this one")
    await picked.close()
    await expect(host.get_by_text("Camera 1 is disconnected. Camera 2 stands in")).to_be_visible()
    await expect(host.locator(tile("Camera 2"))).to_contain_text("On air for now")
    await expect(host.get_by_role("button", name="No picture: Camera 1")).to_be_disabled()
    # It was shown by the stream of what is on air, which now shows the other one: nothing of that.
    await expect(host.locator(tile("Camera 1"))).to_contain_text("It comes back automatically.")


async def test_only_camera_away_is_told_in_the_place_of_the_picture(
    open_studio: Open, sale: Sale
) -> None:
    sender = await sending(open_studio, sale, GREEN)
    host = await open_studio(f"/studio/{sale.broadcast}", size=PHONE)
    await shows(host, "[data-preview-video]", GREEN)
    await sender.close()
    await expect(host.locator("[data-preview-empty]")).to_contain_text("Camera 1 is disconnected.")


async def test_without_a_camera_on_air_the_way_to_one_is_in_sight(
    open_studio: Open, sale: Sale
) -> None:
    host = await open_studio(f"/studio/{sale.broadcast}", size=PHONE)
    await expect(host.get_by_text("No picture comes in.")).to_be_visible()
    await expect(host.get_by_role("button", name="Use this camera")).to_be_in_viewport()


async def test_strip_shows_what_is_on_air_and_stays_within_the_phone(
    open_studio: Open, site: Server, sale: Sale
) -> None:
    async with contextlib.AsyncExitStack() as cameras:
        sources = {}
        for name in ("Camera 1", "Camera 2", "Camera 3"):
            minted = await sale.api.create_stream_key(sale.broadcast, "encoder", name)
            sources[name] = minted["source"]
            video = TestPicture(320, 180, fps=15)
            whip = f"{site.url}/whip/{sale.broadcast}"
            await cameras.enter_async_context(Publisher(whip, minted["key"], video=video))
        host = await open_studio(f"/studio/{sale.broadcast}", size=PHONE, plain=False)
        await open_panel(host, "cameras")
        await expect(host.locator(".cam")).to_have_count(3)
        for name in ("Camera 3", "Camera 1"):
            await sale.api.commands(sale.broadcast).switch(sources[name])
            await expect(host.locator(tile(name))).to_be_in_viewport(ratio=0.95)
        assert await host.evaluate("document.documentElement.scrollWidth") == PHONE[0]


async def test_host_reads_before_the_tap_how_many_can_not_see_a_camera(
    open_studio: Open, sale: Sale
) -> None:
    host = await sending(open_studio, sale, GREEN)
    await sending(open_studio, sale, BROWN)

    async def blind(route: Route) -> None:
        answer = await route.fetch()
        health = await answer.json()
        health["viewers"] = 300
        for source in health["sources"]:
            source["viewers_without_codec"] = 0 if source["on_air"] else 12
        await route.fulfill(response=answer, json=health)

    await host.route("**/health", blind)
    await expect(host.locator(tile("Camera 2"))).to_contain_text(
        "12 of 300 viewers can't see this camera"
    )
    await expect(host.locator(tile("Camera 1"))).not_to_contain_text("can't see")
    await host.unroute_all(behavior="ignoreErrors")


@pytest.mark.engines
async def test_camera_is_sent_in_layers_and_a_viewer_who_saves_data_gets_the_smallest(
    open_page: Open, open_studio: Open, sale: Sale
) -> None:
    await sending(open_studio, sale, GREEN, width=1280, height=720)
    viewer = await open_page(sale.path, size=PHONE)
    async with asyncio.timeout(LONG_S):
        await viewer.evaluate(WIDTH, "large")
    await choose(viewer, "Save data")
    button = viewer.get_by_role("button", name="Picture and data: Save data")
    await expect(button).to_be_visible()
    async with asyncio.timeout(LONG_S):
        await viewer.evaluate(WIDTH, 320)

    async def measured() -> list[int]:
        (source,) = (await sale.api.health(sale.broadcast))["sources"]
        sizes = [layer["width"] for layer in source["layers"] if layer["kbps"]]
        return sizes if len(sizes) >= 2 else []

    sizes = await until(measured, "two layers are measured")
    assert sizes == sorted(sizes)
    await viewer.reload()
    await expect(button).to_be_visible()
    async with asyncio.timeout(LONG_S):
        await viewer.evaluate(WIDTH, 320)


@pytest.mark.engines
async def test_a_camera_sends_frames_that_a_weak_link_can_do_without(
    open_page: Open, open_studio: Open, sale: Sale
) -> None:
    await sending(open_studio, sale, GREEN)
    viewer = await open_page(sale.path, size=PHONE)
    await shows(viewer, "#video", GREEN)

    async def measured() -> float:
        (source,) = (await sale.api.health(sale.broadcast))["sources"]
        return float(source["disposable_kbps"])

    assert await until(measured, "frames that no other refers to") > 0


async def test_camera_without_a_name_is_called_in_the_pages_language(
    open_studio: Open, sale: Sale
) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}", language="zh")
    named: Any = await page.evaluate(
        """async () => {
          const { nameOf } = await import("/static/pages/admin/people/credential-words.js");
          const { labelOf } = await import("/static/pages/console/cameras/camera-tile.js");
          return [
            nameOf({ kind: "stream_key", label: "Camera 2" }),
            labelOf({ label: "Camera 2" }),
            nameOf({ kind: "stream_key", label: "Wu's Camera 2" }),
            labelOf({ label: "果园" }),
          ];
        }"""
    )
    assert named == ["机位 2", "机位 2", "Wu's Camera 2", "果园"]


async def test_server_that_takes_one_stream_gets_the_whole_picture(open_page: Open) -> None:
    page = await open_page("/sign-in")
    offered, left = await page.evaluate(
        r"""async () => {
          const { addPicture, settle } = await import("/static/lib/media/simulcast.js");
          const canvas = document.createElement("canvas");
          Object.assign(canvas, { width: 1280, height: 720 });
          canvas.getContext("2d").fillRect(0, 0, 9, 9);
          const [track] = canvas.captureStream(5).getVideoTracks();
          const [camera, server] = [new RTCPeerConnection(), new RTCPeerConnection()];
          const { sender } = addPicture(camera, track, []);
          await camera.setLocalDescription();
          const offered = /^a=simulcast:send (\S+)/m.exec(camera.localDescription.sdp)[1];
          // A browser's own answer takes one stream alone.
          await server.setRemoteDescription(camera.localDescription);
          await server.setLocalDescription();
          await camera.setRemoteDescription(server.localDescription);
          await settle(sender, server.localDescription.sdp);
          const { encodings } = sender.getParameters();
          camera.close();
          server.close();
          return [offered, encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy)];
        }"""
    )
    assert offered == "q;h;f"
    assert left == [1]
