"""Checks that no acknowledged change is lost: servers and databases are killed, disks fill up, the
power fails, clocks jump and responses are lost, each at a random moment, while people trade.

Everyone repeats a request with its key until a response comes. Then the database must have each
acknowledged change, as it was acknowledged, once, and nothing else; what was refused must not have
been available; and the books must balance.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from scripts.benches.lab import faulty, postgres
from scripts.benches.lab.postgres import Postgres
from scripts.benches.lab.server import Server, running, stage
from scripts.benches.trade.crash_scenario import (
    DEEDS,
    FAULTS_A_RUN,
    Case,
    Outcome,
    Template,
    new_folder,
    one_run,
    programs,
)

RUNS, LONG = 50, 200
AT_ONCE = 2
LIMITS = {"lost": 0, "doubled": 0, "stock_wrong": 0, "refused": 0}
# A run says nothing where nothing went wrong in it, nor all of them where nobody did a thing.
FLOORS = {
    "runs_done": RUNS,
    "faults_of_a_run": FAULTS_A_RUN,
    **{f"deeds.{name}": RUNS for name in DEEDS},
}
HOW = {
    "server": "kill -9 of the server.",
    "database": "kill -9 of PostgreSQL, all of it or one process; or commits whose answer is cut.",
    "disk": (
        "A write to the database's folder fails for some tenths of a second, no space left; or, "
        "with SQLite, its syncs do, and the server may be ended meanwhile."
    ),
    "power": (
        "kill -9 of all, then every file is put back as it was at its last fsync or fdatasync; "
        "names of files count as kept."
    ),
    "answers": "A proxy cuts connections in place of giving an answer.",
    "clock": "The time of day jumps by up to two hours and back.",
    "acknowledged": "Orders; all else that was acknowledged is under `deeds`.",
    "lost": "What was acknowledged, and is not kept or is kept otherwise, as is an order with "
    "another number, sum, code, line or step.",
    "doubled": "What is kept beyond what was acknowledged.",
    "stock_wrong": "Runs after which boxes, grams, flash batches, waiting lists, money, numbers or "
    "the log do not add up, at the end or after a fault.",
    "refused": "Refusals of what was there all the while; the others are `refused_rightly`.",
    "faults_of_a_run": "The fewest of a run: of its two times, at how many something went wrong.",
    "runs_done": "Runs that came to their end, and in which something went wrong both times.",
}

Say = Callable[[str], None]


async def run(long: bool, say: Say) -> dict[str, Any]:
    """Run the first seeds, two at a time."""
    return await run_seeds(range(LONG if long else RUNS), say)


async def run_seeds(seeds: range, say: Say) -> dict[str, Any]:
    """Run these seeds, and return the sums of their outcomes."""
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    if postgres.installed() is None:
        say("PostgreSQL is not installed, so SQLite alone is tried: apt-get install postgresql")
        databases = ("sqlite",)
    outcomes: list[Outcome] = []
    async with prepare_templates(databases, say) as templates:
        waiting = [Case.of(seed, databases) for seed in reversed(seeds)]

        async def work() -> None:
            while waiting:
                case = waiting.pop()
                outcome = await one_run(templates[case.database], case)
                outcomes.append(outcome)
                told = ", ".join(outcome.wrong[:5]) or f"{outcome.acknowledged} orders, all there"
                say(f"{case.seed}: {case.fault} with {case.database}: {told}")
                if outcome.kept is not None:
                    say(f"{case.seed}: all of it is kept in {outcome.kept}")

        async with asyncio.TaskGroup() as workers:
            for _ in range(AT_ONCE):
                workers.create_task(work())
    return sum_up(outcomes)


def sum_up(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return the sums of all runs, by fault and database too, and each run that failed."""
    names = (
        *("acknowledged", "lost", "doubled", "stock_wrong"),
        *("refused", "refused_rightly", "repeated", "faults"),
    )
    by: dict[str, dict[str, int]] = {}
    for outcome in outcomes:
        place = by.setdefault(f"{outcome.case.fault}_{outcome.case.database}", {"runs": 0})
        place["runs"] += 1
        for name in (*names, "unsynced_files"):
            place[name] = place.get(name, 0) + getattr(outcome, name)
    sums: dict[str, Any] = {name: sum(getattr(each, name) for each in outcomes) for name in names}
    sums["deeds"] = {name: sum(each.deeds.get(name, 0) for each in outcomes) for name in DEEDS}
    sums["faults_of_a_run"] = min(each.happened for each in outcomes)
    sums["runs_done"] = sum(each.done for each in outcomes)
    return {
        **sums,
        "by_fault": dict(sorted(by.items())),
        "wrong": {
            f"seed {each.case.seed}: {each.case.fault} with {each.case.database}": each.wrong
            for each in outcomes
            if each.wrong
        },
        "kept": [str(each.kept) for each in outcomes if each.kept is not None],
        "how": HOW,
        "runs": [sums],
    }


@contextlib.asynccontextmanager
async def prepare_templates(
    databases: tuple[str, ...], say: Say
) -> AsyncIterator[dict[str, Template]]:
    """Prepare the templates, and the library that makes disks and clocks fail."""
    folder = new_folder("farmlive-crash-", faulty.choose_folder())
    try:
        library = faulty.build(folder)
        made = {}
        for database in databases:
            say(f"{database}: a broadcast to order in")
            made[database] = await _template(folder, library, database)
        yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _template(within: Path, library: Path, database: str) -> Template:
    folder = new_folder(database, within)
    data = folder / "data"
    made = Template(folder, library, database)
    database_url = ""
    async with contextlib.AsyncExitStack() as opened:
        if database == "postgresql":
            cluster = Postgres(programs(), folder)
            await asyncio.to_thread(cluster.make)
            opened.push_async_callback(cluster.stop, gently=True)
            await cluster.start()
            database_url = cluster.url
        server = await opened.enter_async_context(
            running(data=str(data), database_url=database_url)
        )
        await _furnish(server, made)
    return made


async def _furnish(server: Server, made: Template) -> None:
    place = await stage(server, offers=3)
    made.broadcast, made.offers, made.key = place.broadcast, place.offers, server.key
    first = (await server.api.offers(place.broadcast))[0]
    facts = {name: first[name] for name in ("name", "unit", "net_weight_g")}
    lot, price = first["lot"]["id"], first["price"]
    scarce = await server.api.create_offer(place.broadcast, lot, price, 0, **facts)
    made.scarce = scarce["id"]
    centre = await server.api.create_centre({"zh": "测量点", "en": "Bench"}, {"zh": "尤溪"})
    made.centre = centre["id"]
