"""The testbed of the benches that measure pictures: a server, a publisher's browser and a viewer's,
each in a place of its own, and the wires between them.

Publisher and viewer are each 20 ms from the server, and 40 ms from each other, so that the round
trip from end to end takes 80 ms.
"""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, async_playwright
from scripts.benches.lab import browsers
from scripts.benches.lab.lab import Lab, Place, Wire
from scripts.benches.lab.server import Server, Stage, running, stage

SERVER_IP = "10.77.0.1"
ORIGIN = f"http://{browsers.NAME}:8000"
PLAYER = "/static/lib/media/whep-player.js"
ONE_WAY_S = 0.02


@dataclass
class Testbed:
    """The server with a live broadcast, the browsers, their places and the wires.

    `up` joins the publisher's place to the server's, `down` the viewer's; `direct` joins the two
    and carries nothing until its `up` is called.
    """

    __test__ = False

    lab: Lab
    server: Server
    stage: Stage
    server_place: Place
    viewer_place: Place
    up: Wire
    down: Wire
    direct: Wire
    publisher: Browser
    viewer: Browser


@asynccontextmanager
async def testbed(engine: str) -> AsyncIterator[Testbed]:
    """Build the testbed, with this engine in the server; it goes with the block."""
    with Lab() as lab, tempfile.TemporaryDirectory(prefix="farmlive-bench-") as folder:
        publisher_place, viewer_place = lab.place("publisher"), lab.place("viewer")
        server_place = lab.server("server", SERVER_IP)
        up = lab.wire(publisher_place, server_place, ONE_WAY_S)
        down = lab.wire(viewer_place, server_place, ONE_WAY_S)
        direct = lab.wire(viewer_place, publisher_place, 2 * ONE_WAY_S)
        for wire in (up, down):
            wire.up()
        camera = await browsers.picture(Path(folder))
        async with (
            running(
                server_place.command(),
                f"http://{lab.reach(server_place)}:8000",
                host="0.0.0.0",
                port="8000",
                udp_addresses=SERVER_IP,
                engine=engine,
            ) as server,
            async_playwright() as playwright,
            browsers.chromium(playwright, publisher_place, SERVER_IP, camera) as publisher,
            browsers.chromium(playwright, viewer_place, SERVER_IP) as viewer,
        ):
            yield Testbed(
                lab,
                server,
                await stage(server),
                server_place,
                viewer_place,
                up,
                down,
                direct,
                publisher,
                viewer,
            )
