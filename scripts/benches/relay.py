"""The relay: what a viewer costs with each engine, and what else limits a server for viewers.

A server on one core, its load on another: `audience` and a light publisher. CPU is the operating
system's account of the server's process, less what it takes idle. Loopback charges a sender for the
receiver's path up to its socket.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benches import report
from benches.audience import Audience, built, room_for
from benches.awake import Awake
from benches.report import Elsewhere, medians, percentile
from benches.server import Server, Stage, running, stage
from benches.spine import direct_delay_ns, load_of

LIMITS = {
    "native.cpu_us_per_viewer_second": 330,
    "native.added_delay_ms.p99": 5,
    "native.added_delay_while_joining_ms.p99": 10,
    "native.memory_kib_per_viewer": 130,
    "native.first_frame_ms.p95": 300,
    "native.packets_lost": 0,
    "python.cpu_us_per_viewer_second": 1_000,
    "python.packets_lost": 0,
    "two_send_threads_over_one": 1.1,
}
FLOORS = {
    "native.gbit_per_s_per_core": 4,
    "native.joins_per_second": 500,
    "python_over_native": 2,
}
HOW = {
    "load": (
        "Each viewer joins by WHEP over a connection of its own, ICE and DTLS; a thread in C then "
        "authenticates and decrypts every packet it gets and accounts for its sequence number, "
        "sends five protected RTCP datagrams a second and a STUN check every two. Its sockets take "
        "runs whole (UDP_GRO) and are looked at in turn, so that no one is woken by the server."
    ),
    "added_delay_ms": (
        "From the publisher's stamp in a packet to the kernel's receipt at the viewer, less the "
        "median of the same without a server between them."
    ),
    "joins_per_second": (
        "Viewers by the CPU seconds of the server's process while they join as fast as the load "
        "can, less what it takes idle and for the media that it sends meanwhile."
    ),
    "first_frame_ms": "From the POST to the receipt of the last packet of the first key frame.",
    "cpu_us_per_viewer_second_send_only": (
        "The same viewers, each with a socket filter that drops whatever comes "
        "(SO_ATTACH_FILTER): what is left of the receiver's path is the way up to the filter."
    ),
    "two_send_threads_over_one": (
        "CPU a viewer-second of the native engine with two send threads by that with one, the "
        "server free to use every core."
    ),
}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How much is measured; `viewers` is what the figures are for, where it fits."""

    curve: tuple[int, ...] = (50, 200, 500)
    viewers: int = 1_000
    beyond: tuple[int, ...] = (2_000,)
    joining: int = 500
    joining_s: float = 10.0
    beside: int = 500
    window_s: float = 8.0
    short_s: float = 3.0
    settle_s: float = 0.5
    runs: int = 3


# Of a core: how full it may be with all viewers there.
_FULL, _BRIM = 0.85, 0.95
_FEWEST_JOINING = 50
_PUBLISHING = str(Path(__file__).with_name("publishing.py"))
PACKETS = 230  # a viewer-second
_CPU = "cpu_us_per_viewer_second"


@dataclass
class Plan:
    """How many viewers one engine is measured with; what is None is found out by its first run."""

    engine: str
    viewers: int
    joining: int | None = None
    beyond: tuple[int, ...] | None = None


@dataclass
class Bench:
    """What all measures share: the cores of server and load, and the means of measuring."""

    library: Any
    cores: list[int]
    awake: Awake
    size: Size
    direct_ns: float = 0.0

    @property
    def pinned(self) -> tuple[str, ...]:
        """The words that keep a server on its core."""
        return ("taskset", "-c", str(self.cores[0])) if len(self.cores) > 1 else ()

    def added(self, delays_ns: list[int]) -> dict[str, float]:
        names = ("p50", "p99")
        return {
            name: round((delay - self.direct_ns) / 1e6, 3)
            for name, delay in zip(names, delays_ns, strict=True)
        }


@dataclass
class Live:
    """A server that a light publisher sends to, and its audience."""

    server: Server
    audience: Audience
    idle: float  # cores
    memory_kib: float


async def run(long: bool, say: Say) -> dict[str, Any]:
    """Measure both engines in turn, several times, each time on a server of its own."""
    size = Size(window_s=20, short_s=8, runs=5, beyond=(2_000, 3_000)) if long else Size()
    return await measured(size, say)


async def measured(size: Size, say: Say) -> dict[str, Any]:
    """The figures of both engines, what the one takes by the other, and how all was measured."""
    cores = sorted(os.sched_getaffinity(0))
    machine: dict[str, Any] = report.machine()
    if len(cores) > 1:
        machine |= {"server_core": cores[0], "load_core": cores[-1]}
    room_for(max((size.viewers + size.joining, *size.beyond)))
    plans = [Plan(name, size.viewers) for name in ("native", "python")]
    runs = []
    with built() as library:
        bench = Bench(library, cores, Awake(), size)
        os.sched_setaffinity(0, {cores[-1]})
        try:
            bench.direct_ns = await direct_delay_ns(size.short_s)
            for number in range(1, size.runs + 1):
                say(f"run {number} of {size.runs}")
                runs.append(await _one_run(bench, plans, say))
        finally:
            os.sched_setaffinity(0, cores)
    found = medians(runs)
    for plan in plans:
        # A median would hide what was lost in one run.
        for name in ("packets_lost", "packets_wrong"):
            found[plan.engine][name] = max(run[plan.engine][name] for run in runs)
    return {
        "machine": machine,
        **found,
        "direct_delay_ms": round(bench.direct_ns / 1e6, 3),
        "how": HOW,
        "runs": runs,
    }


async def _one_run(bench: Bench, plans: list[Plan], say: Say) -> dict[str, Any]:
    found: dict[str, Any] = {}
    # All that we start has ended before and after this.
    elsewhere = Elsewhere(lambda: sum(os.times()[:4]))
    for plan in plans:
        first = plan.beyond is None
        say(f"{plan.engine}: up to {plan.viewers} viewers")
        figures = await engine(bench, plan)
        while first and figures["packets_lost"] and plan.viewers >= 100:
            plan.viewers = plan.viewers * 4 // 5
            plan.joining, plan.beyond = None, ()
            say(f"{plan.engine}: packets were lost; up to {plan.viewers} viewers")
            figures = await engine(bench, plan)
        found[plan.engine] = figures
    threads = {}
    for count in (1, 2):
        say(f"native: send threads: {count}")
        threads[count] = await _send_threads(bench, count)
    pairs = zip(found["python"]["curve"], found["native"]["curve"], strict=False)
    slow, fast = [pair for pair in pairs if pair[0]["viewers"] == pair[1]["viewers"]][-1]
    return {
        **found,
        "python_over_native": round(slow[_CPU] / fast[_CPU], 2),
        "python_over_native_viewers": slow["viewers"],
        "two_send_threads_over_one": round(threads[2] / threads[1], 3),
        "cores_busy_elsewhere": elsewhere.cores(),
    }


@contextlib.asynccontextmanager
async def _live(bench: Bench, pinned: tuple[str, ...], **settings: str) -> AsyncIterator[Live]:
    size = bench.size
    async with running(pinned, **settings) as server:
        place = await stage(server)
        with bench.awake.cores():
            idle = await load_of(server, size.short_s)
        async with _published(server, place):
            most = max((size.viewers + size.joining, size.beside, *size.beyond))
            url = f"{server.url}/whep/{place.broadcast}"
            audience = Audience(bench.library, url, most)
            try:
                yield Live(server, audience, idle, server.memory_mib() * 1024)
            finally:
                audience.close()


@contextlib.asynccontextmanager
async def _published(server: Server, place: Stage) -> AsyncIterator[None]:
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


async def engine(bench: Bench, plan: Plan) -> dict[str, Any]:
    """All figures of one engine, on a new server."""
    size = bench.size
    async with _live(bench, bench.pinned, engine=plan.engine) as live:
        curve: list[dict[str, Any]] = []
        joins = Joins(live)
        for viewers in (each for each in size.curve if each < plan.viewers):
            await joins.grow(viewers)
            curve.append(_short(await _window(bench, live, size.short_s)))
            joins.settle(curve[-1][_CPU])
        if plan.joining is None and curve:
            fit = int((_FULL - live.idle) * 1e6 / curve[-1][_CPU])
            plan.viewers = max(min(plan.viewers, fit // 50 * 50), curve[-1]["viewers"])
        await live.audience.grow(plan.viewers)
        main = await _window(bench, live, size.window_s)
        curve.append(_short(main))
        memory_kib = (live.server.memory_mib() * 1024 - live.memory_kib) / plan.viewers
        send_only = await _send_only(bench, live)
        if plan.joining is None:
            plan.joining = joins.fitting(size, plan.viewers, main[_CPU])
        crowd = await _while_joining(bench, live, plan.joining)
        if plan.beyond is None:
            most = _FULL * 1e6 / main[_CPU]
            plan.beyond = tuple(each for each in size.beyond if len(live.audience) < each < most)
        for viewers in plan.beyond:
            await live.audience.grow(viewers)
            curve.append(_short(await _window(bench, live, size.short_s)))
    return {
        **main,
        "viewers_per_core": round(1e6 / main[_CPU]),
        "gbit_per_s_per_core": round(main["mbit_per_viewer_second"] / main[_CPU] * 1e3, 2),
        "memory_kib_per_viewer": round(memory_kib, 1),
        "joins_per_second": round(joins.count / joins.cpu_s),
        **crowd,
        f"{_CPU}_send_only": send_only,
        "cpu_us_per_second_idle": round(live.idle * 1e6),
        "curve": curve,
    }


@dataclass
class Joins:
    """What joins cost the server: CPU seconds, without idling and the media sent meanwhile."""

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
        """Take off what the media cost, now that this is known."""
        media_s = self._packets / PACKETS * cpu_us_per_viewer_second / 1e6
        self.cpu_s += max(0.0, self._used_s - media_s)

    def fitting(self, size: Size, viewers: int, cpu_us_per_viewer_second: float) -> int:
        """How many can join within the time for that, beside so many viewers."""
        share = cpu_us_per_viewer_second / 1e6
        left_s = size.joining_s * (_BRIM - self.live.idle - viewers * share)
        each_s = self.cpu_s / max(1, self.count) + size.joining_s / 2 * share
        fit = max(_FEWEST_JOINING, int(left_s / each_s) // 10 * 10)
        return min(size.joining, fit)


async def _window(bench: Bench, live: Live, window_s: float) -> dict[str, Any]:
    """CPU, delay and what went wrong, with the viewers that are there."""
    viewers = len(live.audience)
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
        _CPU: round((used - live.idle) * 1e6 / viewers, 1),
        "added_delay_ms": bench.added(delays_ns),
        "packets_lost": counts.lost,
        "packets_wrong": counts.wrong,
        "packets_per_viewer_second": round(counts.packets / viewers / took_s, 1),
        "runs_per_viewer_second": round(counts.runs / viewers / took_s, 1),
        "mbit_per_viewer_second": round(counts.bytes * 8 / viewers / took_s / 1e6, 3),
        "checks_unanswered": max(0, counts.checks_sent - counts.checks_answered),
        "server_cores": round(used, 3),
        "load_cores": round(load_s / took_s, 3),
        "load_round_ms": round(slowest_s * 1e3, 1),
    }


def _short(window: dict[str, Any]) -> dict[str, Any]:
    names = ("viewers", _CPU, "added_delay_ms", "packets_lost", "server_cores", "load_cores")
    return {name: window[name] for name in names}


async def _send_only(bench: Bench, live: Live) -> float:
    live.audience.drop(True)
    with bench.awake.cores():
        await asyncio.sleep(bench.size.settle_s)
        used = await load_of(live.server, bench.size.short_s)
    live.audience.drop(False)
    await asyncio.sleep(bench.size.settle_s)
    live.audience.measure(after_a_gap=True)
    return round((used - live.idle) * 1e6 / len(live.audience), 1)


async def _while_joining(bench: Bench, live: Live, joining: int) -> dict[str, Any]:
    """How late packets are to those who are there while others join, and when these see a frame."""
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


async def _send_threads(bench: Bench, count: int) -> float:
    async with _live(bench, (), engine="native", send_threads=str(count)) as live:
        await live.audience.grow(bench.size.beside)
        window = await _window(bench, live, bench.size.short_s)
    found: float = window[_CPU]
    return found
