"""Bad networks, in namespaces of their own: wires that lose, break, change or are narrow. What the
server and its clients make of it, not how fast: that is the bench's matter.
"""

import asyncio
import contextlib
import ctypes
import re
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from playwright.async_api import async_playwright
from scripts.benches.lab import browsers
from scripts.benches.lab.lab import Lab, Place, Wire, missing
from tests.media.support.aiortc_peers import Picture
from tests.media.support.media_server import BROADCAST, Media, serving
from tests.support.waiting import LONG_S, until

from farmlive.client.media.light_viewer import LightViewer, Received
from farmlive.client.media.sdp import REPAIRS
from farmlive.client.media.whep import Viewer
from farmlive.client.media.whip import Publisher
from farmlive.media.wire import rtcp
from farmlive.settings import Settings

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.engines,
]

SERVER = "10.77.0.1"
HALF_WAY_S = 0.02
LOSS = 0.1


@dataclass
class Grounds:
    """A relay in its place, a publisher's and a viewer's place, and their wires to it."""

    lab: Lab
    media: Media
    far: Place
    home: Place
    viewing: Place
    up: Wire
    down: Wire

    @property
    def whip(self) -> str:
        return f"{self.media.url}/whip/{BROADCAST}"

    @property
    def whep(self) -> str:
        return f"{self.media.url}/whep/{BROADCAST}"

    @property
    def flows(self) -> bool:
        return any(not each["away"] for each in self.media.relay.health(BROADCAST)["sources"])


@contextlib.asynccontextmanager
async def inside(place: Place, begin: Callable[[], Any]) -> AsyncIterator[Any]:
    """What `begin` opens lives in the place, in a thread of its own, for as long as the block."""
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[Any] = loop.create_future()

    async def live() -> None:
        async with begin() as it:
            loop.call_soon_threadsafe(opened.set_result, it)
            await asyncio.Event().wait()

    task = asyncio.ensure_future(place.here(live))
    try:
        await asyncio.wait([task, opened], return_when=asyncio.FIRST_COMPLETED)
        if not opened.done():
            await task
        yield opened.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Asking(LightViewer):
    """A light viewer that asks again for what it misses of the picture, five times a second."""

    is_asking = True

    async def __aenter__(self) -> Self:
        await self.start()
        assert self.session is not None
        found = re.search(r"a=ssrc:(\d+) msid:farmlive farmlive-video", self.session.answer)
        assert found is not None
        self.video = int(found[1])
        self.asks = asyncio.create_task(self._ask())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.asks.cancel()
        await self.close()

    @property
    def picture(self) -> Received | None:
        return self.streams.get(self.video)

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(0.2)
            picture = self.picture
            if self.is_asking and picture is not None and picture.lost:
                missing = set(range(picture.first, picture.highest)) - picture.seen
                nack = rtcp.nack(1, self.video, [number & 0xFFFF for number in sorted(missing)])
                self.peer.send_rtcp(rtcp.receiver_report(1, []) + nack)

    def _on_packet(self, packet: bytes, arrived_ns: int) -> None:
        if packet[1] & 127 in REPAIRS and self.picture is not None:
            # What it is again is in front of the payload (RFC 4588, section 4).
            self.picture.count_packet(int.from_bytes(packet[12:14], "big"))
        super()._on_packet(packet, arrived_ns)


@pytest.fixture
async def grounds(settings: Settings) -> AsyncIterator[Grounds]:
    settings = settings.model_copy(update={"udp_addresses": (SERVER,)})
    with Lab() as lab:
        far, home, viewing = lab.server("server", SERVER), lab.place("home"), lab.place("viewer")
        up, down = lab.wire(home, far, HALF_WAY_S), lab.wire(viewing, far, HALF_WAY_S)
        up.up()
        down.up()
        async with inside(far, lambda: serving(settings, SERVER)) as media:
            yield Grounds(lab, media, far, home, viewing, up, down)


@pytest.fixture
async def published(grounds: Grounds) -> AsyncIterator[Publisher]:
    """A small picture by aiortc, which sends again what it is asked for."""

    def begin() -> Publisher:
        return Publisher(grounds.whip, "orchard", video=Picture())

    async with inside(grounds.home, begin) as publisher:
        await until(lambda: grounds.flows, "the publisher's media flows")
        yield publisher


async def test_a_wire_takes_its_time_and_loses_what_it_should(grounds: Grounds) -> None:
    host, _, port = grounds.media.url.removeprefix("http://").partition(":")

    async def reach(within_s: float = LONG_S) -> float | None:
        began = asyncio.get_running_loop().time()
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), within_s)
        except TimeoutError:
            return None
        writer.close()
        await writer.wait_closed()
        return asyncio.get_running_loop().time() - began

    took = await grounds.viewing.here(reach)
    assert took is not None
    assert took >= 2 * HALF_WAY_S
    grounds.down.lose(1)
    assert await grounds.viewing.here(lambda: reach(0.5)) is None
    assert grounds.down.lost(grounds.far) > 0
    assert await grounds.home.here(reach), "the other wire is whole"
    grounds.down.lose(0)
    assert await grounds.viewing.here(reach)


async def test_loss_on_a_viewers_link_is_made_good(grounds: Grounds, published: Publisher) -> None:
    async with inside(grounds.viewing, lambda: Asking(grounds.whep)) as viewer:
        await until(lambda: viewer.picture, "the viewer receives")
        grounds.down.lose(LOSS)
        await until(lambda: grounds.down.lost(grounds.viewing) > 20, "packets are lost")
        await until(lambda: viewer.retransmitted > 5, "they are sent again, through the loss too")
        grounds.down.lose(0)
        await until(lambda: viewer.picture.lost == 0, "all of the picture has come")
        counts = grounds.media.relay.metrics()
        assert counts["nacks_received"] > 0
        assert counts["packets_unrepaired"] == 0
        assert grounds.media.relay.viewers() == {BROADCAST: 1}


async def test_loss_on_the_publishers_link_reaches_no_viewer(
    grounds: Grounds, published: Publisher
) -> None:
    async with inside(grounds.viewing, lambda: Asking(grounds.whep)) as viewer:
        # What it gets was asked for by the server.
        viewer.is_asking = False
        picture = await until(lambda: viewer.picture, "the viewer receives")
        grounds.up.lose(LOSS)
        await until(lambda: grounds.up.lost(grounds.far) > 20, "packets are lost on the way up")
        grounds.up.lose(0)
        end = picture.highest + 30
        await until(
            lambda: picture.highest > end and picture.lost == 0,
            "each lost packet of the picture was asked for and sent again",
        )
        assert viewer.retransmitted == 0, "to the viewer they come late, not again"


async def test_a_blackout_ends_where_it_began(grounds: Grounds, published: Publisher) -> None:
    async with inside(grounds.viewing, lambda: Viewer(grounds.whep)) as viewer:
        await until(lambda: viewer.frames > 10, "the viewer decodes")
        session = viewer.session
        grounds.down.lose(1)
        sent = grounds.media.relay.metrics()["packets_sent"]
        await until(
            lambda: grounds.media.relay.metrics()["packets_sent"] > sent + 150,
            "the server goes on sending",
        )
        grounds.down.lose(0)
        before = viewer.frames
        await until(lambda: viewer.frames > before + 30, "the picture is back")
        assert viewer.session is session
        assert grounds.media.relay.viewers() == {BROADCAST: 1}
        assert grounds.media.access.told[-1] == ("switched", "orchard"), "nobody else saw anything"


async def test_a_viewer_goes_on_from_another_address(
    grounds: Grounds, published: Publisher
) -> None:
    async with inside(grounds.viewing, lambda: Asking(grounds.whep)) as viewer:
        await until(lambda: viewer.packets > 50, "the viewer receives")
        other = grounds.lab.wire(grounds.viewing, grounds.far, HALF_WAY_S)
        grounds.down.down()
        other.up()
        # As a browser does that is bound to no address: its next check leaves by the other wire.
        await grounds.viewing.here(lambda: rebind(viewer.peer.socket))
        arrived = other.received(grounds.viewing)
        before = viewer.packets
        await until(lambda: viewer.packets > before + 50, "media comes to the other address")
        assert other.received(grounds.viewing) > arrived
        assert grounds.media.relay.viewers() == {BROADCAST: 1}
        # Its HTTP connection went with the old wire.
        viewer.session = None


@pytest.mark.browser
async def test_a_browser_sends_what_a_narrow_way_carries(grounds: Grounds, tmp_path: Path) -> None:
    lacking = browsers.missing()
    if lacking:
        pytest.skip(lacking)
    camera = await browsers.picture(tmp_path)
    origin = grounds.media.url.replace(SERVER, browsers.NAME)
    async with (
        async_playwright() as playwright,
        browsers.chromium(playwright, grounds.home, SERVER, camera) as browser,
    ):
        page = await browsers.bare_page(browser, origin)
        await page.evaluate(
            "publish", {"url": f"/whip/{BROADCAST}", "key": "orchard", "kbps": 2500}
        )
        await until(lambda: kbps(grounds) > 1000, "the way is used")
        grounds.up.narrow(600)
        await until(lambda: 0 < kbps(grounds) < 700, "it sends no more than the way carries")
        await until(lambda: loss(grounds) < 0.02, "and loses nothing by it")
        await page.evaluate("hangUp()")


async def rebind(sock: socket.socket) -> None:
    """Let the kernel choose the address anew by which the socket reaches its far end."""
    far = sock.getpeername()
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.connect(sock.fileno(), bytes(16), 16) == 0  # AF_UNSPEC
    sock.connect(far)


def kbps(grounds: Grounds) -> float:
    return health(grounds, "bitrate_kbps")


def loss(grounds: Grounds) -> float:
    return health(grounds, "loss")


def health(grounds: Grounds, name: str) -> float:
    return sum(float(each[name]) for each in grounds.media.relay.health(BROADCAST)["sources"])
