"""Chromium in a namespace of the laboratory, and its statistics of a stream.

The pages are the server's own, or bare ones of `bare.js` where only media counts.
"""

import asyncio
import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from playwright.async_api import Browser, Page, Playwright
from scripts.benches.lab.lab import Place

_BARE = Path(__file__).with_name("bare.js")
# It draws by itself, and does nothing that nobody asked it for.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ARGUMENTS = [
    *QUIET,
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]
# The server's name to the browsers. Pages from a name of this kind are as good as of HTTPS, which a
# camera asks for; headless shells of 2026 take no other origin for that.
NAME = "farm.localhost"
# Without a window Chromium needs half as much; where that package is not to be had, with one.
WINDOWLESS = ("chromium-headless-shell", "chromium")
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
# A landscape that a camera pans over, with the noise of its sensor: it goes round without a seam.
_FRAMES = 64
_PICTURE = (
    f"mandelbrot=size=1280x720:rate=30:start_scale=0.6,trim=end_frame=1,"
    f"loop=loop={_FRAMES - 1}:size=1,setpts=N/30/TB,scroll=horizontal=1/{_FRAMES},"
    f"noise=alls=2:allf=t,format=yuv420p"
)

# Notes when each frame was shown, and keeps the connections that the page makes.
_WATCHED = """
window.shown = [];
window.made = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...how) {
    super(...how);
    window.made.push(this);
  }
};
window.note = (video) => {
  const step = () => {
    window.shown.push(Date.now());
    video.requestVideoFrameCallback(step);
  };
  video.requestVideoFrameCallback(step);
};
"""
# The numbers of the video that the newest connection sends or receives.
_STATS = """
async () => {
  const pc = window.pc ?? window.made.findLast((each) => each.connectionState !== "closed");
  const all = pc ? [...(await pc.getStats()).values()] : [];
  const kept = {};
  for (const each of all) {
    if (each.kind !== "video" && each.type !== "candidate-pair") continue;
    if (each.type === "candidate-pair" && each.nominated && each.state === "succeeded") {
      kept.rtt_s = each.currentRoundTripTime;
      kept.available_kbps = (each.availableOutgoingBitrate ?? 0) / 1000;
      kept.way = all.find((other) => other.id === each.localCandidateId)?.protocol;
    }
    if (each.type !== "inbound-rtp" && each.type !== "outbound-rtp") continue;
    for (const [name, value] of Object.entries(each)) {
      if (typeof value === "number") kept[name] = value;
    }
    kept.limited_by = each.qualityLimitationReason;
    const codec = all.find((other) => other.id === each.codecId);
    if (codec) kept.codec = { mimeType: codec.mimeType, sdpFmtpLine: codec.sdpFmtpLine };
  }
  return kept;
}
"""


async def picture(folder: Path) -> Path:
    """Make a camera's picture of 720p30 for Chromium, two seconds that repeat without a seam."""
    path = folder / "camera.y4m"
    process = await asyncio.create_subprocess_exec(
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error"),
        *("-f", "lavfi", "-i", _PICTURE, "-frames:v", str(_FRAMES), "-y", str(path)),
        stdin=subprocess.DEVNULL,
    )
    if await process.wait():
        raise SystemExit("ffmpeg could not draw the camera's picture")
    return path


def missing() -> str:
    """Return what this machine lacks to drive browsers, as a sentence."""
    return "" if program() else "Chromium is missing: apt-get install chromium."


def installed(*names: str) -> str | None:
    """Return the path of Chromium: the first of these programs that this machine has."""
    return next(filter(None, map(shutil.which, names)), None)


def program() -> str | None:
    """Return the path of Chromium as people have it, or else of the headless one that tests use."""
    return installed(*reversed(WINDOWLESS))


@contextlib.asynccontextmanager
async def chromium(
    playwright: Playwright, place: Place, server: str, camera: Path | None = None
) -> AsyncIterator[Browser]:
    """Start a Chromium in this place, for which NAME resolves to the server's address.

    Its control channel is a pipe, which no namespace cuts. Without a camera it is a viewer's: one
    that lets no page see the addresses of its networks.
    """
    arguments = [*ARGUMENTS, f"--host-resolver-rules=MAP {NAME} {server}"]
    if camera is not None:
        arguments += [*CAMERA, f"--use-file-for-fake-video-capture={camera}"]
    with tempfile.TemporaryDirectory(prefix="farmlive-bench-") as folder:
        launcher = Path(folder) / "chromium"
        command = " ".join(place.command(program() or "chromium"))
        launcher.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        launcher.chmod(0o700)
        browser = await playwright.chromium.launch(executable_path=launcher, args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


async def open_page(browser: Browser, url: str) -> Page:
    """Open a page of the server in a new browser context."""
    context = await browser.new_context(viewport={"width": 480, "height": 854}, locale="en-GB")
    context.set_default_timeout(20_000)
    await context.add_init_script(_WATCHED)
    page = await context.new_page()
    await page.goto(url)
    return page


async def bare_page(browser: Browser, origin: str) -> Page:
    """Open an empty page of the origin with the functions of `bare.js`."""
    context = await browser.new_context(viewport={"width": 480, "height": 270})
    await context.grant_permissions(["camera", "microphone"], origin=origin)
    await context.add_init_script(_WATCHED)
    page = await context.new_page()
    await page.route(
        f"{origin}/bare",
        lambda route: route.fulfill(
            content_type="text/html", body="<video muted autoplay playsinline width=320></video>"
        ),
    )
    await page.goto(f"{origin}/bare")
    await page.evaluate(f"{_BARE.read_text()}\nnull")
    await page.evaluate("note(document.querySelector('video'))")
    return page


async def stats(page: Page) -> dict[str, Any]:
    """Return the numbers of the page's sent or received video, by the names of webrtc-stats."""
    found: dict[str, Any] = await page.evaluate(_STATS)
    return found


async def shown_ms(page: Page) -> list[float]:
    """Return when each frame was shown, in milliseconds since 1970."""
    found: list[float] = await page.evaluate("window.shown")
    return found
