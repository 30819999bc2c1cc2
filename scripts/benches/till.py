"""The till: orders acknowledged and what one costs, by the channel and by HTTP, on each database; a
crowd that wants one batch; and what sharing commits gains. The relay serves viewers all the while.

The server on one core, its load on another, and PostgreSQL with the load. CPU is the operating
system's account of the server's process, less what it takes for its viewers alone.
"""

import contextlib
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benches import postgres, report
from benches.audience import Audience, built, room_for
from benches.awake import Awake
from benches.ledger import Ledger
from benches.postgres import Postgres
from benches.report import Elsewhere, medians, percentile
from benches.server import Server, Stage, running, stage
from benches.shoppers import (
    PRICE,
    Answers,
    Buyers,
    again_and_again,
    at_a_rate,
    at_once,
    enter,
)
from benches.spine import direct_delay_ns, load_of
from benches.viewing import published
from farmlive.client import ApiProblem

DATABASES = ("sqlite", "postgresql")
RATE = 500
FLASH_PRICE = 1990
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
        "everyone else that they are gone. Anything else, or nothing, is a wrong answer. The "
        "slower of the databases."
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

_UNSHARED = (sys.executable, "-P", str(Path(__file__).with_name("unshared.py")))

# What tells a buyer that the boxes are gone.
GONE = ("sold-out", "flash-over", "price-changed", "lot-spent")


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    databases: tuple[str, ...] = DATABASES
    clients: tuple[int, ...] = (1, 50, 500)
    ways: tuple[str, ...] = ("channel", "http")
    rate: int = RATE
    window_s: float = 3.0
    sustained_s: float = 15.0
    crowd: int = 5_000
    boxes: int = 1_000
    viewers: int = 100
    runs: int = 2
    most_s: float = 400.0


@dataclass
class Bench:
    """What all measures share."""

    library: Any
    cores: list[int]
    awake: Awake
    size: Size
    direct_ns: float = 0.0
    number: int = 0
    added_ms: list[dict[str, float]] = field(default_factory=list)

    @property
    def pinned(self) -> tuple[str, ...]:
        """The words that keep a server on its core."""
        return ("taskset", "-c", str(self.cores[0])) if len(self.cores) > 1 else ()

    @property
    def beside(self) -> tuple[str, ...]:
        """The words that keep a database with the load."""
        return ("taskset", "-c", str(self.cores[-1])) if len(self.cores) > 1 else ()

    def first(self, count: int) -> int:
        """The number of the first of so many new buyers: none comes twice."""
        self.number += count
        return self.number - count


@dataclass
class Open:
    """A server that sells while viewers watch."""

    bench: Bench
    server: Server
    place: Stage
    audience: Audience
    database_url: str
    data: Path
    cluster: Postgres | None
    watching: float = 0.0  # cores
    answers: list[Answers] = field(default_factory=list)

    async def window(self, answers: Answers, buying: Any) -> dict[str, Any]:
        """What a window was like in which people buy: `buying` gives how long it took."""
        answers.took_ns = type(answers.took_ns)("q")
        self.answers.append(answers)
        cluster_s = self.cluster.cpu_s() if self.cluster else 0.0
        with self.bench.awake.cores():
            self.audience.measure()
            cpu_s = self.server.cpu_s()
            seconds = await buying
            cpu_s = self.server.cpu_s() - cpu_s
            counts, delays_ns, _ = self.audience.read()
        placed = max(1, len(answers.placed))
        added = {
            name: round((delay - self.bench.direct_ns) / 1e6, 3)
            for name, delay in zip(("p50", "p99"), delays_ns, strict=True)
        }
        self.bench.added_ms.append(added)
        found: dict[str, Any] = {
            "orders": len(answers.placed),
            "seconds": round(seconds, 2),
            "orders_per_second": round(len(answers.placed) / seconds, 1),
            "latency_ms": {
                f"p{round(share * 100)}": round(percentile(answers.took_ns, share) / 1e6, 2)
                for share in (0.5, 0.95, 0.99)
            },
            "cpu_us_per_order": round((cpu_s - self.watching * seconds) * 1e6 / placed),
            "server_cores": round(cpu_s / seconds, 3),
            "added_delay_ms": added,
            "packets_lost": counts.lost,
        }
        if self.cluster:
            used_s = self.cluster.cpu_s() - cluster_s
            found["database_cpu_us_per_order"] = round(used_s * 1e6 / placed)
        return found

    def check(self, broadcast: str, answers: Sequence[Answers]) -> Ledger:
        """See that the database holds exactly what was acknowledged. SystemExit where not."""
        ledger = Ledger.read(self.database_url, self.data, broadcast)
        placed = [order for each in answers for order in each.placed.elements()]
        if len(set(placed)) != len(placed) or set(ledger.orders) != set(placed):
            raise SystemExit(
                f"{len(placed)} orders were acknowledged, {len(set(placed))} of them different "
                f"ones, and {len(ledger.orders)} are kept"
            )
        if ledger.wrong:
            raise SystemExit(f"the database does not add up: {ledger.wrong[0]}")
        return ledger


async def run(long: bool, say: Say) -> dict[str, Any]:
    """Measure on both databases, several times, each time on servers of its own."""
    size = Size()
    if long:
        size = Size(window_s=6.0, sustained_s=60.0, runs=3, most_s=float("inf"))
    return await measured(size, say)


async def measured(size: Size, say: Say) -> dict[str, Any]:
    """The medians of all runs, each of every database."""
    if "postgresql" in size.databases and postgres.installed() is None:
        say("PostgreSQL is not installed, so SQLite alone is measured: apt-get install postgresql")
        size = Size(**{**vars(size), "databases": ("sqlite",)})
    cores = sorted(os.sched_getaffinity(0))
    room_for(size.crowd + max(size.clients) + size.viewers + 500)
    runs = []
    with built() as library:
        bench = Bench(library, cores, Awake({cores[0]}), size)
        os.sched_setaffinity(0, {cores[-1]})
        try:
            bench.direct_ns = await direct_delay_ns(1.0)
            began = time.monotonic()
            for number in range(1, size.runs + 1):
                if runs and time.monotonic() - began > size.most_s * (number - 1) / number:
                    say(f"a busy or slow machine: {number - 1} of {size.runs} runs")
                    break
                say(f"run {number} of {size.runs}")
                runs.append(await _one_run(bench, say))
        finally:
            os.sched_setaffinity(0, cores)
    machine: dict[str, Any] = report.machine()
    if len(cores) > 1:
        machine |= {"server_core": cores[0], "load_core": cores[-1]}
    found = medians(runs)
    for name in ("oversold", "wrong_answers"):  # a median would hide one
        found["burst"][name] = max(run["burst"][name] for run in runs)
    return {"machine": machine, **found, "how": HOW, "runs": runs}


async def _one_run(bench: Bench, say: Say) -> dict[str, Any]:
    elsewhere = Elsewhere(lambda: sum(os.times()[:4]))
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
    """All figures of one database."""
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
            found["burst"] = await burst(shop)
        say(f"{database}: without sharing of commits")
        async with selling(bench, cluster, _UNSHARED) as shop:
            found["without_group_commit"] = await _closed(shop, way, clients)
            shop.check(shop.place.broadcast, shop.answers)
    return {**found, "bursts": dict(found["burst"])}


@contextlib.asynccontextmanager
async def selling(
    bench: Bench, cluster: Postgres | None, command: Sequence[str] = ()
) -> AsyncIterator[Open]:
    """A server with a live broadcast, a publisher and the viewers."""
    data = Path(tempfile.mkdtemp(prefix="farmlive-bench-"))
    settings = {"data": str(data), "hold_minutes": "30"}
    database_url = ""
    try:
        if cluster is not None:
            database_url = settings["database_url"] = await cluster.database()
        extra: dict[str, Any] = {"command": command} if command else {}
        async with running(bench.pinned, **extra, **settings) as server:
            place = await stage(server, offers=3)
            async with published(server, place):
                audience = Audience(
                    bench.library, f"{server.url}/whep/{place.broadcast}", bench.size.viewers
                )
                try:
                    await audience.grow(bench.size.viewers)
                    with bench.awake.cores():
                        watching = await load_of(server, min(2.0, bench.size.window_s))
                    yield Open(
                        bench, server, place, audience, database_url, data, cluster, watching
                    )
                finally:
                    audience.close()
    finally:
        shutil.rmtree(data, ignore_errors=True)


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
    answers, buyers = await enter(
        shop.server.url, place.broadcast, place.offers, way, clients, first
    )
    try:
        with _no_collections():
            figures = await shop.window(
                answers, again_and_again(answers, buyers, bench.size.window_s)
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
    answers, buyers = await enter(
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
                at_a_rate(answers, buyers, size.rate, size.sustained_s),  # type: ignore[arg-type]
            )
    finally:
        _leave(buyers)
    _all_placed(answers)
    return figures


async def burst(shop: Open) -> dict[str, Any]:
    """A crowd on a broadcast of its own, and one batch for it."""
    bench, api = shop.bench, shop.server.api
    size = bench.size
    place = await stage(shop.server, offers=1)
    offer, price = place.offers[0], PRICE
    try:
        new = {"offer": offer, "price": FLASH_PRICE, "boxes": size.boxes, "seconds": 600}
        await api.request("POST", f"/api/v1/broadcasts/{place.broadcast}/flashes", json=new)
        price = FLASH_PRICE
    except ApiProblem as problem:
        if problem.status not in (404, 405):
            raise
        place = await stage(shop.server, offers=1, released=size.boxes)
        offer = place.offers[0]
    answers, buyers = await enter(
        shop.server.url,
        place.broadcast,
        [offer],
        "channel",
        size.crowd,
        bench.first(size.crowd),
        price,
    )
    try:
        with _no_collections():
            figures = await shop.window(answers, at_once(answers, buyers))  # type: ignore[arg-type]
    finally:
        _leave(buyers)
    ledger = shop.check(place.broadcast, [answers])
    placed, gone = len(answers.placed), sum(answers.refused[slug] for slug in GONE)
    wrong = abs(placed - size.boxes) + abs(size.crowd - size.boxes - gone)
    return {
        "clients": size.crowd,
        "boxes": size.boxes,
        "seconds": figures["seconds"],
        "oversold": max(0, ledger.sold - size.boxes),
        "wrong_answers": wrong + sum(answers.refused.values()) - gone,
        "answers": {"placed": placed, **answers.refused},
        "of_a_flash_batch": int(price == FLASH_PRICE),
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
