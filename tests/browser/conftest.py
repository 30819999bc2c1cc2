"""Chromium, a server, and a sale: what the browser tests start with, signed in or as a viewer.

An error of a page's script, a breach of its content security policy and a request that leaves the
server each fail the test.
"""

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    async_playwright,
    expect,
)
from tests.browser.support.browsers import ARGUMENTS, SHARP, Browsers, Kind, program
from tests.support.clerks import every_centre
from tests.support.free_ports import free_port
from tests.support.money import cny
from tests.support.waiting import LONG_S

from farmlive.client import Api, Channel
from farmlive.people.core.roles import Role
from farmlive.server import Server, running
from farmlive.settings import Settings

PHONE = (390, 844)
DESK = (1440, 900)

# A machine with two cores runs Chromium, the server and whatever else.
expect.set_options(timeout=LONG_S * 1000)

Open = Callable[..., Awaitable[Page]]

# A test that has one of these parameters has a server of its own.
OWN = {"settings", "engine_name"}

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "shared_server(shared=True): whether it does without a server of its own",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these run in one loop, which Chromium lives in."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@dataclass
class Sale:
    """A live broadcast with two offers, of 20 boxes and of 2."""

    api: Api
    broadcast: str
    offer: str
    rare: str
    lot: str
    farm: str

    @property
    def path(self) -> str:
        """Its live page."""
        return f"/live/{self.broadcast}"


@pytest.fixture(scope="session")
def port() -> int:
    """Where each test's own server is, one after the other: so a browser knows its static files."""
    return free_port()


@pytest.fixture
def settings(settings: Settings, port: int, request: pytest.FixtureRequest) -> Settings:
    """Settings of a server of the test's own, at the address that the browsers know.

    A test says by its parameter what it needs other than the default.
    """
    return settings.model_copy(update={"port": port, **getattr(request, "param", {})})


class SharedServer:
    """The server of a file's tests that look at nothing but what they made; the first begins it."""

    def __init__(self, data: Path, port: int) -> None:
        self.port = port
        self.numbers = itertools.count(1)
        self._data = data
        self._opened = contextlib.AsyncExitStack()
        self._server: Server | None = None

    async def begun(self, settings: Settings) -> Server:
        """The server, with these settings where this is the first test."""
        if self._server is None:
            settings = settings.model_copy(update={"data": self._data, "port": self.port})
            self._server = await self._opened.enter_async_context(running(settings))
        return self._server

    async def rest(self) -> None:
        """No broadcast of the last test is live any more."""
        assert self._server is not None
        broadcasts = self._server.house.broadcasts
        for each in await broadcasts.all():
            if each.state == "live":
                await broadcasts.end(each.id)

    async def close(self) -> None:
        """End, where it was begun."""
        await self._opened.aclose()


@pytest.fixture(scope="session")
def shared_port() -> int:
    """Where the shared servers are, one after the other."""
    return free_port()


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def shared_server(
    tmp_path_factory: pytest.TempPathFactory, lay: Callable[[Path], None], shared_port: int
) -> AsyncIterator[SharedServer]:
    data = tmp_path_factory.mktemp("shared") / "data"
    lay(data)
    server = SharedServer(data, shared_port)
    yield server
    await server.close()


@pytest_asyncio.fixture(loop_scope="session")
async def site(
    request: pytest.FixtureRequest, settings: Settings, tables: None, shared_server: SharedServer
) -> AsyncIterator[Server]:
    """A server; what its pages do is the same on each database, so one is enough here."""
    if shares(request.node):
        yield await shared_server.begun(settings)
        await shared_server.rest()
        return
    async with running(settings) as server:
        yield server


def shares(item: Any) -> bool:
    """Whether a test has no server of its own: by its mark, and if it wants no other settings."""
    mark = item.get_closest_marker("shared_server")
    given = item.callspec.params if hasattr(item, "callspec") else {}
    return mark is not None and mark.args != (False,) and given.keys().isdisjoint(OWN)


@pytest_asyncio.fixture(loop_scope="session")
async def sale(site: Server) -> AsyncIterator[Sale]:
    _, key = await site.house.people.create_api_key("test", "coordinator")
    async with Api(site.url, key=key) as api:
        title = {"zh": "现摘金桔", "en": "Kumquats live"}
        broadcast = (await api.create_broadcast(title))["id"]
        farm = await api.create_farm({"zh": "果园", "en": "Orchard"}, {"zh": "尤溪", "en": "Youxi"})
        lot = await api.create_lot(
            farm["id"],
            "1123",
            {"zh": "金桔", "en": "Kumquats"},
            "2026-11-20T08:00:00+08:00",
            500_000,
        )
        centre = {"zh": "城关镇", "en": "Chengguan"}
        await api.create_centre(centre, centre)
        offers = [
            await api.create_offer(
                broadcast,
                lot["id"],
                cny(price),
                released,
                name=name,
                unit={"zh": "箱", "en": "box"},
                net_weight_g=2500,
            )
            for name, price, released in (
                ({"zh": "小金桔", "en": "Small kumquats"}, 2990, 20),
                ({"zh": "大金桔", "en": "Large kumquats"}, 5400, 2),
            )
        ]
        await api.start(broadcast)
        offer, rare = (card["id"] for card in offers)
        yield Sale(api, broadcast, offer, rare, lot["id"], farm["id"])


@pytest_asyncio.fixture(loop_scope="session")
async def host(site: Server, sale: Sale) -> AsyncIterator[Channel]:
    """Whoever hosts the sale, on the live channel."""
    _, secret = await site.house.people.create_api_key("host", "host")
    async with await Channel.connect(site.url, sale.broadcast, key=secret) as channel:
        yield channel


@pytest_asyncio.fixture(loop_scope="session")
async def pinned(host: Channel, sale: Sale) -> None:
    """The host's card shows the small boxes."""
    await host.call("card.pin", offer=sale.offer)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "kumquats.jpg"
    Image.new("RGB", (640, 480), "orange").save(file)
    return file


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browsers() -> AsyncIterator[Browsers]:
    """One Chromium for all tests of a process; each page has a browser of its own in it."""
    playwright = await async_playwright().start()
    chromium = await playwright.chromium.launch(
        executable_path=program(os.environ.get("FARMLIVE_TEST_CHROMIUM", "")), args=ARGUMENTS
    )
    yield Browsers(chromium)
    # Now and then Playwright waits for ever for a Chromium that has ended; it ends with us.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            await chromium.close()
            await playwright.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(
    browsers: Browsers, site: Server, port: int, shared_server: SharedServer
) -> AsyncIterator[Open]:
    """An empty page in a browser of its own: `new_page(size=PHONE, language="zh")`.

    A `plain` one draws sharply and moves nothing, as for whoever wants less motion. Where it isn't
    `kept`, the browser is thrown away after the test: what is done to it can't be undone.
    """
    faults: list[str] = []
    taken: list[tuple[Kind, BrowserContext, bool]] = []

    def heard(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    def asked(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob", "file") and address.port != site.port:
            faults.append(f"a request left the server: {request.url}")

    async def new_page(
        *,
        size: tuple[int, int] = DESK,
        language: str = "en",
        script: str = "",
        plain: bool = True,
        kept: bool = True,
    ) -> Page:
        kind = Kind(site.url, size, language)
        context, page = await browsers.take(kind)
        taken.append((kind, context, kept and site.port in (port, shared_server.port)))
        if plain:
            await page.emulate_media(reduced_motion="reduce")
            await page.add_init_script(SHARP)
        if script:
            await page.add_init_script(script)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", heard)
        page.on("request", asked)
        return page

    try:
        yield new_page
        assert faults == []
    finally:
        for kind, context, kept in taken:
            if kept:
                await browsers.drop_hold(kind, context)
            else:
                await browsers.throw_away(context)


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(new_page: Open) -> Open:
    """Open a page in a browser of its own: `open_page("/", size=PHONE, language="zh")`."""

    async def open_page(path: str, **how: Any) -> Page:
        page = await new_page(**how)
        await page.goto(path)
        return page

    return open_page


@pytest_asyncio.fixture(loop_scope="session")
async def open_studio(
    request: pytest.FixtureRequest, new_page: Open, site: Server, shared_server: SharedServer
) -> Open:
    """Open a page signed in: `open_studio("/studio", role="seller", farms=[farm], size=PHONE)`.

    Each page has an account and a browser of its own, which allows its camera.
    """
    numbers = shared_server.numbers if shares(request.node) else itertools.count(1)

    async def open_studio(
        path: str,
        *,
        role: Role = "coordinator",
        farms: Iterable[str] = (),
        centres: Iterable[str] = (),
        **how: Any,
    ) -> Page:
        name = f"{role}{next(numbers)}"
        _, password = await site.house.people.create_account(
            name,
            role,
            farms=farms,
            centres=centres or await every_centre(site.house, role),
        )
        page = await new_page(**how)
        await page.context.grant_permissions(["camera", "microphone"])
        answer = await page.context.request.post(
            "/api/v1/session", data={"name": name, "password": password}
        )
        assert answer.ok
        await page.goto(path)
        # A list that loads moves the page below it: a click there could miss.
        await expect(page.locator("[data-list][aria-busy=true]:visible")).to_have_count(0)
        return page

    return open_studio


@pytest_asyncio.fixture(loop_scope="session")
async def key(sale: Sale) -> str:
    minted = await sale.api.create_stream_key(sale.broadcast, "encoder", "orchard")
    return str(minted["key"])
