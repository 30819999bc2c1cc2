"""Takes docs/pictures/faults-*.webp: what the pages show while a network is bad. Runs a demo in the
laboratory of benches/lab/lab.py, with a viewer's phone and a host's on wires that break.

Needs root and the tools of the laboratory; ./scripts/pictures --faults starts it.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import Error as PlaywrightError
from scripts.benches.lab import browsers
from scripts.benches.lab.lab import Lab, Place, Wire, missing
from scripts.pictures import DESKTOP, PHONE, PICTURES, PLAYS, as_device, camera, webp

from farmlive.demo.state import Folder

SERVER = "10.77.0.1"
ORIGIN = f"http://{browsers.NAME}:8000"
HALF_WAY_S = 0.02
# The host holds the camera nearer to the kitchen than the demo's stands.
NEAR = "crop=iw*0.6:ih*0.6:iw*0.38:ih*0.15,scale=1280:720"
# A way up that carries a third of what the studio's camera wants to send.
NARROW_KBPS = 300
# A viewer's link that carries half of what the demo's film takes.
NARROW_VIEWER_KBPS = 500
STARTS_WITHIN_S = 420.0


@dataclass
class Setup:
    """The demo, the browsers at their ends of the wires, and the wires."""

    demo: dict[str, Any]
    folder: Folder
    process: int
    far: Place
    down: Wire
    up: Wire
    viewer: Browser
    host: Browser
    into: Path

    @property
    def live(self) -> str:
        """Return the URL of the live broadcast's page."""
        return f"{ORIGIN}/live/{self.demo['live']}"

    @property
    def studio(self) -> str:
        """Return the URL of its console."""
        return f"{ORIGIN}/studio/{self.demo['live']}"

    async def shot(self, page: Page, name: str) -> None:
        """Take a picture."""
        path = self.into / f"faults-{name}.webp"
        path.write_bytes(webp(await page.screenshot()))
        print(path.name, path.stat().st_size // 1024, "KB", flush=True)

    def films(self, *names: str) -> list[int]:
        """Return the processes that send these films: `film` is the orchard, `kitchen` the
        kitchen.
        """
        keys = {self.folder.notes()["stream_keys"][name] for name in names}
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if keys & set(path.read_text().split("\0")):
                    found.append(int(path.parent.name))
        return found

    def remove_faults(self) -> None:
        """Remove the faults of every wire."""
        self.down.lose(0)
        self.up.lose(0)
        with contextlib.suppress(RuntimeError):  # it was not narrow
            self.up.narrow(None)
        with contextlib.suppress(RuntimeError):
            self.down.limit(None)

    @contextlib.contextmanager
    def away(self, *names: str) -> Iterator[None]:
        """Stop the cameras, as phones that have lost their network."""
        stopped = self.films(*names)
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)


# The ground.


@contextlib.asynccontextmanager
async def setup(data: Path, into: Path) -> AsyncIterator[Setup]:
    """Start it all; it goes with the block, except for the demo's folder."""
    with Lab() as lab, tempfile.TemporaryDirectory(prefix="farmlive-pictures-") as folder:
        field, viewing = lab.place("host"), lab.place("viewer")
        far = lab.server("server", SERVER)
        up, down = lab.wire(field, far, HALF_WAY_S), lab.wire(viewing, far, HALF_WAY_S)
        for wire in (up, down):
            wire.up()
        kept = Folder(data)
        async with running(far, data) as process, async_playwright() as playwright:
            near = camera(data, NEAR, Path(folder))
            async with (
                browsers.chromium(playwright, field, SERVER, near) as host,
                browsers.chromium(playwright, viewing, SERVER) as viewer,
            ):
                demo = json.loads((data / "demo.json").read_text())
                yield Setup(demo, kept, process, far, down, up, viewer, host, into)


@contextlib.asynccontextmanager
async def running(far: Place, data: Path) -> AsyncIterator[int]:
    """Start the demo at its end of the wires; yields its process."""
    environment = {name: v for name, v in os.environ.items() if not name.startswith("FARMLIVE_")}
    began = time.time()
    child = await asyncio.create_subprocess_exec(
        *far.command(sys.executable, "-m", "farmlive", "demo", "--data", str(data)),
        *("--host", SERVER, "--port", "8000"),
        env=environment | {"FARMLIVE_UDP_ADDRESSES": SERVER},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + STARTS_WITHIN_S
        told = data / "demo.json"
        while not told.exists() or told.stat().st_mtime < began:
            if child.returncode is not None or time.monotonic() > end:
                raise SystemExit("the demo did not start")
            await asyncio.sleep(0.5)
        yield child.pid
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
            await child.wait()


async def open_page(browser: Browser, viewport: dict[str, int], url: str) -> Page:
    """Open a page in a new browser context, of a phone or a desk."""
    context = await browser.new_context(**as_device(viewport), permissions=["camera", "microphone"])
    context.set_default_timeout(60_000)
    page = await context.new_page()
    await page.goto(url)
    return page


async def open_live_page(at: Setup, language: str) -> Page:
    """Open the live page, and wait until its picture runs and a card lies over it."""
    page = await open_page(at.viewer, PHONE, f"{at.live}?lang={language}")
    await runs(page)
    await page.locator("#card").wait_for()
    return page


async def runs(page: Page) -> None:
    """Wait until a video has a picture."""
    await page.wait_for_function(PLAYS)


async def signed_in(at: Setup, viewport: dict[str, int], language: str) -> Page:
    """Open the studio's console as the host sees it."""
    page = await open_page(at.host, viewport, f"{ORIGIN}/")
    user = next(user for user in at.demo["users"] if user["role"] == "coordinator")
    await page.evaluate(
        """async (user) => fetch("/api/v1/session", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(user),
        })""",
        {"name": user["name"], "password": user["password"]},
    )
    await page.goto(f"{at.studio}?lang={language}")
    await runs(page)
    return page


# What people see. Each has its name, and takes its pictures.


async def live_loss(at: Setup, language: str) -> None:
    """Lose a tenth of the packets in both directions."""
    page = await open_live_page(at, language)
    at.down.lose(0.1)
    await page.wait_for_timeout(10_000)
    await at.shot(page, "live-loss")


async def live_blackout(at: Setup, language: str) -> None:
    """Cut the viewer's link, and wait for the picture to come back with it."""
    page = await open_live_page(at, language)
    at.down.lose(1)
    await page.locator("#slate").wait_for()
    await page.wait_for_timeout(2_000)
    await at.shot(page, "live-blackout")
    at.down.lose(0)
    await page.locator("#slate").wait_for(state="hidden")


async def live_tcp(at: Setup, language: str) -> None:
    """Block UDP in the viewer's network."""
    for place in (at.far, at.down.client):
        place.run("nft", f"add rule inet lab in_{at.down.interface} ip protocol udp drop")
    page = await open_live_page(at, language)
    await page.locator("#way").wait_for()
    await page.wait_for_timeout(500)
    await at.shot(page, "live-tcp")


async def live_narrow(at: Setup, language: str) -> None:
    """Narrow the viewer's link below the stream."""
    page = await open_live_page(at, language)
    at.down.limit(NARROW_VIEWER_KBPS)
    await page.locator("#less").wait_for()
    await page.wait_for_timeout(4_000)
    await at.shot(page, "live-narrow")
    at.down.limit(None)
    await page.locator("#less").wait_for(state="hidden")


async def live_away(at: Setup, language: str) -> None:
    """Stop the farm's cameras."""
    page = await open_live_page(at, language)
    with at.away("film", "kitchen"):
        await page.locator("#slate").wait_for()
        await page.wait_for_timeout(700)
        await at.shot(page, "live-away")
    await page.locator("#slate").wait_for(state="hidden")


async def studio_switching(at: Setup, language: str) -> None:
    """Put another camera on air, before it has sent a keyframe."""
    page = await signed_in(at, DESKTOP, language)
    ready = page.locator(".cam[data-standing=ready]")
    await ready.wait_for()
    other = "kitchen" if "Kitchen" in await ready.inner_text() else "film"
    with at.away(other):
        await ready.locator("[data-act]").click()
        await page.locator(".cam[data-standing=switching]").wait_for()
        await at.shot(page, "studio-switching")
    await page.locator(".cam[data-standing=switching]").wait_for(state="detached")


async def studio_away(at: Setup, language: str) -> None:
    """Stop the camera that the host has chosen; another stands in."""
    page = await signed_in(at, PHONE, language)
    chosen = (
        page.locator("[data-sources-list]").get_by_text("Orchard").locator("xpath=ancestor::li")
    )
    await chosen.wait_for()
    if await chosen.locator("[data-act]:visible").count():
        await chosen.locator("[data-act]").click()
    await page.locator(".cam[data-standing=air]", has_text="Orchard").wait_for()
    with at.away("film"):
        await page.locator(".cam[data-standing=meanwhile]").wait_for()
        await page.wait_for_timeout(1_500)
        await at.shot(page, "studio-away")
    await page.locator(".cam[data-standing=meanwhile]").wait_for(state="detached")


async def studio_loss(at: Setup, language: str) -> None:
    """Lose a tenth of the uplink of the host's own camera, which is on air."""
    page = await open_console_on_air(at, PHONE, language)
    at.up.lose(0.1)
    await take_with_advice(at, page, "studio-loss")


async def studio_narrow(at: Setup, language: str) -> None:
    """Narrow the uplink of the host's own camera, which is on air."""
    page = await open_console_on_air(at, DESKTOP, language)
    at.up.narrow(NARROW_KBPS)
    await take_with_advice(at, page, "studio-narrow")


async def open_console_on_air(at: Setup, viewport: dict[str, int], language: str) -> Page:
    """Open the console with this device's camera on air."""
    page = await signed_in(at, viewport, language)
    await page.locator("[data-phone=open]").click()
    await page.locator("[data-phone=send]").click()
    own = page.locator(".cam:has([data-own]:not([hidden]))")
    await own.wait_for()
    if await own.locator("[data-act]:visible").count():
        await own.locator("[data-act]").click()
    await page.locator("[data-preview][data-from=phone]").wait_for()
    await page.wait_for_timeout(4_000)
    return page


async def take_with_advice(at: Setup, page: Page, name: str) -> None:
    """Take the picture once the page gives advice, and release the camera."""
    await page.locator("[data-advice]").wait_for()
    for place in ("window", "document.querySelector('.console__stage')"):
        await page.evaluate(f"{place}.scrollTo(0, 0)")
    await page.wait_for_timeout(300)
    await at.shot(page, name)
    at.remove_faults()
    await page.locator("[data-phone=stop]").click()
    await page.wait_for_timeout(1_000)


Fault = Callable[[Setup, str], Awaitable[None]]
# In which language each is shown.
FAULTS: dict[Fault, str] = {
    live_loss: "en",
    live_blackout: "zh",
    live_narrow: "en",
    live_tcp: "en",
    live_away: "en",
    studio_away: "en",
    studio_switching: "en",
    studio_loss: "zh",
    studio_narrow: "en",
}


async def main(data: Path, into: Path, only: list[str]) -> None:
    """Take every picture, or those of the faults that are named; a name may end in a language."""
    lacking = missing() or browsers.missing()
    if lacking:
        raise SystemExit(lacking)
    asked = dict(name.rpartition("-")[::2] if "-" in name else (name, "") for name in only)
    failed = False
    async with setup(data, into) as at:
        for fault, language in FAULTS.items():
            if only and fault.__name__ not in asked:
                continue
            try:
                await fault(at, asked.get(fault.__name__) or language)
            except PlaywrightError as error:
                failed = True
                print(f"{fault.__name__}: {error}", file=sys.stderr, flush=True)
            finally:
                at.remove_faults()
                for browser in (at.viewer, at.host):
                    for context in browser.contexts:
                        await context.close()
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(sys.argv[1]).resolve()
    asyncio.run(main(folder, PICTURES, sys.argv[2:]))
