"""`scripts/bench NAME [--json] [--long]`: runs a bench and prints its table, or one JSON object."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from benches import report, spine

Bench = Callable[[bool, Callable[[str], None]], Awaitable[dict[str, Any]]]
BENCHES: dict[str, tuple[Bench, dict[str, float], str]] = {
    "spine": (spine.run, spine.LIMITS, "media, cards and the channel on one server, end to end"),
}


MOST_S = 460.0


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        epilog="; ".join(f"{name}: {about}" for name, (_, _, about) in BENCHES.items()),
    )
    parser.add_argument("name", choices=BENCHES, metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")
    parser.add_argument("--long", action="store_true", help="more and longer runs")
    given = parser.parse_args()
    bench, limits, _ = BENCHES[given.name]
    console = Console(stderr=True)

    def say(what: str) -> None:
        console.print(f"[dim]{what}[/]", highlight=False)

    result = {
        "bench": given.name,
        "machine": report.machine(),
        **report.commit(),
        **uvloop.run(bounded(bench(given.long, say), None if given.long else MOST_S)),
    }
    if given.json:
        json.dump(result, sys.stdout, ensure_ascii=False)
        print()
        return
    _table(result, limits)


async def bounded(bench: Awaitable[dict[str, Any]], most_s: float | None) -> dict[str, Any]:
    """Run the bench; after `most_s`, or at SIGTERM, it is cancelled and cleans up."""
    task = asyncio.ensure_future(bench)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        async with asyncio.timeout(most_s) as limit:
            return await task
    except TimeoutError:
        if not limit.expired():
            raise
        raise SystemExit(f"the bench did not end within {most_s:g} s") from None
    except asyncio.CancelledError:
        raise SystemExit("the bench was stopped") from None


def _table(result: dict[str, Any], limits: dict[str, float]) -> None:
    table = Table("figure", "median", "runs", "to hold")
    runs = [report.flat(run) for run in result["runs"]]
    figures = {k: v for k, v in result.items() if k in result["runs"][0]}
    for name, value in report.flat(figures).items():
        limit = limits.get(name)
        verdict = "" if limit is None else f"{'✓' if value <= limit else '✗'} ≤ {limit:g}"
        table.add_row(name, f"{value:g}", ", ".join(f"{run[name]:g}" for run in runs), verdict)
    out = Console()
    out.print(table)
    if result.get("cores_busy_elsewhere", 0) > 0.1:
        out.print(
            "[yellow]Other programs kept this machine busy: measure again when it is idle.[/]"
        )
    machine = result["machine"]
    tree = result["commit"][:12] + (" with changes" if result["uncommitted"] else "")
    out.print(f"{machine['cores']} × {machine['cpu']}, commit {tree}")


if __name__ == "__main__":
    main()
