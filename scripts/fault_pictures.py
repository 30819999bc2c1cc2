"""Takes docs/pictures/faults-*.webp: what the pages show while a network is bad. A demo of its own
in the laboratory of benches/lab/lab.py, with a viewer's phone and a host's on wires that break.

Needs root and what the laboratory needs; ./scripts/pictures --faults calls it.
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
class Scene:
    """What is photographed: the demo, the browsers at their ends of the wires, and the wires."""

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
        """The address of the live broadcast's page."""
        return f"{ORIGIN}/live/{self.demo['live']}"

    @property
    def studio(self) -> str:
        """The address of its console."""
        return f"{ORIGIN}/studio/{self.demo['live']}"

    async def shot(self, page: Page, name: str) -> None:
        """Take a picture."""
        path = self.into / f"faults-{name}.webp"
        path.write_bytes(webp(await page.screenshot()))
        print(path.name, path.stat().st_size // 1024, "KB", flush=True)

    def films(self, *names: str) -> list[int]:
        """The processes that send these films: `film` is the orchard, `kitchen` the kitchen."""
        keys = {self.folder.notes()["stream_keys"][name] for name in names}
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if keys & set(path.read_text().split("\0")):
                    found.append(int(path.parent.name))
        return found

    def mend(self) -> None:
        """Every wire is whole and wide again."""
        self.down.lose(0)
        self.up.lose(0)
        with contextlib.suppress(RuntimeError):  # it was not narrow
            self.up.narrow(None)
        with contextlib.suppress(RuntimeError):
            self.down.limit(None)

    @contextlib.contextmanager
    def away(self, *names: str) -> Iterator[None]:
        """The cameras send nothing, as phones that have lost their network."""
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
async def scene(data: Path, into: Path) -> AsyncIterator[Scene]:
    """Build it all; it goes with the block, except for the demo's folder."""
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
                yield Scene(demo, kept, process, far, down, up, viewer, host, into)


@contextlib.asynccontextmanager
async def running(far: Place, data: Path) -> AsyncIterator[int]:
    """The demo at its end of the wires; its process."""
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


async def opened(browser: Browser, viewport: dict[str, int], url: str) -> Page:
    """A page in a context of its own, as a phone's or a desk's browser."""
    context = await browser.new_context(**as_device(viewport), permissions=["camera", "microphone"])
    context.set_default_timeout(60_000)
    page = await context.new_page()
    await page.goto(url)
    return page


async def watching(at: Scene, language: str) -> Page:
    """The live page, once its picture runs and a card lies over it."""
    page = await opened(at.viewer, PHONE, f"{at.live}?lang={language}")
    await runs(page)
    await page.locator("#card").wait_for()
    return page


async def runs(page: Page) -> None:
    """Wait until a video has a picture."""
    await page.wait_for_function(PLAYS)


async def signed_in(at: Scene, viewport: dict[str, int], language: str) -> Page:
    """The studio's console as the host sees it."""
    page = await opened(at.host, viewport, f"{ORIGIN}/")
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


async def live_loss(at: Scene, language: str) -> None:
    """A tenth of the packets is lost in both directions."""
    page = await watching(at, language)
    at.down.lose(0.1)
    await page.wait_for_timeout(10_000)
    await at.shot(page, "live-loss")


async def live_blackout(at: Scene, language: str) -> None:
    """The viewer's link is dead, and the picture comes back with it."""
    page = await watching(at, language)
    at.down.lose(1)
    await page.locator("#slate").wait_for()
    await page.wait_for_timeout(2_000)
    await at.shot(page, "live-blackout")
    at.down.lose(0)
    await page.locator("#slate").wait_for(state="hidden")


async def live_tcp(at: Scene, language: str) -> None:
    """The viewer's network lets no UDP through."""
    for place in (at.far, at.down.client):
        place.run("nft", f"add rule inet lab in_{at.down.interface} ip protocol udp drop")
    page = await watching(at, language)
    await page.locator("#way").wait_for()
    await page.wait_for_timeout(500)
    await at.shot(page, "live-tcp")


async def live_narrow(at: Scene, language: str) -> None:
    """The viewer's link carries less than the stream."""
    page = await watching(at, language)
    at.down.limit(NARROW_VIEWER_KBPS)
    await page.locator("#less").wait_for()
    await page.wait_for_timeout(4_000)
    await at.shot(page, "live-narrow")
    at.down.limit(None)
    await page.locator("#less").wait_for(state="hidden")


async def live_away(at: Scene, language: str) -> None:
    """The farm's cameras are away."""
    page = await watching(at, language)
    with at.away("film", "kitchen"):
        await page.locator("#slate").wait_for()
        await page.wait_for_timeout(700)
        await at.shot(page, "live-away")
    await page.locator("#slate").wait_for(state="hidden")


async def studio_switching(at: Scene, language: str) -> None:
    """The host puts another camera on air, and it has not sent a whole picture yet."""
    page = await signed_in(at, DESKTOP, language)
    ready = page.locator(".cam[data-standing=ready]")
    await ready.wait_for()
    other = "kitchen" if "Kitchen" in await ready.inner_text() else "film"
    with at.away(other):
        await ready.locator("[data-act]").click()
        await page.locator(".cam[data-standing=switching]").wait_for()
        await at.shot(page, "studio-switching")
    await page.locator(".cam[data-standing=switching]").wait_for(state="detached")


async def studio_away(at: Scene, language: str) -> None:
    """The camera that the host has chosen is away, and another stands in."""
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


async def studio_loss(at: Scene, language: str) -> None:
    """The host's own camera is on air, and its way up loses a tenth."""
    page = await sending(at, PHONE, language)
    at.up.lose(0.1)
    await advised(at, page, "studio-loss")


async def studio_narrow(at: Scene, language: str) -> None:
    """The host's own camera is on air, and its way up is narrow."""
    page = await sending(at, DESKTOP, language)
    at.up.narrow(NARROW_KBPS)
    await advised(at, page, "studio-narrow")


async def sending(at: Scene, viewport: dict[str, int], language: str) -> Page:
    """The console with this device's camera on air."""
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


async def advised(at: Scene, page: Page, name: str) -> None:
    """Take the picture once the page says what to do, and give the camera back."""
    await page.locator("[data-advice]").wait_for()
    for place in ("window", "document.querySelector('.console__stage')"):
        await page.evaluate(f"{place}.scrollTo(0, 0)")
    await page.wait_for_timeout(300)
    await at.shot(page, name)
    at.mend()
    await page.locator("[data-phone=stop]").click()
    await page.wait_for_timeout(1_000)


Fault = Callable[[Scene, str], Awaitable[None]]
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
    async with scene(data, into) as at:
        for fault, language in FAULTS.items():
            if only and fault.__name__ not in asked:
                continue
            try:
                await fault(at, asked.get(fault.__name__) or language)
            except PlaywrightError as error:
                failed = True
                print(f"{fault.__name__}: {error}", file=sys.stderr, flush=True)
            finally:
                at.mend()
                for browser in (at.viewer, at.host):
                    for context in browser.contexts:
                        await context.close()
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(sys.argv[1]).resolve()
    asyncio.run(main(folder, PICTURES, sys.argv[2:]))
