"""Publishes to the testbed's server on a link that carries all, and lets viewers join on a narrow
one: through the server, or the two browsers directly.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Page
from scripts.benches.lab import browsers
from scripts.benches.lab.lab import Wire
from scripts.benches.lab.testbed import ORIGIN, PLAYER, SERVER_IP, Testbed

from farmlive.client.media.light_viewer import LightViewer

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
class Source:
    """A publisher's page and what it sends."""

    page: Page
    codec: dict[str, str] = field(default_factory=dict)

    async def pace(self, over_s: float = 1.0) -> tuple[float, float]:
        """Return its video kbit/s, of all layers, and its frames a second."""
        before, began = await sent_video(self.page), time.monotonic()
        await asyncio.sleep(over_s)
        after, took = await sent_video(self.page), time.monotonic() - began
        octets = after["bytes"] - before["bytes"]
        return octets * 8 / 1000 / took, (after["frames"] - before["frames"]) / took


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


async def sent_video(page: Page) -> dict[str, Any]:
    """Return the video that a publisher's page has sent so far."""
    found: dict[str, Any] = await page.evaluate(_SENT)
    return found


@asynccontextmanager
async def published(bed: Testbed, column: str) -> AsyncIterator[Source]:
    """Publish from a bare page, in one layer or in simulcast, until the block ends; yields at full
    rate.
    """
    page = await browsers.bare_page(bed.publisher, ORIGIN)
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
        stage = bed.stage
        await page.evaluate(
            "publish", {"url": f"/whip/{stage.broadcast}", "key": stage.stream_key, **how}
        )
        source = Source(page)
        await _wait_full_rate(
            source, sum(layer[2] for layer in LAYERS) if "layers" in how else KBPS
        )
        source.codec = (await browsers.stats(page))["codec"]
        yield source
    finally:
        await page.evaluate("hangUp()")
        await page.context.close()


async def _wait_full_rate(source: Source, kbps: float) -> None:
    """Wait until the source sends at its rate; `source_kbps` of the cells shows one that never
    does.
    """
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and (await source.pace())[0] < AT_PACE * kbps:
        pass


@asynccontextmanager
async def viewer_page(bed: Testbed) -> AsyncIterator[Page]:
    """Open a viewer's page with the player loaded, for any number of joins."""
    async with _watching(bed) as page:
        await page.evaluate("prepare", {"player": PLAYER, "broadcast": bed.stage.broadcast})
        yield page


@asynccontextmanager
async def _watching(bed: Testbed) -> AsyncIterator[Page]:
    page = await browsers.bare_page(bed.viewer, ORIGIN)
    try:
        await page.evaluate(f"{_WATCHING.read_text()}\nnull")
        yield page
    finally:
        await page.context.close()


async def visit(bed: Testbed) -> None:
    """Let another viewer, on no narrow link, join and leave: its keyframe starts a new group of
    pictures, which the next viewer gets from there.
    """

    async def visited() -> None:
        viewer = LightViewer(f"http://{SERVER_IP}:8000/whep/{bed.stage.broadcast}")
        try:
            await viewer.start()
            await viewer.wait_packets(_VISIT_PACKETS)
        finally:
            await viewer.close()

    await bed.server_place.here(visited)


async def through_server(
    bed: Testbed, page: Page, length_s: float, lead_s: float | None = None
) -> dict[str, Any]:
    """Join, stay, leave; return the page's record, and the link's counts. `lead_s`: how long before
    another viewer joined; None: nobody did.
    """
    if lead_s is not None:
        await visit(bed)
        await asyncio.sleep(lead_s)
    link = Link(bed.down)
    await page.evaluate("begin()")
    await asyncio.sleep(length_s)
    found: dict[str, Any] = await page.evaluate("recorded()")
    found["link"] = link.figures()
    await leave(page, bed.down)
    return found


async def directly(bed: Testbed, codec: dict[str, str], length_s: float) -> dict[str, Any]:
    """Join publisher and viewer directly, in one layer; as `through_server`."""
    bed.direct.up(default=False)
    sender = await browsers.bare_page(bed.publisher, ORIGIN)
    try:
        async with _watching(bed) as page:
            offer = await sender.evaluate("offer", {"kbps": KBPS, "codec": codec or None})
            link = Link(bed.direct)
            await page.evaluate("begin()")
            await sender.evaluate("take", await page.evaluate("answer", offer))
            await asyncio.sleep(length_s)
            found: dict[str, Any] = await page.evaluate("recorded()")
            found["link"] = link.figures()
            await sender.evaluate("hangUp()")
            await leave(page, bed.direct)
            return found
    finally:
        await sender.context.close()
        bed.direct.down()


async def leave(page: Page, wire: Wire) -> None:
    """End a viewer's session and wait until its last packets have passed."""
    await page.evaluate("end()")
    await until_idle(wire)


async def until_idle(wire: Wire) -> None:
    """Wait until the link carries next to nothing. Raises SystemExit if it never does."""
    end, link = time.monotonic() + PATIENCE_S, Link(wire)
    while True:
        await asyncio.sleep(_IDLE_S)
        if not wire.queue()["backlog"] and link.figures()["link_kbps"] < _IDLE_KBPS:
            return
        if time.monotonic() > end:
            raise SystemExit(f"the link to the viewer is not idle after {PATIENCE_S:g} s")
        link = Link(wire)


class Link:
    """Counts the packets that a rate limit passed and dropped since this object was made."""

    def __init__(self, wire: Wire) -> None:
        self._wire, self._began, self._before = wire, time.monotonic(), wire.queue()

    def figures(self) -> dict[str, float]:
        """Return its kbit/s and the packets dropped so far."""
        after, took_s = self._wire.queue(), time.monotonic() - self._began
        octets = after["bytes"] - self._before["bytes"]
        return {
            "link_kbps": round(octets * 8 / 1000 / took_s),
            "link_drops": after["drops"] - self._before["drops"],
        }
