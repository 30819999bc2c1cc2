"""The bench of pages: what the live page and the start page weigh and how soon they are there, on a
phone's links and processor; and how often a phone draws while 500 chat lines a second come.

The links are wires of the laboratory (lab/lab.py): TCP begins slowly there as on a mast, and the
picture's packets take the same way. The processor is slowed by Chromium itself. Each visit begins
with an empty cache and no connection.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, Page, Playwright, async_playwright
from scripts.benches.lab import browsers
from scripts.benches.lab.lab import Lab, missing
from scripts.benches.lab.page_load import PageLoad
from scripts.benches.lab.server import Server, Stage, running, stage
from scripts.benches.report import OtherLoad, medians

from farmlive.broadcast.broadcast_state import CHAT_KEPT
from farmlive.client import Channel
from farmlive.client.media.counter import TestPicture
from farmlive.client.media.whip import Publisher

# By name: kbit/s and the round trip in seconds.
LINKS = {"1600k": (1_600, 0.15), "400k": (400, 0.4)}
CPU = 4
LINES_S = 500
# A server that can't keep up has no more lines waiting than these.
_UNANSWERED, _NICKNAMES = 250, 200
_WAIT_MS = 60_000
_SERVER_IP, _PORT = "10.77.0.1", 8000
_ORIGIN = f"http://{browsers.NAME}:{_PORT}"
_PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "locale": "zh-CN",
    "has_touch": True,
    "is_mobile": True,
}
LIMITS: dict[str, float] = {
    "live.bytes": 110_000,
    "live.requests": 30,
    "live.card_s.1600k": 2.0,
    "live.whep_s.1600k": 1.8,
    "live.card_s.400k": 6.0,
    "start.bytes": 60_000,
}
FLOORS: dict[str, float] = {"chat500.host_fps": 30, "chat500.viewer_fps": 30}
HOW = {
    "live": (
        "A first visit, until the card with Buy stands and the video shows its first frame; the "
        f"chat has {CHAT_KEPT} lines, as many as a page is sent. "
        "`bytes`: of all answers with their heads, and of the channel's messages, not of the "
        "picture. `requests`: the channel's and WHEP's too. `card_s`: from the navigation until "
        "Buy can be tapped. `whep_s`: until the WHEP POST is sent. `frame_s`: until the first "
        "frame."
    ),
    "start": "A first visit, until all has loaded. `card_s`: until a broadcast's link stands.",
    "links": (
        "kbit/s both ways and round trip: 1600k with 150 ms, 400k with 400 ms; HTTP/1.1 without "
        f"TLS, which takes a round trip more. The page's processor is {CPU} times as slow."
    ),
    "chat500": (
        f"Frames a second of a phone's page (390×844, processor ÷{CPU}) while {LINES_S} chat lines "
        "a second come and the picture plays; one page after the other, without a slow link. "
        "`lines_s`: what the server took meanwhile, the lesser of both."
    ),
}

# How often the page draws, which it does when a frame is due and nothing holds it up.
_DRAWN = """
(seconds) => new Promise((resolve) => {
  let frames = 0;
  const began = performance.now();
  const step = (now) => {
    frames += 1;
    if (now - began < seconds * 1000) requestAnimationFrame(step);
    else resolve(frames / ((now - began) / 1000));
  };
  requestAnimationFrame(step);
})
"""
_LINES = "document.querySelectorAll('.chat__line, [data-chat-list] > *').length > 3"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How much to measure: rounds, links, and the seconds of each page in the chat, after those in
    which it becomes calm.
    """

    runs: int = 5
    chat_s: float = 10.0
    warm_s: float = 3.0
    links: tuple[str, ...] = tuple(LINKS)


@dataclass(frozen=True)
class Site:
    """The server with a live broadcast, a phone for each link, and one without a slow link."""

    server: Server
    stage: Stage
    phones: dict[str, Browser]
    near: Browser


async def run(long: bool, say: Say) -> dict[str, Any]:
    """Measure several visits on each link, then the chat."""
    return await measure(Size(runs=9, chat_s=20.0) if long else Size(), say)


async def measure(size: Size, say: Say) -> dict[str, Any]:
    """Return the medians of all rounds, and these."""
    if lacking := missing() or browsers.missing():
        raise SystemExit(lacking)
    runs: list[dict[str, Any]] = []
    async with site(size.links) as made:
        elsewhere = OtherLoad(lambda: made.server.cpu_s() + time.process_time())
        say("one visit each, so that the server has compressed all that it sends")
        live = f"/live/{made.stage.broadcast}"
        for path in (live, "/"):
            await visit(made.near, path)
        for number in range(1, size.runs + 1):
            say(f"run {number} of {size.runs}: visits")
            runs.append({"live": await weigh(made, live), "start": await weigh(made, "/")})
        for number, found in enumerate(runs, 1):
            say(f"run {number} of {size.runs}: {LINES_S} lines a second")
            found["chat500"] = await chat(made, size)
            # Chromium's own share is in it.
            found["cores_busy_elsewhere"] = elsewhere.cores()
    return {**medians(runs), "how": HOW, "runs": runs}


@contextlib.asynccontextmanager
async def site(links: Sequence[str]) -> AsyncIterator[Site]:
    """Start the server, a broadcast with a picture, and the browsers; they end with the block."""
    with Lab() as lab:
        place = lab.server("server", _SERVER_IP)
        ways = {}
        for name in links:
            kbps, round_trip_s = LINKS[name]
            ways[name] = lab.place(name)
            wire = lab.wire(ways[name], place, round_trip_s / 2)
            wire.up()
            wire.limit(kbps)
            wire.narrow(kbps)
        ours = lab.reach(place)
        addresses = f"{ours},{_SERVER_IP}"
        at = f"http://{ours}:{_PORT}"
        async with (
            running(
                place.command(), at, host="0.0.0.0", port=str(_PORT), udp_addresses=addresses
            ) as server,
            async_playwright() as playwright,
            contextlib.AsyncExitStack() as phones,
        ):
            made = await shop(server)
            async with publishing(server, made), _near(playwright, ours) as near:
                yield Site(
                    server,
                    made,
                    {
                        name: await phones.enter_async_context(
                            browsers.chromium(playwright, way, _SERVER_IP)
                        )
                        for name, way in ways.items()
                    },
                    near,
                )


async def weigh(site: Site, path: str) -> dict[str, Any]:
    """Return the figures of a page."""
    page: dict[str, Any] = {"bytes": 0, "requests": 0}
    for link, phone in site.phones.items():
        one = await visit(phone, path)
        # On either link it is the same, but for what is loaded in the meantime.
        page["bytes"] = max(page["bytes"], one.pop("bytes"))
        page["requests"] = max(page["requests"], one.pop("requests"))
        for figure, value in one.items():
            page.setdefault(figure, {})[link] = value
    return page


async def visit(browser: Browser, path: str) -> dict[str, Any]:
    """Open a page as for the first time, and return its figures."""
    context = await browser.new_context(**_PHONE)
    try:
        page = await context.new_page()
        load = await PageLoad.tap(page)
        await load.slow_down(CPU)
        await page.goto(_ORIGIN + path, wait_until="commit", timeout=_WAIT_MS)
        figures = ("card_s", "frame_s") if path.startswith("/live/") else ("card_s",)
        await _until(page, " && ".join(f"window.found.{name}" for name in figures))
        octets, requests = load.octets, len(load.urls)
        if "frame_s" not in figures:
            await page.wait_for_load_state("networkidle", timeout=_WAIT_MS)
            octets, requests = load.octets, len(load.urls)
        times: dict[str, float] = await page.evaluate("window.found")
        if load.whep_s is not None:
            times["whep_s"] = load.whep_s
        return {
            "bytes": octets,
            "requests": requests,
            **{name: round(s, 2) for name, s in times.items()},
        }
    finally:
        await context.close()


async def chat(site: Site, size: Size) -> dict[str, float]:
    """Return the frames that a viewer's and a host's page draw while the chat rushes by."""
    live = site.stage.broadcast
    found: dict[str, float] = {}
    async with talking(site) as said:
        for name, path in (("viewer_fps", f"/live/{live}"), ("host_fps", f"/studio/{live}")):
            context = await site.near.new_context(**_PHONE)
            try:
                page = await context.new_page()
                if name == "host_fps":
                    await _sign_in(site.server, page)
                load = await PageLoad.tap(page)
                await page.goto(_ORIGIN + path)
                await _until(page, _LINES)
                await load.slow_down(CPU)
                await asyncio.sleep(size.warm_s)
                before, began = said(), time.monotonic()
                found[name] = round(await page.evaluate(_DRAWN, size.chat_s), 1)
                rate = (said() - before) / (time.monotonic() - began)
                found["lines_s"] = round(min(found.get("lines_s", rate), rate), 1)
            finally:
                await context.close()
    return found


@contextlib.asynccontextmanager
async def talking(site: Site) -> AsyncIterator[Callable[[], int]]:
    """Say lines all the time, evenly; gives how many the server has taken so far."""
    taken = 0

    def count(task: asyncio.Task[Any]) -> None:
        nonlocal taken
        asked.discard(task)
        taken += not task.cancelled() and task.exception() is None

    asked: set[asyncio.Task[Any]] = set()

    async def talk() -> None:
        # It hears all lines too: several would take the processor from the pages.
        async with await Channel.connect(site.server.url, site.stage.broadcast) as channel:
            began, said = time.monotonic(), 0
            while True:
                due = began + said / LINES_S
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if len(asked) < _UNANSWERED:
                    task = asyncio.create_task(channel.call("chat.say", **_line(said)))
                    asked.add(task)
                    task.add_done_callback(count)
                said += 1

    talker = asyncio.create_task(talk())
    try:
        yield lambda: taken
    finally:
        for task in (talker, *asked):
            task.cancel()
        await asyncio.gather(talker, *asked, return_exceptions=True)


def _line(number: int) -> dict[str, Any]:
    return {
        "text": f"第 {number} 句：今天的金柑甜不甜，几天能到？",
        "nickname": f"观众{number % _NICKNAMES}",
    }


async def shop(server: Server) -> Stage:
    """Return a live broadcast with six offers, one pinned, and as much chat as a page is sent."""
    made = await stage(server, offers=6, released=500)
    async with await Channel.connect(server.url, made.broadcast, key=server.key) as channel:
        await channel.call("card.pin", offer=made.offers[0])
    async with await Channel.connect(server.url, made.broadcast) as channel:
        for number in range(CHAT_KEPT):
            await channel.call("chat.say", **_line(number))
    return made


@contextlib.asynccontextmanager
async def publishing(server: Server, made: Stage) -> AsyncIterator[None]:
    """Publish a small picture, which costs little to encode and to decode."""
    url = f"{server.url}/whip/{made.broadcast}"
    async with Publisher(url, made.stream_key, video=TestPicture(320, 180, fps=15)):
        yield


@contextlib.asynccontextmanager
async def _near(playwright: Playwright, server: str) -> AsyncIterator[Browser]:
    """Start a Chromium outside of all wires, which are carried by hand and cost as lines do."""
    browser = await playwright.chromium.launch(
        executable_path=browsers.program(),
        args=[*browsers.ARGUMENTS, f"--host-resolver-rules=MAP {browsers.NAME} {server}"],
    )
    try:
        yield browser
    finally:
        await browser.close()


async def _until(page: Page, holds: str) -> None:
    """Wait until a condition holds. Playwright's own waiting evaluates text in the page, which its
    policy forbids.
    """
    async with asyncio.timeout(_WAIT_MS / 1000):
        while True:
            if await page.evaluate(f"Boolean({holds})"):
                return
            await asyncio.sleep(0.05)


async def _sign_in(server: Server, page: Page) -> None:
    """Sign a host in, with an account of its own."""
    name = f"host{time.monotonic_ns()}"
    first = await server.api.create_account(name, "host")
    given = {
        "name": name,
        "password": first["password"],
        "new_password": "ten baskets of oranges",
    }
    await page.goto(f"{_ORIGIN}/sign-in")
    status = await page.evaluate(
        """async (body) => (await fetch("/api/v1/session", {
            method: "POST", headers: { "content-type": "application/json" }, body })).status""",
        json.dumps(given),
    )
    if status >= 300:
        raise SystemExit(f"the host could not sign in: {status}")
