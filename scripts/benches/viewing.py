"""A server with an audience: its cost, its delays, and the cost and the effect of joins."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.benches.audience import Audience
from scripts.benches.lab.cpu_pinning import Rig
from scripts.benches.lab.server import Server, Stage, running, stage
from scripts.benches.report import percentile
from scripts.benches.spine import load_of

CPU = "cpu_us_per_viewer_second"
_PUBLISHING = str(Path(__file__).with_name("publishing.py"))
_PASSES = 1_000_000
_PACKETS = 230  # a viewer-second
# How full a core may be while others join, and how few of these are enough to measure.
_BRIM, _FEWEST_JOINING = 0.95, 50


@dataclass(frozen=True)
class Size:
    """The extent of a measurement; `viewers` is the number that the figures are for, if it fits."""

    curve: tuple[int, ...] = (50, 200, 500)
    viewers: int = 1_000
    beyond: tuple[int, ...] = (2_000,)
    joining: int = 500
    joining_s: float = 10.0
    beside: int = 500
    window_s: float = 7.0
    short_s: float = 2.5
    settle_s: float = 0.5
    runs: int = 3
    most_s: float = 440.0


@dataclass
class Bench(Rig):
    """The cores, the load library and the sizes of all measurements."""

    size: Size

    def yardstick_ns(self) -> float:
        """Return how fast the server's core is at present."""
        ours = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self.cores[0]})
        try:
            began = time.thread_time_ns()
            for _ in range(_PASSES):
                pass
            return round((time.thread_time_ns() - began) / _PASSES, 2)
        finally:
            os.sched_setaffinity(0, ours)


@dataclass
class Live:
    """A server with a light publisher, and its audience."""

    server: Server
    audience: Audience
    idle: float  # cores
    memory_kib: float


@contextlib.asynccontextmanager
async def playing(
    bench: Bench, pinned: tuple[str, ...], *, aside: bool = False, **settings: str
) -> AsyncIterator[Live]:
    """Start a server, its publisher and an audience without viewers yet.

    `aside`: the audience takes of every core what the server leaves (sched(7), SCHED_IDLE).
    """
    size = bench.size
    async with running(pinned, is_limited=False, **settings) as server:
        place = await stage(server)
        with bench.awake.cores():
            idle = await load_of(server, size.short_s)
        async with published(server, place):
            most = max((size.viewers + size.joining, size.beside, *size.beyond))
            url = f"{server.url}/whep/{place.broadcast}"
            # Its thread is of the class of the one that makes it.
            with _aside(bench.cores) if aside else contextlib.nullcontext():
                audience = Audience(bench.library, url, most)
                try:
                    yield Live(server, audience, idle, server.memory_mib() * 1024)
                finally:
                    audience.close()


@contextlib.contextmanager
def _aside(cores: list[int]) -> Iterator[None]:
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(0, ours)


@contextlib.asynccontextmanager
async def published(server: Server, place: Stage) -> AsyncIterator[None]:
    publisher = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", _PUBLISHING),
        *(f"{server.url}/whip/{place.broadcast}", place.stream_key),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert publisher.stdin is not None
    assert publisher.stdout is not None
    try:
        if await publisher.stdout.readline() != b"publishing\n":
            raise RuntimeError("the publisher did not start")
        await asyncio.sleep(1)
        yield
    finally:
        publisher.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await publisher.wait()
        if publisher.returncode is None:
            publisher.kill()
            await publisher.wait()


@dataclass
class Joins:
    """The cost of joins for the server: CPU seconds, without the idle time and the media sent
    meanwhile.
    """

    live: Live
    count: int = 0
    cpu_s: float = 0.0
    _used_s: float = 0.0
    _packets: int = 0

    async def grow(self, to: int) -> None:
        """Let viewers join as fast as the load can."""
        live = self.live
        live.audience.measure()
        self.count += to - len(live.audience)
        cpu_s, began = live.server.cpu_s(), time.monotonic()
        await live.audience.grow(to)
        self._used_s = live.server.cpu_s() - cpu_s - live.idle * (time.monotonic() - began)
        self._packets = live.audience.read()[0].packets

    def settle(self, cpu_us_per_viewer_second: float) -> None:
        """Subtract the cost of the media, now that it is known."""
        media_s = self._packets / _PACKETS * cpu_us_per_viewer_second / 1e6
        self.cpu_s += max(0.0, self._used_s - media_s)

    def fitting(self, size: Size, viewers: int, cpu_us_per_viewer_second: float) -> int:
        """How many can join within the time for that, beside so many viewers."""
        share = cpu_us_per_viewer_second / 1e6
        left_s = size.joining_s * (_BRIM - self.live.idle - viewers * share)
        each_s = self.cpu_s / max(1, self.count) + size.joining_s / 2 * share
        fit = max(_FEWEST_JOINING, int(left_s / each_s) // 10 * 10)
        return min(size.joining, fit)


async def figures_of(bench: Bench, live: Live, window_s: float) -> dict[str, Any]:
    """Return CPU, delay and faults with the present viewers."""
    viewers, yardstick = len(live.audience), bench.yardstick_ns()
    with bench.awake.cores():
        await asyncio.sleep(bench.size.settle_s)
        live.audience.measure()
        began, load_s = time.monotonic(), time.process_time()
        used = await load_of(live.server, window_s)
        load_s = time.process_time() - load_s
        counts, delays_ns, slowest_s = live.audience.read()
        took_s = time.monotonic() - began
    return {
        "viewers": viewers,
        CPU: round((used - live.idle) * 1e6 / viewers, 1),
        "added_delay_ms": bench.added(delays_ns),
        "packets_lost": counts.lost,
        "packets_wrong": counts.wrong,
        "packets_per_viewer_second": round(counts.packets / viewers / took_s, 1),
        "runs_per_viewer_second": round(counts.runs / viewers / took_s, 1),
        "mbit_per_viewer_second": round(counts.bytes * 8 / viewers / took_s / 1e6, 3),
        "checks_unanswered": max(0, counts.checks_sent - counts.checks_answered),
        "server_cores": round(used, 3),
        "yardstick_ns": yardstick,
        "load_cores": round(load_s / took_s, 3),
        "load_round_ms": round(slowest_s * 1e3, 1),
    }


def point_of(figures: dict[str, Any]) -> dict[str, Any]:
    names = (
        "viewers",
        CPU,
        "added_delay_ms",
        "packets_lost",
        "server_cores",
        "load_cores",
        "yardstick_ns",
    )
    return {name: figures[name] for name in names}


async def send_only(bench: Bench, live: Live) -> float:
    live.audience.drop(True)
    with bench.awake.cores():
        await asyncio.sleep(bench.size.settle_s)
        used = await load_of(live.server, bench.size.short_s)
    live.audience.drop(False)
    await asyncio.sleep(bench.size.settle_s)
    live.audience.measure(after_a_gap=True)
    return round((used - live.idle) * 1e6 / len(live.audience), 1)


async def plain_sockets(bench: Bench, live: Live) -> dict[str, Any]:
    live.audience.take_runs(False)
    figures = await figures_of(bench, live, bench.size.short_s)
    live.audience.take_runs(True)
    await asyncio.sleep(bench.size.settle_s)
    live.audience.measure(after_a_gap=True)
    names = (CPU, "packets_lost", "packets_per_viewer_second", "runs_per_viewer_second")
    return {name: figures[name] for name in (*names, "load_cores", "yardstick_ns")}


async def while_joining(bench: Bench, live: Live, joining: int) -> dict[str, Any]:
    """Return the delays of the present viewers while others join, and when these see a frame."""
    there, over_s = len(live.audience), bench.size.joining_s
    with bench.awake.cores():
        live.audience.measure()
        began = time.monotonic()
        await live.audience.grow(there + joining, over_s)
        took_s = time.monotonic() - began
        counts, delays_ns, _ = live.audience.read()
        frames_ms = await live.audience.first_frames_ms(there)
    return {
        "first_frame_ms": {
            name: round(percentile(frames_ms, share), 1)
            for name, share in (("p50", 0.5), ("p95", 0.95))
        },
        "added_delay_while_joining_ms": bench.added(delays_ns),
        "joining": {
            "there": there,
            "joined": joining,
            "took_s": round(took_s, 2),
            "packets_lost": counts.lost,
            "packets_wrong": counts.wrong,
        },
    }


async def send_threads(bench: Bench, count: int) -> float:
    async with playing(bench, bench.free, engine="native", send_threads=str(count)) as live:
        await live.audience.grow(bench.size.beside)
        figures = await figures_of(bench, live, bench.size.short_s)
    found: float = figures[CPU]
    return found
