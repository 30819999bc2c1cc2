"""The terminal output of `farmlive demo`: progress, pages and sign-ins."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from farmlive.demo import county, lan
from farmlive.demo.state import DemoUser
from farmlive.server import Server

out = Console(soft_wrap=True, highlight=False)
_err = Console(stderr=True, soft_wrap=True, highlight=False)
_ENGINES = {
    "native": "native, in C",
    "python": "python; with a C compiler there is one in C",
}


@contextlib.contextmanager
def progress_bar(what: str, total: float) -> Iterator[Callable[[float], None]]:
    """Return a progress bar for a step that is done once."""
    with Progress(
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(),
        console=_err,
        transient=True,
    ) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


def print_pages(
    server: Server,
    shown: county.County,
    users: list[DemoUser],
    path: Path,
    guide: str | None,
) -> None:
    """Print the demo's pages and sign-ins."""
    url = server.url
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("Watch", f"{url}/live/{shown.live}")
    table.add_row("All broadcasts", f"{url}/")
    table.add_row("Studio", f"{url}/studio/{shown.live}")
    table.add_row("Your own camera", f"{url}/studio/{shown.spare}")
    table.add_row("Review", f"{url}/review/{shown.live}")
    for user in users:
        table.add_row("Sign in", f"{user['name']} / {user['password']}  ({user['role']})")
    table.add_row("For programs", str(path))
    table.add_row("Engine of media", _ENGINES[server.house.media.relay.engine])
    out.print()
    out.print(table)
    if guide is not None:
        out.print(f"\nOn a phone of this network, scan this or open {guide}\n")
        sys.stdout.write(lan.qr(guide))
    out.print("\nCtrl-C stops it.")
