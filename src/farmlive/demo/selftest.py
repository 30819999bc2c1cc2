"""`farmlive selftest`: does once what a farm, two viewers and a buyer do, and measures it.

Owns what is tried and what counts as passed. It stands outside the server, as any client would;
trial.py starts one, publish.py is the camera.
"""

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop
from av import VideoFrame
from rich.console import Console
from rich.table import Table

from farmlive.app import set_up_log
from farmlive.client import Api, Channel, ChannelProblem
from farmlive.client.counter import read_counter
from farmlive.client.whep import Viewer
from farmlive.clock import now_ms, rfc3339
from farmlive.demo.film import RATE, delay_ms, make_film
from farmlive.demo.on_air import FilmOnAir
from farmlive.demo.trial import ServerFailed, TrialServer, trial_server
from farmlive.ids import token

FILM_S = 10
"""A shorter film does for this; it divides the minute, so that its counter tells the time."""
LIMIT_S = 60.0
GTIN = "09520000000110"
PRICE, RELEASED = 2990, 10


class Failed(Exception):
    """Something was not as it must be; the text says what."""


def must(so: bool, otherwise: str) -> None:
    """Raise Failed with that text unless it is so."""
    if not so:
        raise Failed(otherwise)


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    tried: str
    found: str
    passed: bool


class Eye:
    """A viewer who decodes every frame and reads its counter and its delay."""

    def __init__(self, url: str, patience_s: float):
        self.viewer = Viewer(url, self._see, patience_s=patience_s)
        self.delays_ms: list[float] = []
        self.unread = 0
        self.last_seen = 0.0
        self.longest_gap_s = 0.0

    def _see(self, frame: VideoFrame, _decoded_ns: int) -> None:
        now = time.time()
        if self.last_seen:
            self.longest_gap_s = max(self.longest_gap_s, now - self.last_seen)
        self.last_seen = now
        counter = read_counter(frame)
        if counter is None:
            self.unread += 1
        else:
            self.delays_ms.append(delay_ms(counter, now * 1000, FILM_S))

    async def see(self, frames: int, timeout_s: float = 15) -> None:
        """Wait for so many further frames."""
        await self.viewer.wait_frames(self.viewer.frames + frames, timeout_s)


@dataclass
class Stage:
    """What the steps share, as they come to have it."""

    api: Api
    film: Path
    broadcast: str = ""
    offer: str = ""
    lot: str = ""
    key: str = ""
    placed: list[int] = field(default_factory=list)
    camera: FilmOnAir | None = None
    early: Eye | None = None
    late: Eye | None = None

    @property
    def whep(self) -> str:
        """Where the broadcast is played."""
        return f"{self.api.url}/whep/{self.broadcast}"


class Selftest:
    """The steps, in order; each returns what it measured, or raises."""

    def __init__(self, stage: Stage, channels: contextlib.AsyncExitStack):
        self._stage = stage
        self._channels = channels
        self._host: Channel
        self._watchers: list[Channel] = []

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """What is tried, with the name that the table shows."""
        return [
            ("A broadcast with farm, lot, offer and centre goes live", self.prepare),
            ("Published by WHIP, played by an early viewer", self.publish),
            ("A late viewer comes in", self.join_late),
            ("Delay from camera to decoded frame", self.delay),
            ("A pinned card reaches both viewers", self.pin),
            ("A dropped channel resumes without loss", self.resume),
            ("The camera dies and comes back, viewers stay", self.camera_returns),
            ("An order over the channel, sent twice, is one", self.order),
            ("More than is left is refused, stock unchanged", self.oversell),
            ("The lot's origin is read from its GS1 link", self.origin),
            ("Ended; the review's totals are the orders'", self.review),
        ]

    async def prepare(self) -> str:
        """Enter what a broadcast needs and start it."""
        stage, api, now = self._stage, self._stage.api, now_ms()
        farm = await api.create_farm(_both("试验果园", "Trial orchard"), _both("尤溪", "Youxi"))
        lot = await api.create_lot(
            farm["id"],
            "1123",
            _both("金柑", "Kumquats"),
            rfc3339(now - 7_200_000),
            800_000,
            gtin=GTIN,
            inspection={"at": rfc3339(now - 3_600_000), "result": _both("合格", "Passed")},
            packed_at=rfc3339(now - 1_800_000),
        )
        await api.create_centre(_both("城关", "Chengguan"), _both("建设东街 8 号", "8 Jianshe St"))
        broadcast = await api.create_broadcast(_both("自检", "Selftest"))
        stage.broadcast, stage.lot = broadcast["id"], lot["id"]
        offer = await api.create_offer(
            stage.broadcast,
            stage.lot,
            PRICE,
            RELEASED,
            name=_both("金柑 2.5 公斤", "Kumquats, 2.5 kg"),
            unit=_both("箱", "box"),
            net_weight_g=2500,
            gtin=GTIN,
        )
        stage.offer = offer["offer"]
        await api.start(stage.broadcast)
        self._host = await self._open(cookie=api.cookie)
        self._watchers = [await self._open(), await self._open()]
        return f"{RELEASED} boxes of lot 1123"

    async def _open(self, cookie: str | None = None) -> Channel:
        channel = await Channel.connect(self._stage.api.url, self._stage.broadcast, cookie=cookie)
        return await self._channels.enter_async_context(channel)

    async def publish(self) -> str:
        """Publish, with a viewer who waits already."""
        stage = self._stage
        key = await stage.api.stream_key(stage.broadcast, "encoder", "selftest")
        stage.camera = FilmOnAir(stage.film, key["whip_url"], key["key"])
        stage.early = Eye(stage.whep, patience_s=15)
        waiting = asyncio.create_task(stage.early.viewer.start())
        await stage.camera.start()
        await waiting
        await stage.early.see(RATE)
        return f"first frame {stage.early.viewer.first_frame_ms:.0f} ms after the POST"

    async def join_late(self) -> str:
        """Join while the stream runs, at no keyframe in particular."""
        stage = self._stage
        stage.late = Eye(stage.whep, patience_s=0)
        await stage.late.viewer.start()
        await stage.late.see(2 * RATE)
        first_ms = stage.late.viewer.first_frame_ms
        must(first_ms < 2000, f"the first frame took {first_ms:.0f} ms")
        return f"first frame {first_ms:.0f} ms after the POST"

    async def delay(self) -> str:
        """Read the delay from the counters of both viewers."""
        early, late = self._eyes()
        await asyncio.gather(early.see(2 * RATE), late.see(2 * RATE))
        medians = [statistics.median(eye.delays_ms[-RATE:]) for eye in (early, late)]
        unread = early.unread + late.unread
        must(unread <= 2, f"{unread} frames had no readable counter")
        must(max(medians) < 1000, f"{max(medians):.0f} ms")
        return f"early {medians[0]:.0f} ms, late {medians[1]:.0f} ms, both decoded here"

    async def pin(self) -> str:
        """Pin a card and time its arrival in each channel."""
        began = time.monotonic_ns()
        waiting = [
            asyncio.create_task(watcher.wait_for("card.pinned", 5, offer=self._stage.offer))
            for watcher in self._watchers
        ]
        await self._host.call("card.pin", offer=self._stage.offer)
        took_ms = [(event.arrived_ns - began) / 1e6 for event in await asyncio.gather(*waiting)]
        must(max(took_ms) < 1000, f"it took {max(took_ms):.0f} ms")
        return " and ".join(f"{ms:.0f} ms" for ms in took_ms)

    async def resume(self) -> str:
        """Drop a channel, say things meanwhile, and see that it misses none and doubles none."""
        watcher = self._watchers[0]
        welcome = watcher.welcome
        await watcher.drop()
        began = time.monotonic()
        said = [f"{number}" for number in range(5)]
        for text in said:
            await self._host.call("chat.say", text=text)
        heard = [(await watcher.wait_for("chat.said", 10)).data["text"] for _ in said]
        took_ms = (time.monotonic() - began) * 1000
        must(heard == said, f"said {said}, heard {heard}")
        must(watcher.resumes == 1, f"the channel resumed {watcher.resumes} times")
        must(watcher.duplicates == 0, f"{watcher.duplicates} events came twice")
        must(watcher.welcome is welcome, "it was welcomed anew instead of resumed")
        return f"5 of 5 messages, once each, after {took_ms:.0f} ms"

    async def camera_returns(self) -> str:
        """Kill the camera's process; it comes back by itself and viewers see frames again."""
        early, late = self._eyes()
        must(self._stage.camera is not None, "there is no camera")
        assert self._stage.camera is not None
        sessions = [eye.viewer.session for eye in (early, late)]
        early.longest_gap_s = late.longest_gap_s = 0.0
        self._stage.camera.vanish()
        while max(early.longest_gap_s, late.longest_gap_s) < 0.5:
            await asyncio.gather(early.see(1, 30), late.see(1, 30))
        await asyncio.gather(early.see(RATE), late.see(RATE))
        must(
            [eye.viewer.session for eye in (early, late)] == sessions,
            "a viewer had to connect again",
        )
        gap_s = max(early.longest_gap_s, late.longest_gap_s)
        must(gap_s < 30, f"frames came back after {gap_s:.0f} s")
        return f"{gap_s:.1f} s without a frame"

    def _order(self, quantity: int) -> dict[str, Any]:
        return {
            "lines": [{"offer": self._stage.offer, "quantity": quantity, "price": PRICE}],
            "buyer": {"name": "王月娥", "phone": "13800001001"},
            "delivery": {"way": "parcel", "address": "福建省福州市鼓楼区东街 12 号"},
            "payment": "cash_on_delivery",
        }

    async def order(self) -> str:
        """Order over the channel, send the same again, and order once more over HTTP."""
        watcher, key = self._watchers[1], token()
        began = time.monotonic()
        first = await watcher.call("order.place", key=key, **self._order(2))
        took_ms = (time.monotonic() - began) * 1000
        again = await watcher.call("order.place", key=key, **self._order(2))
        must(first == again, "the same key gave another answer")
        over_http = await self._stage.api.place_order(
            self._stage.broadcast, token(), self._order(1)
        )
        must(over_http["order"] != first["order"], "two orders have one identifier")
        self._stage.placed = [2 * PRICE, PRICE]
        must(first["total"]["amount"] == 2 * PRICE, f"the total is {first['total']}")
        return f"{first['number']} in {took_ms:.0f} ms, {over_http['number']} over HTTP"

    async def oversell(self) -> str:
        """Ask for more than is left."""
        try:
            await self._watchers[1].call("order.place", key=token(), **self._order(RELEASED))
        except ChannelProblem as problem:
            must(problem.slug == "sold-out", f"the problem was {problem}")
        else:
            raise Failed("the order was taken")
        card = (await self._stage.api.offers(self._stage.broadcast))[0]
        must(card["left"] == RELEASED - 3, f"{card['left']} are left")
        return f"sold-out; {card['left']} of {RELEASED} left"

    async def origin(self) -> str:
        """Follow the lot's Digital Link to its page, and read its story."""
        api = self._stage.api
        place = await api.origin(GTIN, "1123")
        page = await api.page(place)
        must("1123" in page, f"the page {place} does not name the lot")
        story = await api.request("GET", f"/api/v1/lots/{self._stage.lot}")
        steps = [station["step"] for station in story["stations"]]
        must(steps == ["picked", "tested", "packed"], f"its stations are {steps}")
        must(len(story["moments"]) == 1, f"{len(story['moments'])} moments instead of one")
        return ", ".join([*steps, "shown live once"])

    async def review(self) -> str:
        """End the broadcast and compare the review with the orders placed."""
        api, placed = self._stage.api, self._stage.placed
        ended = asyncio.create_task(self._watchers[1].wait_for("broadcast.ended", 5))
        await api.end(self._stage.broadcast)
        await ended
        found = await api.review(self._stage.broadcast)
        must(found["orders"] == len(placed), f"{found['orders']} orders instead of {len(placed)}")
        amount = found["gross"]["amount"]
        must(amount == sum(placed), f"{amount} instead of {sum(placed)}")
        return f"{found['orders']} orders, {found['items']} boxes, ¥{amount / 100:.2f}"

    def _eyes(self) -> tuple[Eye, Eye]:
        early, late = self._stage.early, self._stage.late
        if early is None or late is None:
            raise Failed("there are no two viewers")
        return early, late


def _both(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


@contextlib.asynccontextmanager
async def _stage(folder: Path) -> AsyncIterator[Stage]:
    """A server of its own and the film, both ready; everything is ended after the block."""
    film = folder / "film.mkv"
    drawing = asyncio.to_thread(make_film, film, lambda _frame: None, FILM_S * RATE)
    drawn = asyncio.create_task(drawing)
    async with contextlib.AsyncExitStack() as stack:
        server: TrialServer = await stack.enter_async_context(trial_server(folder / "server"))
        api = await stack.enter_async_context(Api(server.url))
        await api.sign_in(server.name, server.password)
        await drawn
        stage = Stage(api, film)
        try:
            yield stage
        finally:
            for eye in (stage.early, stage.late):
                if eye is not None:
                    await eye.viewer.close()
            if stage.camera is not None:
                await stage.camera.stop()


async def attempt(folder: Path, tell: Callable[[Result], None]) -> bool:
    """Try everything in a folder, telling each result as it comes; whether all passed."""
    results: list[Result] = []

    def note(tried: str, found: str, passed: bool) -> None:
        results.append(Result(tried, found, passed))
        tell(results[-1])

    step = "The server starts and the film is drawn"
    began = time.monotonic()
    try:
        async with asyncio.timeout(LIMIT_S), _stage(folder) as stage:
            note(step, f"{time.monotonic() - began:.1f} s", True)
            async with contextlib.AsyncExitStack() as channels:
                for step, run in Selftest(stage, channels).steps():
                    try:
                        note(step, await run(), True)
                    except (Failed, ChannelProblem) as failed:
                        note(step, str(failed), False)
    except ServerFailed as failed:
        note(step, str(failed), False)
    except TimeoutError:
        note(step, f"not done after {time.monotonic() - began:.0f} s", False)
    except Exception as error:
        note(step, f"{type(error).__name__}: {error}", False)
    return bool(results) and all(result.passed for result in results)


def run() -> int:
    """Try everything in a fresh folder and print the table; 0 where all passed, else 1."""
    set_up_log("error")
    out = Console(highlight=False)
    table = Table("", "Tried", "Found", box=None, padding=(0, 2, 0, 0))
    began = time.monotonic()

    def tell(result: Result) -> None:
        mark = "[green]✓[/]" if result.passed else "[red]✗[/]"
        table.add_row(mark, result.tried, result.found)
        if out.is_terminal:
            out.print(f"{mark} {result.tried}")

    with tempfile.TemporaryDirectory(prefix="farmlive-selftest-") as folder:
        passed = uvloop.run(attempt(Path(folder), tell))
    out.print(table)
    verdict = "[green]All is well[/]" if passed else "[red]Something is wrong[/]"
    out.print(f"{verdict}, after {time.monotonic() - began:.0f} s.")
    return 0 if passed else 1
