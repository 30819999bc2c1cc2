"""The command `farmlive selftest`: does once what a farm, two viewers, a buyer and a seller do,
with measurements.

Owns the order of the steps and the table. It is outside the server, as any client; trial.py starts
a server, try_live.py and try_selling.py have the steps.
"""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from farmlive.client import Api, ChannelProblem
from farmlive.client.http import ApiProblem
from farmlive.demo.film.film import KITCHEN, RATE, make_film
from farmlive.demo.selftest.stage import FILM_S, Failed, Stage
from farmlive.demo.selftest.trial import ANYWHERE, Address, ServerFailed, TrialServer, trial_server
from farmlive.demo.selftest.try_live import TryLive
from farmlive.demo.selftest.try_selling import TrySelling
from farmlive.people.accounts.passwords import random_password
from farmlive.server import set_up_log

LIMIT_S = 60.0


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    tried: str
    found: str
    passed: bool


Step = tuple[str, Callable[[], Awaitable[str]]]


def steps(stage: Stage) -> list[Step]:
    """Return the checks in order, each with its name in the table; each returns its result."""
    live, selling = TryLive(stage), TrySelling(stage)
    return [
        ("A broadcast with farm, lot, offer and centre goes live", selling.prepare),
        ("Published by WHIP, played by an early viewer", live.publish),
        ("A late viewer comes in", live.join_late),
        ("Delay from camera to decoded frame", live.delay),
        ("Switched to a second camera and back", live.switch),
        ("A pinned card reaches both viewers", live.pin),
        ("A dropped channel resumes without loss", live.resume),
        ("The camera dies and comes back, viewers stay", live.camera_returns),
        ("An order over the channel, sent twice, is one", selling.order),
        ("More than is left is refused, stock unchanged", selling.oversell),
        ("A hold runs out and its stock returns", selling.hold),
        ("A flash batch sells what it has and is over", selling.flash),
        ("Returned stock goes to the waiting list", selling.wait),
        ("Bought across a price change", selling.price),
        ("A cancelled order gives its boxes back", selling.cancel),
        ("The lot's origin is read from its GS1 link", selling.origin),
        ("No more of a lot is wasted than is left", selling.balance),
        ("Ended; the review's totals are the orders'", selling.review),
    ]


@contextlib.asynccontextmanager
async def _stage(folder: Path, at: Address) -> AsyncIterator[Stage]:
    """Start a server and make two films; everything ends with the block."""
    film, second = folder / "film.mkv", folder / "kitchen.mkv"

    def draw() -> None:
        make_film(film, lambda _frame: None, FILM_S * RATE)
        make_film(second, lambda _frame: None, take=KITCHEN)

    drawn = asyncio.create_task(asyncio.to_thread(draw))
    async with contextlib.AsyncExitStack() as stack:
        server: TrialServer = await stack.enter_async_context(trial_server(folder / "server", at))
        api = await stack.enter_async_context(Api(server.url))
        await api.sign_in(server.name, server.password, random_password())
        await drawn
        stage = Stage(api, film, second, server.engine)
        try:
            yield stage
        finally:
            await stage.close_channels()
            for eye in (stage.early, stage.late):
                if eye is not None:
                    await eye.viewer.close()
            for camera in (stage.camera, stage.second_camera):
                if camera is not None:
                    await camera.stop()


async def run_steps(folder: Path, tell: Callable[[Result], None], at: Address = ANYWHERE) -> bool:
    """Run all checks in a folder, and call `tell` with each result; return whether all passed."""
    results: list[Result] = []

    def note(tried: str, found: str, passed: bool) -> None:
        results.append(Result(tried, found, passed))
        tell(results[-1])

    step = "The server starts and the film is drawn"
    began = time.monotonic()
    try:
        async with asyncio.timeout(LIMIT_S), _stage(folder, at) as stage:
            took = time.monotonic() - began
            note(step, f"{took:.1f} s, with the {stage.engine} engine", True)
            for step, run in steps(stage):
                try:
                    note(step, await run(), True)
                except (Failed, ChannelProblem, ApiProblem) as failed:
                    note(step, str(failed), False)
    except ServerFailed as failed:
        note(step, str(failed), False)
    except TimeoutError:
        note(step, f"not done after {time.monotonic() - began:.0f} s", False)
    except Exception as error:
        note(step, f"{type(error).__name__}: {error}", False)
    return bool(results) and all(result.passed for result in results)


def run(at: Address = ANYWHERE, data: Path | None = None) -> int:
    """Run all checks in a fresh folder, within `data` if it is given, and print the table; return 0
    if all passed, else 1.
    """
    set_up_log("error")
    out = Console(highlight=False)
    table = Table("", "Tried", "Found", box=None, padding=(0, 2, 0, 0))
    began = time.monotonic()

    def tell(result: Result) -> None:
        mark = "[green]✓[/]" if result.passed else "[red]✗[/]"
        table.add_row(mark, result.tried, result.found)
        if out.is_terminal:
            out.print(f"{mark} {result.tried}")

    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="farmlive-selftest-", dir=data) as folder:
        passed = uvloop.run(run_steps(Path(folder), tell, at))
    out.print(table)
    verdict = "[green]All is well[/]" if passed else "[red]Something is wrong[/]"
    out.print(f"{verdict}, after {time.monotonic() - began:.0f} s.")
    return 0 if passed else 1
