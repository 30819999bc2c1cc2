"""Where weak links are measured: a server, a publisher's browser on a link that carries all, and a
viewer's whose link is narrow. Joins them through the server, or with nothing between.

Publisher and viewer are each 20 ms from the server, and 40 ms from each other.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright
from scripts.benches.lab import browsers
from scripts.benches.lab.lab import Lab, Wire
from scripts.benches.lab.server import Server, Stage, running, stage
from scripts.benches.weak_links.figures import Record, record_of

SERVER = "10.77.0.1"
ORIGIN = f"http://{browsers.NAME}:8000"
PLAYER = "/static/lib/media/whep-player.js"
HALF_WAY_S = 0.02
# The picture in one layer, and in three: those of the studio, the largest as large as the one.
KBPS = 1_600
LAYERS = (("q", 4, 150), ("h", 2, 500), ("f", 1, KBPS))
HEIGHT = 720
PATIENCE_S = 40.0
# A publisher that sends this share of what it may has found its pace.
AT_PACE = 0.85

Say = Callable[[str], None]


@dataclass
class Grounds:
    """The server, the browsers at their ends and the wires between."""

    server: Server
    place: Stage
    down: Wire
    direct: Wire
    publisher: Browser
    viewer: Browser


@dataclass
class Source:
    """A publisher's page and what it sends."""

    page: Page
    codec: dict[str, str] = field(default_factory=dict)

    async def pace(self, over_s: float = 1.0) -> tuple[float, float]:
        """Its kbit/s of picture, of all layers, and its frames a second."""
        before, began = await sent(self.page), time.monotonic()
        await asyncio.sleep(over_s)
        after, took = await sent(self.page), time.monotonic() - began
        octets = after["bytes"] - before["bytes"]
        return octets * 8 / 1000 / took, (after["frames"] - before["frames"]) / took


@asynccontextmanager
async def grounds(engine: str) -> AsyncIterator[Grounds]:
    """Build it all, with a server that has this engine; it goes with the block."""
    async with AsyncExitStack() as stack:
        lab = stack.enter_context(Lab())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="farmlive-bench-"))
        home, viewing = lab.place("publisher"), lab.place("viewer")
        far = lab.server("server", SERVER)
        up, down = lab.wire(home, far, HALF_WAY_S), lab.wire(viewing, far, HALF_WAY_S)
        direct = lab.wire(home, viewing, 2 * HALF_WAY_S)
        for wire in (up, down):
            wire.up()
        camera = await browsers.picture(Path(folder))
        server = await stack.enter_async_context(
            running(
                far.command(),
                f"http://{lab.reach(far)}:8000",
                host="0.0.0.0",
                port="8000",
                udp_addresses=SERVER,
                engine=engine,
            )
        )
        playwright = await stack.enter_async_context(async_playwright())
        publisher = await stack.enter_async_context(
            browsers.chromium(playwright, home, SERVER, camera)
        )
        viewer = await stack.enter_async_context(browsers.chromium(playwright, viewing, SERVER))
        yield Grounds(server, await stage(server), down, direct, publisher, viewer)


_SENT = """
async () => {
  const sent = { bytes: 0, frames: 0, layers: [] };
  for (const each of (await window.pc.getStats()).values()) {
    if (each.type !== "outbound-rtp" || each.kind !== "video") continue;
    sent.bytes += each.bytesSent;
    sent.frames = Math.max(sent.frames, each.framesEncoded ?? 0);
    sent.layers.push({ rid: each.rid, height: each.frameHeight });
  }
  return sent;
}
"""


async def sent(page: Page) -> dict[str, Any]:
    """What a publisher's page has sent of picture so far."""
    found: dict[str, Any] = await page.evaluate(_SENT)
    return found


@asynccontextmanager
async def published(ground: Grounds, column: str) -> AsyncIterator[Source]:
    """A bare page publishes in one layer or in simulcast until the block ends, at its pace."""
    page = await browsers.bare_page(ground.publisher, ORIGIN)
    how: dict[str, Any] = {"kbps": KBPS}
    if column.startswith("simulcast"):
        how["layers"] = [
            {
                "rid": rid,
                "scaleResolutionDownBy": scale,
                "maxBitrate": kbps * 1000,
                "maxFramerate": 30,
            }
            for rid, scale, kbps in LAYERS
        ]
    try:
        place = ground.place
        await page.evaluate(
            "publish", {"url": f"/whip/{place.broadcast}", "key": place.stream_key, **how}
        )
        source = Source(page)
        await _at_pace(source, sum(layer[2] for layer in LAYERS) if "layers" in how else KBPS)
        source.codec = (await browsers.stats(page))["codec"]
        yield source
    finally:
        await page.evaluate("hangUp()")
        await page.context.close()


async def _at_pace(source: Source, kbps: float) -> None:
    """Wait until it sends what it may; one that never does says so in its cells' `source_kbps`."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and (await source.pace())[0] < AT_PACE * kbps:
        pass


async def through_server(ground: Grounds, length_s: float) -> Record:
    """Join with the live page's own player, stay, leave; the record of it."""
    page = await viewer_page(ground)
    try:
        await page.evaluate("begin()")
        await asyncio.sleep(length_s)
        return record_of(await page.evaluate("recorded()"))
    finally:
        await leave(page, ground.down)


async def viewer_page(ground: Grounds) -> Page:
    """A viewer's page, with the player loaded and not joined yet."""
    page = await _watching(ground)
    await page.evaluate("prepare", {"player": PLAYER, "broadcast": ground.place.broadcast})
    return page


async def _watching(ground: Grounds) -> Page:
    page = await browsers.bare_page(ground.viewer, ORIGIN)
    await page.evaluate(f"{Path(__file__).with_name('watching.js').read_text()}\nnull")
    return page


async def leave(page: Page, wire: Wire) -> None:
    """End a viewer's session and wait until nothing of it is under way."""
    await page.evaluate("clearInterval(window.taking), hangUp()")
    await page.context.close()
    await until(lambda: wire.queue()["backlog"] == 0, "the link is idle")


async def directly(ground: Grounds, codec: dict[str, str], length_s: float) -> Record:
    """Join publisher and viewer with nothing between them, in one layer; the record of it."""
    ground.direct.up(default=False)
    sender = await browsers.bare_page(ground.publisher, ORIGIN)
    page = await _watching(ground)
    try:
        offer = await sender.evaluate("offer", {"kbps": KBPS, "codec": codec or None})
        await page.evaluate("begin()")
        await sender.evaluate("take", await page.evaluate("answer", offer))
        await asyncio.sleep(length_s)
        return record_of(await page.evaluate("recorded()"))
    finally:
        await sender.evaluate("hangUp()")
        await sender.context.close()
        await leave(page, ground.direct)
        ground.direct.down()


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until it holds; SystemExit where it never does."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"not within {PATIENCE_S:g} s: {what}")
        await asyncio.sleep(0.1)
