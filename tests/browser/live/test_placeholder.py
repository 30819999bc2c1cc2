"""The live page when the picture stops: a camera that freezes, and a server that restarts."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass

import imageio_ffmpeg
import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.support.parts import people_of
from tests.support.server_process import Served
from tests.support.waiting import LONG_S, until

from farmlive.client import Api, ApiProblem
from farmlive.client.media.counter import TestPicture
from farmlive.client.media.whip import Publisher
from farmlive.server import Server
from farmlive.settings import Settings
from farmlive.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# Counts the page's media sessions.
COUNTED = """
window.peers = 0;
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) {
    super(...options);
    window.peers += 1;
  }
};
"""
# What a page waits for an answer ends at once.
SOON = """
const { timeout } = AbortSignal;
AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / 20);
"""
# Resolves when the page's video has shown that many frames more, in this session or a new one.
MORE_FRAMES = """
(more) => new Promise((resolve) => {
  const video = document.getElementById("video");
  let count = 0;
  const shown = () => {
    count += 1;
    if (count >= more) resolve(count);
    else video.requestVideoFrameCallback(shown);
  };
  video.requestVideoFrameCallback(shown);
})
"""


@contextlib.asynccontextmanager
async def camera(url: str, key: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A stock client in a process of its own publishes until the block ends."""
    arguments = (
        "-hide_banner -loglevel error -re -f lavfi -i testsrc2=size=320x180:rate=30 "
        "-re -f lavfi -i sine=frequency=440 -c:v libx264 -profile:v baseline -preset ultrafast "
        "-tune zerolatency -bf 0 -g 30 -pix_fmt yuv420p -c:a libopus -ar 48000 -ac 2 "
        f"-authorization {key} -f whip {url}"
    )
    process = await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(),
        *arguments.split(),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        await process.communicate(b"q")


async def test_a_frozen_camera_is_waited_for_without_a_new_session(
    site: Server, sale: Sale, open_page: Open
) -> None:
    minted = await sale.api.create_stream_key(sale.broadcast, "encoder", "orchard")
    async with camera(f"{site.url}/whip/{sale.broadcast}", minted["key"]) as process:
        page = await open_page(sale.path, size=PHONE, script=COUNTED)
        slate = page.locator("#slate")
        await page.evaluate(MORE_FRAMES, 10)
        await expect(slate).to_be_hidden()
        sessions = await page.evaluate("peers")
        process.send_signal(signal.SIGSTOP)
        await expect(slate).to_contain_text("Back in a moment")
        process.send_signal(signal.SIGCONT)
        await expect(slate).to_be_hidden()
        await page.evaluate(MORE_FRAMES, 10)
        assert await page.evaluate("peers") == sessions


# A browser that knows no VP8.
WITHOUT_VP8 = """
const add = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (kind, init) {
  const transceiver = add.call(this, kind, init);
  if (kind === "video") {
    const known = RTCRtpReceiver.getCapabilities("video").codecs;
    transceiver.setCodecPreferences(known.filter(({ mimeType }) => mimeType !== "video/VP8"));
  }
  return transceiver;
};
"""


async def put_on_air(sale: Sale, source: str) -> None:
    """Put a camera on air that has just come, as soon as its media flows."""

    async def flows() -> bool:
        sources = (await sale.api.health(sale.broadcast))["sources"]
        return any(each["id"] == source and not each["away"] for each in sources)

    await until(flows, "its media flows")
    await sale.api.commands(sale.broadcast).switch(source)


async def test_a_camera_that_the_browser_can_not_play_is_told_until_another_is_on_air(
    site: Server, sale: Sale, open_page: Open
) -> None:
    whip = f"{site.url}/whip/{sale.broadcast}"
    orchard = await sale.api.create_stream_key(sale.broadcast, "encoder", "orchard")
    kitchen = await sale.api.create_stream_key(sale.broadcast, "encoder", "kitchen")
    async with camera(whip, orchard["key"]):
        page = await open_page(sale.path, size=PHONE, script=COUNTED + WITHOUT_VP8)
        slate = page.locator("#slate")
        await page.evaluate(MORE_FRAMES, 10)
        await expect(slate).to_be_hidden()
        sessions = await page.evaluate("peers")
        async with Publisher(whip, kitchen["key"], video=TestPicture(320, 180), codec="VP8"):
            await put_on_air(sale, kitchen["source"])
            await expect(slate).to_contain_text("can't show this camera")
            await expect(slate).to_contain_text("It sends VP8, which this browser can't play.")
            await sale.api.commands(sale.broadcast).switch(orchard["source"])
            await expect(slate).to_be_hidden()
            await page.evaluate(MORE_FRAMES, 10)
            assert await page.evaluate("peers") == sessions
            # One who comes while it is on air is let in as soon as another is.
            await sale.api.commands(sale.broadcast).switch(kitchen["source"])
            await expect(slate).to_contain_text("can't show this camera")
            late = await open_page(sale.path, size=PHONE, script=COUNTED + WITHOUT_VP8)
            await expect(late.locator("#slate")).to_contain_text("can't show the video")
            await expect(late.locator("#slate")).to_contain_text("The camera sends VP8")
            await sale.api.commands(sale.broadcast).switch(orchard["source"])
            await expect(late.locator("#slate")).to_be_hidden()
            await late.evaluate(MORE_FRAMES, 10)


@dataclass
class Killable:
    """A broadcast on a server that can be killed, and what its camera needs."""

    server: Served
    broadcast: str
    whip: str
    key: str

    @property
    def url(self) -> str:
        """The server's address, also after a restart."""
        return self.server.url

    @property
    def port(self) -> int:
        """Its port."""
        return self.server.port


@pytest_asyncio.fixture(loop_scope="session")
async def killable(settings: Settings) -> AsyncIterator[Killable]:
    server = Served(settings)
    await server.start()
    store = await Store.open(settings)
    _, key = await people_of(store, settings).create_api_key("test", "coordinator")
    await store.close()
    async with Api(server.url, key=key) as api:
        broadcast = (await api.create_broadcast({"zh": "直播", "en": "Live"}))["id"]
        await api.start(broadcast)
        minted = await api.create_stream_key(broadcast, "encoder", "orchard")
    yield Killable(server, broadcast, f"{server.url}/whip/{broadcast}", minted["key"])
    await server.end(signal.SIGTERM)


async def published(site: Killable) -> Publisher:
    """A camera that comes back as soon as the server answers."""

    async def begun() -> Publisher | None:
        publisher = Publisher(site.whip, site.key, video=TestPicture(320, 180))
        try:
            await publisher.start()
        except (ApiProblem, OSError):
            await publisher.close()
            return None
        return publisher

    return await until(begun, "the server takes the camera")


class TestRestart:
    """The server is killed or stopped; the page is open all the time."""

    @pytest_asyncio.fixture(loop_scope="session")
    async def site(self, killable: Killable) -> Killable:
        """In place of the server in this process: what open_page needs of it."""
        return killable

    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
    async def test_the_picture_is_back_soon_after_the_server(
        self, site: Killable, open_page: Open, how: signal.Signals
    ) -> None:
        publisher = await published(site)
        page: Page = await open_page(f"/live/{site.broadcast}", size=PHONE)
        await page.evaluate(MORE_FRAMES, 10)
        await site.server.end(how)
        await publisher.vanish()
        await expect(page.locator("#slate")).to_contain_text("Connecting again")
        await site.server.start()
        publisher = await published(site)
        async with asyncio.timeout(LONG_S):
            await page.evaluate(MORE_FRAMES, 5)
        await expect(page.locator("#slate")).to_be_hidden()
        await publisher.close()

    async def test_a_pause_ends_with_the_picture_though_the_server_restarted_within(
        self, site: Killable, open_page: Open
    ) -> None:
        publisher = await published(site)
        page: Page = await open_page(f"/live/{site.broadcast}", size=PHONE)
        await page.evaluate(MORE_FRAMES, 10)
        await publisher.close()
        await expect(page.locator("#slate")).to_contain_text("Back in a moment")
        await site.server.end(signal.SIGTERM)
        await site.server.start()
        publisher = await published(site)
        await page.evaluate(MORE_FRAMES, 5)
        await expect(page.locator("#slate")).to_be_hidden()
        await page.reload()
        await page.evaluate(MORE_FRAMES, 5)
        await expect(page.locator("#slate")).to_be_hidden()
        await publisher.close()


async def test_a_server_that_hangs_or_has_lost_another_is_asked_again(
    site: Server, sale: Sale, key: str, new_page: Open
) -> None:
    hung = asyncio.Event()
    asked = 0

    async def one_of_several(route: Route) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:  # and never answers
            await hung.wait()
        elif asked == 2:
            problem = {"type": "/problems/media-server-away", "status": 503}
            headers = {"Retry-After": "1", "Content-Type": "application/problem+json"}
            await route.fulfill(status=503, headers=headers, body=json.dumps(problem))
        else:
            await route.continue_()

    page = await new_page(size=PHONE, script=SOON)
    await page.route("**/whep/*", one_of_several)
    video = TestPicture(320, 180, fps=15)
    async with Publisher(f"{site.url}/whip/{sale.broadcast}", key, video=video):
        await page.goto(sale.path)
        # Nobody is told of a crowd where there is none.
        await expect(page.locator("#slate")).to_contain_text("Connecting again…")
        await page.evaluate(MORE_FRAMES, 5)
        await expect(page.locator("#slate")).to_be_hidden()
    hung.set()
    assert asked == 3
