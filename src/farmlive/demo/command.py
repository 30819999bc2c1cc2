"""The command `farmlive demo`: serves the demo county until it is stopped.

Connects the parts: the server, the county, the films, the people, and the terminal output. Each
part is a module of its own.
"""

import asyncio
import contextlib
import ipaddress
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvloop

from farmlive import app
from farmlive import server as serving
from farmlive.broadcast.wire.ws_protocol import channel_protocol
from farmlive.client import Api
from farmlive.demo import county, lan, people, terminal
from farmlive.demo.accounts import (
    CAMERAS,
    adopt_keys,
    set_up_accounts,
    set_up_api_keys,
    set_up_stream_keys,
)
from farmlive.demo.authority import Address, Certificates, get_certificates
from farmlive.demo.drawing import Drawing, drawing
from farmlive.demo.farms import add_farms
from farmlive.demo.film.film import HOST, KITCHEN, film_in
from farmlive.demo.frames import show_frames
from farmlive.demo.history import simulate
from farmlive.demo.on_air import OrchardAndKitchen
from farmlive.demo.state import DemoJson, DemoUser, Folder
from farmlive.settings import Settings

FILMS = (HOST, KITCHEN)


class Stopped(Exception):
    """The demo was stopped while it started."""


@dataclass(frozen=True)
class Options:
    """The command line's options; without `host` the demo listens on loopback, or with `lan` on the
    network's address.
    """

    data: Path
    host: str
    port: int
    udp_port: int
    lan: bool
    fresh: bool


@dataclass(frozen=True)
class Site:
    """The demo's host, port and certificates, if any."""

    settings: Settings
    certificates: Certificates | None
    addresses: list[Address]


def run(
    data: Path = Path(".farmlive-demo"),
    host: str = "",
    port: int = 8000,
    udp_port: int = 8189,
    lan: bool = False,
    fresh: bool = False,
) -> None:
    """Serve the demo until SIGINT or SIGTERM.

    Raises PortTaken, FolderInUse, NoNetwork and FilmError, each with a sentence to show.
    """
    folder = Folder(data.resolve())
    serving.set_up_log("warning")
    with folder.locked():
        if fresh:
            folder.empty()
        elif not folder.is_whole:
            folder.forget()
        uvloop.run(_main(folder, Options(data, host, port, udp_port, lan, fresh)))


async def _main(folder: Folder, options: Options) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    site = _site(folder, options)
    serving.raise_file_limit()
    try:
        with contextlib.suppress(Stopped):
            async with drawing(folder.path, FILMS) as films:
                await _simulate_past(folder, site.settings, stop)
                async with serving.running(site.settings) as server:
                    serving.settle_memory()
                    await _serve(folder, options, site, server, films, stop)
    finally:
        folder.withdraw()
    terminal.out.print("The demo has stopped. Its data stay in " + str(folder.path))


async def _simulate_past(folder: Folder, settings: Settings, stop: asyncio.Event) -> None:
    """At the first start: add the farms, and simulate their past evenings, before anyone
    watches.
    """
    notes = folder.notes()
    if "entered" in notes:
        return
    serving.listen(settings.host, settings.port).close()  # taken? Better now than later.
    youxi = county.content()
    house = await app.build(settings)
    try:
        keys = await set_up_api_keys(house, notes)
        inside = httpx.ASGITransport(house.asgi)
        async with Api(house.settings.url, key=keys["coordinator"], transport=inside) as api:
            with terminal.progress_bar("Adding the farms of Youxi, once", 1.0) as told:
                entered = await add_farms(api, youxi, _report_unless(stop, told))
            with terminal.progress_bar("Simulating two past evenings, once", 1.0) as told:
                past = simulate(house, api, entered, youxi, _report_unless(stop, told))
                entered["past"] = await past
    finally:
        await house.close()
    notes["entered"] = entered
    folder.save_notes(notes)


def _site(folder: Folder, options: Options) -> Site:
    host = options.host or "127.0.0.1"
    made, known = None, []
    if options.lan:
        known = lan.addresses()
        if options.host:
            given = lan.choose_address(known, options.host)
            known = [given, *(address for address in known if address != given)]
        host = str(known[0])
        made = get_certificates(folder.lan, known)
    settings = Settings(
        data=folder.server,
        public_url="",
        host=host,
        port=options.port,
        udp_port=options.udp_port,
        database_url="",
        redis_url="",
        trusted_proxies=(),
        county_name="尤溪县（演示）",
        county_contact="orders@youxi.example",
        currency=county.CURRENCY,
        tls_cert=made.chain if made else None,
        tls_key=made.key if made else None,
        log_level="warning",
    )
    return Site(settings, made, known)


async def _serve(
    folder: Folder,
    options: Options,
    site: Site,
    server: serving.Server,
    films: Drawing,
    stop: asyncio.Event,
) -> None:
    open_to_others = options.lan or not _is_loopback(site.settings.host)
    notes = folder.notes()
    users = await set_up_accounts(server.house, notes, open_to_others)
    keys = await set_up_api_keys(server.house, notes)
    await adopt_keys(server.house)
    await _wait_for(films, stop)
    orchard, kitchen = (film_in(folder.path, take) for take in FILMS)
    async with (
        _inner_url(site, server) as url,
        Api(url, key=keys["coordinator"]) as api,
        _guide_page(site, server) as guide_page,
    ):
        while not stop.is_set():
            shown = await county.open_broadcasts(api, notes["entered"])
            stream_keys = await set_up_stream_keys(api, shown, notes)
            folder.save_notes(notes)
            path = folder.announce(_announcement(server, shown, stream_keys, users))
            terminal.print_pages(server, shown, users, path, guide_page)
            publisher = OrchardAndKitchen(
                api,
                shown.live,
                f"{url}/whip/{shown.live}",
                (orchard, stream_keys["film"]),
                (kitchen, stream_keys["kitchen"]),
            )
            # The first past evening was jam-making, by its picture.
            await show_frames(api, {shown.live: orchard, **dict.fromkeys(shown.past[:1], kitchen)})
            crowd = people.crowd(url, shown, people.Keys(keys["host"], keys["simulator"]))
            await _until_over(publisher, crowd, stop)
            if not stop.is_set():
                terminal.out.print("\nThe live broadcast was ended. Another begins:")


async def _until_over(
    publisher: OrchardAndKitchen, crowd: Coroutine[Any, Any, None], stop: asyncio.Event
) -> None:
    """Keep films and people running until the demo is stopped or someone ends the broadcast."""
    await publisher.start()
    tasks = [asyncio.create_task(crowd), asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await publisher.stop()
    for result in results:
        if isinstance(result, Exception):
            raise result


def _announcement(
    server: serving.Server,
    shown: county.County,
    stream_keys: dict[str, str],
    users: list[DemoUser],
) -> DemoJson:
    """Return the contents of demo.json, without the films' own keys."""
    return {
        "url": server.url,
        "udp_port": server.house.media.relay.udp_port,
        "live": shown.live,
        "spare": shown.spare,
        "stream_keys": {name: key for name, key in stream_keys.items() if name not in CAMERAS},
        "users": users,
        "offers": [_offer(card) for card in shown.offers],
    }


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _offer(card: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": card["id"],
        "gtin": card["gtin"],
        "lot": card["lot"]["code"],
        "lot_id": card["lot"]["id"],
        "name": card["name"],
        "price": card["price"],
    }


async def _wait_for(films: Drawing, stop: asyncio.Event) -> None:
    """Wait until the films are drawn, at the first start, while a bar shows the progress."""
    if not films.frames:
        return
    with terminal.progress_bar("Drawing the films, once", films.frames) as told:
        await films.wait(_report_unless(stop, told))


def _report_unless(stop: asyncio.Event, told: Callable[[float], None]) -> Callable[[float], None]:
    """Return a function that shows progress, and raises Stopped once the demo is stopped."""

    def tell(done: float) -> None:
        if stop.is_set():
            raise Stopped
        told(done)

    return tell


@contextlib.asynccontextmanager
async def _inner_url(site: Site, server: serving.Server) -> AsyncIterator[str]:
    """Return the URL for the demo's own people and films, which trust no authority of a phone."""
    if site.certificates is None:
        yield server.url
        return
    async with lan.plain_http(
        server.house.asgi,
        "127.0.0.1",
        ws=channel_protocol(site.settings, server.house.guard, server.house.people.limits),
        ws_max_size=64 * 1024,
        ws_per_message_deflate=False,
    ) as url:
        yield url


@contextlib.asynccontextmanager
async def _guide_page(site: Site, server: serving.Server) -> AsyncIterator[str | None]:
    """Serve the plain page that leads a phone to the studio, by --lan only; yields its URL."""
    if site.certificates is None:
        yield None
        return
    page = lan.guide_page(site.certificates.authority_der(), site.addresses, f"{server.url}/studio")
    async with lan.plain_http(page, site.settings.host) as url:
        yield url
