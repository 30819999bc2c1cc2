"""`scripts/bench NAME [--json] [--long] [--engine ENGINE] [--only NAMES]`: runs a bench and prints
its table, or one JSON object.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table
from scripts.benches import (
    crash,
    engines,
    fast,
    faults,
    narrow,
    pages,
    relay,
    report,
    spine,
    till,
)

Bench = Callable[[bool, Callable[[str], None]], Awaitable[dict[str, Any]]]
Bounds = Mapping[str, float]
# What it runs, what its figures may come to at most and at least, and what it is about.
BENCHES: dict[str, tuple[Bench, Bounds, Bounds, str]] = {
    "spine": (
        spine.run,
        spine.LIMITS,
        spine.FLOORS,
        "media, cards, the channel, orders and the review on one server, end to end",
    ),
    "relay": (
        relay.run,
        relay.LIMITS,
        relay.FLOORS,
        "what a viewer costs with each engine, up to a thousand and more, with a load in C",
    ),
    "faults": (
        faults.run,
        faults.LIMITS,
        faults.FLOORS,
        "loss, blackouts, other networks and narrow ways, in network namespaces, with Chromium",
    ),
    "narrow": (
        narrow.run,
        narrow.LIMITS,
        narrow.FLOORS,
        "viewers on links hardly wider than the stream and narrower, in namespaces, with Chromium",
    ),
    "pages": (
        pages.run,
        pages.LIMITS,
        pages.FLOORS,
        "what pages weigh and how soon they are there on a phone, and how smooth in a rush of chat",
    ),
    "till": (
        till.run,
        till.LIMITS,
        till.FLOORS,
        "orders by channel and HTTP on both databases, and a crowd for one batch, beside viewers",
    ),
    "fast": (
        fast.run,
        fast.LIMITS,
        fast.FLOORS,
        "what each part of the store's fast path saves an order, on both databases",
    ),
    "engines": (
        engines.run,
        engines.LIMITS,
        engines.FLOORS,
        "the pages in Chromium 80, 83, 92 and 107, fetched from npm",
    ),
    "crash": (
        crash.run,
        crash.LIMITS,
        crash.FLOORS,
        "servers and databases ended by force, full disks, lost power and answers, wrong clocks",
    ),
}


MOST_S = 460.0


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        epilog="; ".join(f"{name}: {about}" for name, (*_, about) in BENCHES.items()),
    )
    parser.add_argument("name", choices=BENCHES, metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")
    parser.add_argument("--long", action="store_true", help="more and longer runs")
    parser.add_argument(
        "--engine",
        choices=("native", "python"),
        help="what media passes through in faults and narrow; without it the server's own choice, "
        "and native in narrow",
    )
    parser.add_argument(
        "--only", help="of narrow these alone, with commas: 2000k, 1000k.one_layer, recovery_s, …"
    )
    given = parser.parse_args()
    bench: Callable[..., Awaitable[dict[str, Any]]]
    bench, limits, floors, _ = BENCHES[given.name]
    options: dict[str, Any] = {}
    if given.engine:
        if given.name not in ("faults", "narrow"):
            parser.error("--engine is for faults and narrow; relay measures both")
        options["engine"] = given.engine
    if given.only:
        if given.name != "narrow":
            parser.error("--only is for narrow")
        options["only"] = given.only.split(",")
    console = Console(stderr=True)

    def say(what: str) -> None:
        console.print(f"[dim]{what}[/]", highlight=False)

    command = " ".join(["./scripts/bench", *sys.argv[1:]])
    about = {
        "bench": given.name,
        "command": command,
        "machine": report.machine(),
        **report.commit(),
    }
    # Log lines, such as those of a new database, go to stderr: stdout has the JSON alone.
    with contextlib.redirect_stdout(sys.stderr):
        found = uvloop.run(
            run_bounded(bench(given.long, say, **options), None if given.long else MOST_S)
        )
    result = {**about, **found}
    if given.json:
        json.dump(result, sys.stdout, ensure_ascii=False)
        print()
        return
    _table(result, limits, floors)


async def run_bounded(bench: Awaitable[dict[str, Any]], most_s: float | None) -> dict[str, Any]:
    """Run the bench; cancel it after `most_s`, at SIGTERM or at Ctrl-C, so that it cleans up."""
    task = asyncio.ensure_future(bench)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        async with asyncio.timeout(most_s) as limit:
            return await task
    except TimeoutError:
        if not limit.expired():
            raise
        raise SystemExit(f"the bench did not end within {most_s:g} s") from None
    except asyncio.CancelledError:
        raise SystemExit("the bench was stopped") from None


def _table(result: dict[str, Any], limits: Bounds, floors: Bounds) -> None:
    table = Table("figure", "median", "runs", "to hold")
    runs = [report.flatten(run) for run in result["runs"]]
    figures = {k: v for k, v in result.items() if k in result["runs"][0]}
    for name, value in report.flatten(figures).items():
        verdict = ""
        if name in limits:
            verdict = f"{'✓' if value <= limits[name] else '✗'} ≤ {limits[name]:g}"
        elif name in floors:
            verdict = f"{'✓' if value >= floors[name] else '✗'} ≥ {floors[name]:g}"
        table.add_row(name, f"{value:g}", ", ".join(f"{run[name]:g}" for run in runs), verdict)
    out = Console()
    out.print(table)
    if result.get("cores_busy_elsewhere", 0) > 0.1:
        out.print(
            "[yellow]Other programs kept this machine busy: measure again when it is idle.[/]"
        )
    if "engine" in result:
        out.print(f"with the {result['engine']} engine")
    machine = result["machine"]
    tree = result["commit"][:12] + (" with changes" if result["uncommitted"] else "")
    out.print(f"{machine['cores']} × {machine['cpu']}, commit {tree}")


if __name__ == "__main__":
    main()
