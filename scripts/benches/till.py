"""The bench of the till: orders acknowledged and the cost of one, by the channel and by HTTP, on
each database; a crowd that wants one batch; and what shared commits save. The relay serves viewers
meanwhile.

The server on one core, its load on another, and PostgreSQL with the load. CPU is the operating
system's account of the server's process, less the cost of its viewers alone.
"""

import contextlib
import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.benches import report
from scripts.benches.audience import compiled_library, raise_file_limit
from scripts.benches.lab import postgres
from scripts.benches.lab.cpu_pinning import load_on_one, runs_within
from scripts.benches.lab.keep_awake import Awake
from scripts.benches.lab.server import stage, yuan
from scripts.benches.report import OtherLoad, medians
from scripts.benches.spine import direct_delay_ns
from scripts.benches.trade.crowd import Batch, wrong_answers
from scripts.benches.trade.selling import DATABASES, RATE, Bench, Open, Size, selling
from scripts.benches.trade.shoppers import (
    FLASH_PRICE,
    Answers,
    Buyers,
    join_all,
    order_at_once,
    order_at_rate,
    order_continuously,
)

LIMITS = {
    **{f"sustained.{each}.latency_ms.p99": 250 for each in DATABASES},
    "burst.seconds": 5,
    "burst.oversold": 0,
    "burst.wrong_answers": 0,
    "relay_added_delay_ms.p99": 10,
}
FLOORS = {
    **{f"sustained.{each}.orders_per_second": 0.98 * RATE for each in DATABASES},
    **{f"best.{each}.orders_per_second": 1_500 for each in DATABASES},
}
HOW = {
    "sustained": (
        f"{RATE} orders a second for `seconds` at random moments, over the channels of the most "
        "clients, whether or not the server keeps up; an order is timed from when it was due."
    ),
    "best": "The most that came of `by_clients`, where each orders again once it is answered.",
    "without_group_commit": (
        "The same clients as of `best`, on a server that commits each write by itself."
    ),
    "burst": (
        "All press within a moment and are answered: as many orders as there are boxes, and to "
        "everyone else that they are gone, and not before the last of them was taken. Anything "
        "else, or nothing, is a wrong answer. Each comes from an address of its own, and no limit "
        "is lifted. The slower of the databases."
    ),
    "cpu_us_per_order": (
        "Of the server's process, less what its viewers take; PostgreSQL's own is under "
        "`database_cpu_us_per_order`."
    ),
    "relay_added_delay_ms": (
        "From the publisher's stamp in a packet to the kernel's receipt at the viewer, less the "
        "median of the same without a server; the worst of all windows in which people ordered."
    ),
}

Say = Callable[[str], None]

_UNSHARED = (
    sys.executable,
    "-P",
    str(Path(__file__).with_name("trade") / "one_write_per_commit.py"),
)


async def run(long: bool, say: Say) -> dict[str, Any]:
    """Measure on both databases, several times, each time on new servers."""
    size = Size()
    if long:
        size = Size(window_s=6.0, runs=3, most_s=float("inf"))
    return await measure(size, say)


async def measure(size: Size, say: Say) -> dict[str, Any]:
    """Return the medians of all runs, each of every database."""
    if "postgresql" in size.databases and postgres.installed() is None:
        say("PostgreSQL is not installed, so SQLite alone is measured: apt-get install postgresql")
        size = Size(**{**vars(size), "databases": ("sqlite",)})
    cores = sorted(os.sched_getaffinity(0))
    raise_file_limit(size.crowd + max(size.clients) + size.viewers + 500)
    runs = []
    with compiled_library() as library:
        bench = Bench(library, cores, Awake({cores[0]}), size)
        with load_on_one(cores):
            bench.direct_ns = await direct_delay_ns(1.0)
            for _ in runs_within(size.most_s, size.runs, say):
                runs.append(await _one_run(bench, say))
    machine: dict[str, Any] = report.machine()
    if len(cores) > 1:
        machine |= {"server_core": cores[0], "load_core": cores[-1]}
    found = medians(runs)
    for name in ("oversold", "wrong_answers"):  # a median would hide one
        found["burst"][name] = max(run["burst"][name] for run in runs)
    return {"machine": machine, **found, "how": HOW, "runs": runs}


async def _one_run(bench: Bench, say: Say) -> dict[str, Any]:
    elsewhere = OtherLoad(lambda: sum(os.times()[:4]))
    bench.added_ms = []
    of = {name: await one_database(bench, name, say) for name in bench.size.databases}
    slowest = max((each["burst"] for each in of.values()), key=lambda burst: burst["seconds"])
    worst = ("oversold", "wrong_answers")
    burst = {**slowest, **{n: max(each["burst"][n] for each in of.values()) for n in worst}}
    return {
        **{
            name: {database: each[name] for database, each in of.items()}
            for name in ("sustained", "best", "without_group_commit", "by_clients", "bursts")
        },
        "burst": burst,
        "relay_added_delay_ms": {
            name: max(added[name] for added in bench.added_ms) for name in ("p50", "p99")
        },
        "cores_busy_elsewhere": elsewhere.cores(),
    }


async def one_database(bench: Bench, database: str, say: Say) -> dict[str, Any]:
    """Return all figures of one database."""
    size, found = bench.size, {}
    async with contextlib.AsyncExitStack() as opened:
        cluster = None
        if database == "postgresql":
            cluster = await opened.enter_async_context(postgres.running(bench.beside))
        async with selling(bench, cluster) as shop:
            curve = await _by_clients(shop, database, say)
            way, clients = max(
                ((way, count) for way in size.ways for count in size.clients),
                key=lambda pair: curve[pair[0]][f"{pair[1]}"]["orders_per_second"],
            )
            found["best"] = curve[way][f"{clients}"]
            found["by_clients"] = curve
            say(f"{database}: {size.rate} orders a second for {size.sustained_s:g} s")
            found["sustained"] = await _sustained(shop)
            shop.check(shop.place.broadcast, shop.answers)
        say(f"{database}: {size.crowd} clients for {size.boxes} boxes")
        async with selling(bench, cluster, is_limited=True) as shop:
            found["burst"] = await burst(shop, say)
        say(f"{database}: without sharing of commits")
        async with selling(bench, cluster, _UNSHARED) as shop:
            found["without_group_commit"] = await _closed(shop, way, clients)
            shop.check(shop.place.broadcast, shop.answers)
    return {**found, "bursts": dict(found["burst"])}


@contextlib.contextmanager
def _no_collections() -> Any:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _closed(shop: Open, way: str, clients: int) -> dict[str, Any]:
    bench, place = shop.bench, shop.place
    first = bench.first(clients)
    answers, buyers = await join_all(
        shop.server.url, place.broadcast, place.offers, way, clients, first
    )
    try:
        with _no_collections():
            figures = await shop.window(
                answers, order_continuously(answers, buyers, bench.size.window_s)
            )
    finally:
        _leave(buyers)
    _all_placed(answers)
    return figures


async def _by_clients(shop: Open, database: str, say: Say) -> dict[str, Any]:
    size = shop.bench.size
    found: dict[str, Any] = {}
    for way in size.ways:
        for clients in size.clients:
            figures = await _closed(shop, way, clients)
            found.setdefault(way, {})[f"{clients}"] = figures
            say(
                f"{database}: {clients} by {way}: {figures['orders_per_second']:g} a second, "
                f"{figures['cpu_us_per_order']} µs, p99 {figures['latency_ms']['p99']:g} ms"
            )
    return found


async def _sustained(shop: Open) -> dict[str, Any]:
    size, place = shop.bench.size, shop.place
    clients = max(size.clients)
    answers, buyers = await join_all(
        shop.server.url,
        place.broadcast,
        place.offers,
        "channel",
        clients,
        shop.bench.first(clients),
    )
    try:
        with _no_collections():
            figures = await shop.window(
                answers,
                order_at_rate(answers, buyers, size.rate, size.sustained_s),  # type: ignore[arg-type]
            )
    finally:
        _leave(buyers)
    _all_placed(answers)
    return figures


async def burst(shop: Open, say: Say) -> dict[str, Any]:
    """Let a crowd order one batch on a broadcast of its own."""
    bench, api = shop.bench, shop.server.api
    size = bench.size
    place = await stage(shop.server, offers=1)
    offer = place.offers[0]
    flash = await api.commands(place.broadcast).flash(offer, yuan(FLASH_PRICE), size.boxes, 600)
    batch = Batch(offer, flash["id"], size.boxes)
    answers, buyers = await join_all(
        shop.server.url,
        place.broadcast,
        [offer],
        "channel",
        size.crowd,
        bench.first(size.crowd),
        FLASH_PRICE,
    )
    try:
        with _no_collections():
            figures = await shop.window(answers, order_at_once(answers, buyers))  # type: ignore[arg-type]
    finally:
        _leave(buyers)
    wall_ns = time.time_ns() - time.monotonic_ns()
    ledger = shop.check(place.broadcast, [answers])
    placed = len(answers.placed)
    wrong = wrong_answers(answers, size.crowd, batch, ledger, wall_ns)
    for what, count in wrong.items():
        say(f"{count} wrong answers: {what}")
    return {
        "clients": size.crowd,
        "boxes": size.boxes,
        "seconds": figures["seconds"],
        "oversold": max(0, ledger.sold - size.boxes),
        "wrong_answers": wrong.total(),
        "answers": {"placed": placed, **answers.refused},
        "of_a_flash_batch": 1,
        "cpu_us_per_answer": round(figures["cpu_us_per_order"] * max(1, placed) / size.crowd),
        **{name: figures[name] for name in ("latency_ms", "added_delay_ms", "packets_lost")},
    }


def _leave(buyers: Buyers) -> None:
    for buyer in buyers:
        buyer.leave()


def _all_placed(answers: Answers) -> None:
    if answers.refused:
        slug, count = answers.refused.most_common(1)[0]
        raise SystemExit(f"{sum(answers.refused.values())} orders were refused, {count} by {slug}")
