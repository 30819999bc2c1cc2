"""The bench of the relay: the cost of a viewer with each engine, and what else limits the number of
viewers.

A server on one core, its load on another: `audience` and a light publisher. The delays of the
engine in C are measured once more with its default number of threads, on every core. CPU is the
operating system's account of the server's process, less its idle cost. Loopback charges a sender
for the receiver's path up to its socket.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scripts.benches import report
from scripts.benches.audience import compiled_library, raise_file_limit
from scripts.benches.lab.cpu_pinning import load_on_one, runs_within
from scripts.benches.lab.keep_awake import Awake
from scripts.benches.report import OtherLoad, medians
from scripts.benches.spine import direct_delay_ns
from scripts.benches.viewing import (
    CPU,
    Bench,
    Joins,
    Size,
    figures_of,
    plain_sockets,
    playing,
    point_of,
    send_only,
    send_threads,
    while_joining,
)

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
        "median of the same without a server between them. The native engine: free to use every "
        "core, of which the load takes what it leaves (SCHED_IDLE); under `one_core` as CPU is "
        "measured, with one core and no thread for sending."
    ),
    "joins_per_second": (
        "Viewers by the CPU seconds of the server's process while they join as fast as the load "
        "can, less what it takes idle and for the media that it sends meanwhile."
    ),
    "yardstick_ns": (
        "What a pass of an empty loop in Python takes on the server's core, before each window: by "
        "it one tells how fast the machine was, which on a shared one changes by the minute."
    ),
    "first_frame_ms": "From the POST to the receipt of the last packet of the first key frame.",
    "cpu_us_per_viewer_second_send_only": (
        "The same viewers, each with a socket filter that drops whatever comes "
        "(SO_ATTACH_FILTER): what is left of the receiver's path is the way up to the filter."
    ),
    "plain_sockets": (
        "The same viewers with sockets that take each datagram by itself (no UDP_GRO), as those of "
        "browsers do: over loopback the server's send then cuts each run, as it does for a network "
        "card without UDP segmentation (tx-udp-segmentation)."
    ),
    "two_send_threads_over_one": (
        "CPU a viewer-second of the native engine with two send threads by that with one, the "
        "server free to use every core."
    ),
}

Say = Callable[[str], None]


# What is measured with the server on every core, too.
_SPREAD = ("added_delay_ms", "first_frame_ms", "added_delay_while_joining_ms", "joining")
# How full a core may be, and how few viewers are still tried.
_FULL, _FEWEST = 0.85, 100


@dataclass
class Plan:
    """The number of viewers for one engine; the first run sets the values that are None."""

    engine: str
    viewers: int
    joining: int | None = None
    beyond: tuple[int, ...] | None = None


async def run(long: bool, say: Say) -> dict[str, Any]:
    """Measure both engines in turn, several times, each time on a new server."""
    size = Size()
    if long:
        size = Size(window_s=20, short_s=8, runs=5, beyond=(2_000, 3_000), most_s=float("inf"))
    return await measure(size, say)


async def measure(size: Size, say: Say) -> dict[str, Any]:
    """Return the figures of both engines, their ratio, and how they were measured."""
    cores = sorted(os.sched_getaffinity(0))
    machine: dict[str, Any] = report.machine()
    if len(cores) > 1:
        machine |= {"server_core": cores[0], "load_core": cores[-1]}
    raise_file_limit(max((size.viewers + size.joining, *size.beyond)))
    plans = [Plan(name, size.viewers) for name in ("native", "python")]
    runs = []
    with compiled_library() as library:
        # The load's core is left alone: what spins there slows a server on the same silicon.
        bench = Bench(library, cores, Awake({cores[0]}), size)
        with load_on_one(cores):
            bench.direct_ns = await direct_delay_ns(size.short_s)
            for _ in runs_within(size.most_s, size.runs, say):
                try:
                    runs.append(await _one_run(bench, plans, say))
                except* (TimeoutError, ConnectionError) as failed:
                    if not runs:
                        raise
                    say(f"viewers could not join any more, so this run is left out: {failed}")
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
    elsewhere = OtherLoad(lambda: sum(os.times()[:4]))
    for plan in plans:
        found[plan.engine] = await _measure_engine(bench, plan, say)
    say("native: on every core")
    found["native"]["one_core"] = {name: found["native"][name] for name in _SPREAD}
    found["native"] |= await measure_delays(bench, plans[0])
    threads = {}
    for count in (1, 2):
        say(f"native: send threads: {count}")
        threads[count] = await send_threads(bench, count)
    slow, fast = (
        {point["viewers"]: point[CPU] for point in found[plan.engine]["curve"]}
        for plan in plans[::-1]
    )
    over = {count: round(slow[count] / fast[count], 2) for count in fast if count in slow}
    at = max(count for count in over if count <= min(plan.viewers for plan in plans))
    return {
        **found,
        "python_over_native": over[at],
        "python_over_native_viewers": at,
        "python_over_native_curve": {f"{count}": each for count, each in over.items()},
        "two_send_threads_over_one": round(threads[2] / threads[1], 3),
        "cores_busy_elsewhere": elsewhere.cores(),
    }


async def _measure_engine(bench: Bench, plan: Plan, say: Say) -> dict[str, Any]:
    """Return the figures of an engine; its first run lowers the number of viewers if they are too
    many.
    """
    first = plan.beyond is None
    while True:
        say(f"{plan.engine}: up to {plan.viewers} viewers")
        figures = None
        try:
            figures = await engine(bench, plan)
        except* (TimeoutError, ConnectionError):
            if not first or plan.viewers < _FEWEST:
                raise
        if figures is not None:
            if not (first and figures["packets_lost"] and plan.viewers >= _FEWEST):
                say(
                    f"{plan.engine}: {figures[CPU]:g} µs a viewer-second with"
                    f" {figures['viewers']}, p99 {figures['added_delay_ms']['p99']:g} ms"
                )
                return figures
            say(f"{plan.engine}: {figures['packets_lost']} packets were lost")
        plan.viewers = plan.viewers * 4 // 5
        plan.joining, plan.beyond = None, ()


async def engine(bench: Bench, plan: Plan) -> dict[str, Any]:
    """Return all figures of one engine, on a new server."""
    size = bench.size
    async with playing(bench, bench.pinned, engine=plan.engine, send_threads="0") as live:
        curve: list[dict[str, Any]] = []
        joins = Joins(live)
        for viewers in (each for each in size.curve if each < plan.viewers):
            await joins.grow(viewers)
            curve.append(point_of(await figures_of(bench, live, size.short_s)))
            joins.settle(curve[-1][CPU])
        if plan.joining is None and curve:
            fit = int((_FULL - live.idle) * 1e6 / curve[-1][CPU])
            plan.viewers = max(min(plan.viewers, fit // 50 * 50), curve[-1]["viewers"])
            curve = [point for point in curve if point["viewers"] < plan.viewers]
        await live.audience.grow(plan.viewers)
        main = await figures_of(bench, live, size.window_s)
        curve.append(point_of(main))
        memory_kib = (live.server.memory_mib() * 1024 - live.memory_kib) / plan.viewers
        sent_only = await send_only(bench, live)
        plain = await plain_sockets(bench, live)
        if plan.joining is None:
            plan.joining = joins.fitting(size, plan.viewers, main[CPU])
        crowd = await while_joining(bench, live, plan.joining)
        if plan.beyond is None:
            most = _FULL * 1e6 / max(main[CPU], 0.1)
            plan.beyond = tuple(each for each in size.beyond if len(live.audience) < each < most)
        for viewers in plan.beyond:
            await live.audience.grow(viewers)
            curve.append(point_of(await figures_of(bench, live, size.short_s)))
    cost = max(main[CPU], 0.1)  # a few viewers cost less than what a shared machine differs by
    return {
        **main,
        "viewers_per_core": round(1e6 / cost),
        "gbit_per_s_per_core": round(main["mbit_per_viewer_second"] / cost * 1e3, 2),
        "memory_kib_per_viewer": round(memory_kib, 1),
        "joins_per_second": round(joins.count / joins.cpu_s),
        **crowd,
        f"{CPU}_send_only": sent_only,
        "plain_sockets": plain,
        "cpu_us_per_second_idle": round(live.idle * 1e6),
        "curve": curve,
    }


async def measure_delays(bench: Bench, plan: Plan) -> dict[str, Any]:
    """Return the delays of the native engine's packets with its default number of threads."""
    assert plan.joining is not None
    async with playing(bench, bench.free, aside=True, engine="native") as live:
        await live.audience.grow(plan.viewers)
        figures = await figures_of(bench, live, bench.size.window_s)
        crowd = await while_joining(bench, live, plan.joining)
    return {
        "added_delay_ms": figures["added_delay_ms"],
        "every_core": {name: figures[name] for name in (CPU, "packets_lost", "packets_wrong")},
        **crowd,
    }
