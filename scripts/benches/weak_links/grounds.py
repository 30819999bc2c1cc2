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
from scripts.benches.lab.lab import Lab, Place, Wire
from scripts.benches.lab.server import Server, Stage, running, stage

from farmlive.client.media.light_viewer import LightViewer

SERVER = "10.77.0.1"
ORIGIN = f"http://{browsers.NAME}:8000"
PLAYER = "/static/lib/media/whep-player.js"
HALF_WAY_S = 0.02
# The picture in one layer, and in three: those of the studio, the largest as large as the one.
KBPS = 1_600
LAYERS = (("q", 4, 150), ("h", 2, 500), ("f", 1, KBPS))
HEIGHT = 720
PATIENCE_S = 40.0
# By then a visitor has its keyframe.
_VISIT_PACKETS = 30
# A link with less on it for so long has nothing of a session left.
_IDLE_KBPS, _IDLE_S = 50, 0.3
_WATCHING = Path(__file__).with_name("watching.js")
# A publisher that sends this share of what it may has found its pace.
AT_PACE = 0.85

Say = Callable[[str], None]


@dataclass
class Grounds:
    """The server, the browsers at their ends and the wires between."""

    server: Server
    place: Stage
    far: Place
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
        direct = lab.wire(viewing, home, 2 * HALF_WAY_S)
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
        yield Grounds(server, await stage(server), far, down, direct, publisher, viewer)


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


@asynccontextmanager
async def viewer_page(ground: Grounds) -> AsyncIterator[Page]:
    """A viewer's page with the player loaded, for as many joins as one likes."""
    async with _watching(ground) as page:
        await page.evaluate("prepare", {"player": PLAYER, "broadcast": ground.place.broadcast})
        yield page


@asynccontextmanager
async def _watching(ground: Grounds) -> AsyncIterator[Page]:
    page = await browsers.bare_page(ground.viewer, ORIGIN)
    try:
        await page.evaluate(f"{_WATCHING.read_text()}\nnull")
        yield page
    finally:
        await page.context.close()


async def visit(ground: Grounds) -> None:
    """Another viewer, on no narrow link, joins and leaves: with the keyframe that it gets a new
    group of pictures begins, which the next one to join gets from there.
    """

    async def visited() -> None:
        viewer = LightViewer(f"http://{SERVER}:8000/whep/{ground.place.broadcast}")
        try:
            await viewer.start()
            await viewer.wait_packets(_VISIT_PACKETS)
        finally:
            await viewer.close()

    await ground.far.here(visited)


async def through_server(
    ground: Grounds, page: Page, length_s: float, lead_s: float | None = None
) -> dict[str, Any]:
    """Join, stay, leave; the page's record, and what the link carried of it. `lead_s`: by how much
    another viewer joined before; None: nobody did.
    """
    if lead_s is not None:
        await visit(ground)
        await asyncio.sleep(lead_s)
    link = Link(ground.down)
    await page.evaluate("begin()")
    await asyncio.sleep(length_s)
    found: dict[str, Any] = await page.evaluate("recorded()")
    found["link"] = link.figures()
    await leave(page, ground.down)
    return found


async def directly(ground: Grounds, codec: dict[str, str], length_s: float) -> dict[str, Any]:
    """Join publisher and viewer with nothing between them, in one layer; as `through_server`."""
    ground.direct.up(default=False)
    sender = await browsers.bare_page(ground.publisher, ORIGIN)
    try:
        async with _watching(ground) as page:
            offer = await sender.evaluate("offer", {"kbps": KBPS, "codec": codec or None})
            link = Link(ground.direct)
            await page.evaluate("begin()")
            await sender.evaluate("take", await page.evaluate("answer", offer))
            await asyncio.sleep(length_s)
            found: dict[str, Any] = await page.evaluate("recorded()")
            found["link"] = link.figures()
            await sender.evaluate("hangUp()")
            await leave(page, ground.direct)
            return found
    finally:
        await sender.context.close()
        ground.direct.down()


async def leave(page: Page, wire: Wire) -> None:
    """End a viewer's session and wait until nothing of it is under way."""
    await page.evaluate("end()")
    await until_idle(wire)


async def until_idle(wire: Wire) -> None:
    """Wait until the link carries next to nothing; SystemExit where it always does."""
    end, link = time.monotonic() + PATIENCE_S, Link(wire)
    while True:
        await asyncio.sleep(_IDLE_S)
        if not wire.queue()["backlog"] and link.figures()["link_kbps"] < _IDLE_KBPS:
            return
        if time.monotonic() > end:
            raise SystemExit(f"the link to the viewer is not idle after {PATIENCE_S:g} s")
        link = Link(wire)


class Link:
    """What a wire's limit lets through and drops, from now on."""

    def __init__(self, wire: Wire) -> None:
        self._wire, self._began, self._before = wire, time.monotonic(), wire.queue()

    def figures(self) -> dict[str, float]:
        """Its kbit/s and the packets dropped so far."""
        after, took_s = self._wire.queue(), time.monotonic() - self._began
        octets = after["bytes"] - self._before["bytes"]
        return {
            "link_kbps": round(octets * 8 / 1000 / took_s),
            "link_drops": after["drops"] - self._before["drops"],
        }
