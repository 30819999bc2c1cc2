"""Measures how much CPU and time each part of the fast path (store/fast) saves in the writer's
batches: with all parts, and with one of them off. One server changes the part with every batch.

A busy machine therefore slows all variants alike; a figure is the lower quartile of many batches.
The server runs on one core, its load and PostgreSQL on another.
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.benches.audience import raise_file_limit
from scripts.benches.lab import postgres
from scripts.benches.lab.cpu_pinning import Rig, load_on_one
from scripts.benches.lab.keep_awake import Awake
from scripts.benches.lab.server import running, stage
from scripts.benches.report import percentile
from scripts.benches.trade.parts_off import ALL, PARTS
from scripts.benches.trade.shoppers import join_all, order_continuously

HOW = {
    "all": "A batch with every part: by order, the CPU of the writer's thread and of PostgreSQL's "
    "process, and how long the batch took before its commit.",
    "without": "The same without one part. Without `compiled`, PostgreSQL has neither `pipeline` "
    "nor `prefetch`, and without `pipeline` no `prefetch`. `own_pipeline` has psycopg's "
    "`Connection.pipeline()` in place of ours. Without `deferred_updates` no row is cached for "
    "the next order, either.",
    "rest_cpu_us": "What an order takes of the server beside the writer, whatever is off.",
    "saved_percent": "By how much the part lowers an order's CPU, of server and PostgreSQL.",
}
LIMITS: dict[str, float] = {}
# A part that saves less is not worth its lines.
LEAST_PERCENT = 5
FLOORS = {
    f"{database}.without.{part}.saved_percent": LEAST_PERCENT
    for database, parts in PARTS.items()
    for part in parts
}
_SERVER = Path(__file__).with_name("trade") / "parts_off.py"


@dataclass(frozen=True)
class Size:
    """The extent of a measurement: batches of at least `least` orders, after `skipped` batches of
    each part, which prepare its statements.
    """

    databases: tuple[str, ...] = tuple(PARTS)
    clients: int = 64
    seconds: float = 40.0
    least: int = 25
    skipped: int = 5


async def run(long: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure on both databases, on a server each."""
    return await measure(Size(seconds=120.0) if long else Size(), say)


async def measure(size: Size, say: Callable[[str], None]) -> dict[str, Any]:
    """Return what each part saves on each database."""
    databases = [*size.databases]
    if "postgresql" in databases and postgres.installed() is None:
        say("PostgreSQL is not installed, so SQLite alone is measured: apt-get install postgresql")
        databases.remove("postgresql")
    cores = sorted(os.sched_getaffinity(0))
    raise_file_limit(size.clients + 500)
    rig = Rig(None, cores, Awake({cores[0]}))
    found = {}
    with load_on_one(cores):
        for name in databases:
            say(f"{name}: {size.clients} clients for {size.seconds:g} s")
            found[name] = gains(*await _batches(rig, name, size), size)
    return {**found, "how": HOW, "runs": [found]}


async def _batches(rig: Rig, database: str, size: Size) -> tuple[list[Any], float]:
    """Return the batches of a server, and the CPU time of an order outside of them, in
    microseconds.
    """
    with tempfile.TemporaryDirectory(prefix="farmlive-bench-") as folder:
        file = Path(folder) / "batches"
        command = (sys.executable, "-P", str(_SERVER), str(file))
        async with contextlib.AsyncExitStack() as opened:
            database_url = ""
            if database == "postgresql":
                cluster = await opened.enter_async_context(postgres.running(rig.beside))
                database_url = await cluster.database()
            server = await opened.enter_async_context(
                running(rig.pinned, command=command, hold_minutes="30", database_url=database_url)
            )
            place = await stage(server, offers=3)
            answers, buyers = await join_all(
                server.url, place.broadcast, place.offers, "channel", size.clients, 0
            )
            with rig.awake.cores():
                cpu_s = server.cpu_s()
                await order_continuously(answers, buyers, size.seconds)
                cpu_s = server.cpu_s() - cpu_s
            for buyer in buyers:
                buyer.leave()
            if answers.refused:
                slug, count = answers.refused.most_common(1)[0]
                raise SystemExit(f"{answers.refused.total()} orders were refused, {count}: {slug}")
        batches: list[Any] = json.loads(await asyncio.to_thread(file.read_text))
        cpu_s -= sum(writer_s for _, _, writer_s, *_ in batches)
        return batches, cpu_s * 1e6 / len(answers.placed)


def gains(batches: Sequence[Any], rest_us: float, size: Size) -> dict[str, Any]:
    """Return the figures of one database, from the cost of each batch and of the rest of an order.
    Raises SystemExit without enough batches.
    """
    taken: dict[str, list[list[float]]] = {}
    for part, functions, *took in batches:
        if functions >= size.least:
            taken.setdefault(part, []).append([each * 1e6 / functions for each in took])
    figures = {}
    for part, rows in taken.items():
        kept = rows[size.skipped :]
        if not kept:
            raise SystemExit(f"only {len(rows)} batches of {size.least} orders for {part}")
        names = ("writer_cpu_us", "database_cpu_us", "elapsed_us")
        lower = (round(percentile(column, 0.25), 1) for column in zip(*kept, strict=True))
        figures[part] = {"batches": len(kept), **dict(zip(names, lower, strict=True))}
    every = figures.pop(ALL)
    for part in figures.values():
        with_all, without = (
            rest_us + each["writer_cpu_us"] + each["database_cpu_us"] for each in (every, part)
        )
        part["saved_percent"] = round(100 * (1 - with_all / without), 1)
    return {"all": every, "rest_cpu_us": round(rest_us, 1), "without": figures}
