"""The command `farmlive`: serve, and commands for the operator."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress, TextColumn

from farmlive import app
from farmlive import server as serving
from farmlive.bus import LocalBus
from farmlive.cli import accounts
from farmlive.cli import keys as key_commands
from farmlive.composition.lookups import make_log
from farmlive.media import NoNativeEngine
from farmlive.operations.retention import Outlook, Retention
from farmlive.people.accounts import first_sign_in
from farmlive.problems import Problem
from farmlive.settings import Settings, set_nothing
from farmlive.store import Store
from farmlive.store.engine import DatabaseRefused
from farmlive.store.keys import KeyFile

if TYPE_CHECKING:
    from farmlive.conformance.clause import Result

Endpoint = Annotated[str, typer.Argument(metavar="URL", help="The URL that offers are POSTed to.")]
Bearer = Annotated[str | None, typer.Option("--key", help="Bearer token, where one is asked for.")]
Ca = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="PEM file with the certificate to trust."),
]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Trust any certificate; the key may be read on the way.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")]
# Why an order's personal data is kept, as `farmlive retention` says it.
KEPT_BECAUSE = {
    "due": "have money due",
    "to_give_back": "have money to be given back",
    "claim": "have a claim that is not answered",
    "placed": "are not packed",
    "packed": "are packed and have not left",
    "at_centre": "wait at their pick-up point",
}

cli = typer.Typer(
    help="Live selling of local produce, on a server of your own.",
    no_args_is_help=True,
    add_completion=False,
)
cli.add_typer(accounts.user, name="user")
cli.add_typer(accounts.key, name="key")
cli.add_typer(key_commands.keys, name="keys")

_out = Console(soft_wrap=True, highlight=False)
_err = Console(stderr=True, soft_wrap=True, highlight=False)


def main() -> None:
    """Run the command; an expected error is one sentence and exit code 1."""
    try:
        cli()
    except ValidationError as error:
        for item in error.errors():
            name = "".join(f"FARMLIVE_{str(part).upper()}: " for part in item["loc"])
            _err.print(name + item["msg"].removeprefix("Value error, "), style="red")
        raise SystemExit(1) from None
    except Problem as problem:
        _err.print(f"{problem.title}. {problem.detail}", style="red")
        raise SystemExit(1) from None
    except (
        app.PortTaken,
        serving.CertificateRefused,
        DatabaseRefused,
        NoNativeEngine,
    ) as error:
        _err.print(str(error), style="red")
        raise SystemExit(1) from None


async def until_signal(run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run something that ends when the event is set, which SIGINT and SIGTERM do."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await run(stop)


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port to listen on.")] = None,
    udp_port: Annotated[
        int | None,
        typer.Option(help="UDP port of media, and its TCP port unless FARMLIVE_TCP_PORT is set."),
    ] = None,
) -> None:
    """Serve until SIGINT or SIGTERM; everything else is set by FARMLIVE_* (docs/settings.md)."""
    given = {"host": host, "port": port, "udp_port": udp_port}
    # Options replace the environment's values before any is validated.
    settings = Settings(**{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    serving.set_up_log(settings.log_level)
    for warning in set_nothing(os.environ):
        _err.print(warning, style="yellow")

    keys = KeyFile.of(settings)
    known = keys.path.exists()

    async def ready(server: serving.Server) -> None:
        first = await server.house.people.first_start()
        if first is not None:
            await _say_first(*first, settings.data)
        _out.print(f"Serving {server.url} with the {server.house.media.relay.engine} engine")
        if not known:
            _out.print(_made(keys))
        for lost in server.house.outages.failing():
            ready = "Not ready" if lost.needed else "Ready, but"
            reason = str(lost.reason).rstrip(".")
            _err.print(f"{ready}: {lost.name}: {reason}. {lost.what_to_do}", style="red")

    uvloop.run(until_signal(lambda stop: serving.serve(settings, ready, stop)))


async def _say_first(name: str, password: str, data: Path) -> None:
    """Print the first password to a terminal; anything else that reads the output may keep it
    forever.
    """
    if sys.stdout.isatty():
        _out.print(f"First start: sign in as {name} with the password {password}")
    else:
        try:
            path = await first_sign_in.write(data, name, password)
        except OSError as error:
            _err.print(f"The first password can't be kept: {error.strerror}.", style="red")
        else:
            _out.print(f"First start: sign in as {name}; the password is in {path}")
    _out.print("It works for 24 hours, once; `farmlive user password` gives another.")


@cli.command()
def migrate() -> None:
    """Bring the database's tables up to date, while servers sell on (docs/operator.md)."""
    settings = Settings()
    serving.set_up_log(settings.log_level)
    keys = KeyFile.of(settings)
    known = keys.path.exists()
    _out.print(f"The database is at revision {asyncio.run(Store.migrate(settings))}")
    if not known and keys.path.exists():
        _out.print(_made(keys))


def _made(keys: KeyFile) -> str:
    return (
        f"The keys of this database are in {keys.path.absolute()}, made now: keep a copy apart "
        "from its backups, and give it to every server that shares it (docs/operator.md, Backup)."
    )


@cli.command()
def retention(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and change nothing.")
    ] = False,
) -> None:
    """Remove what is kept no longer, as a server does each hour (docs/operator.md)."""
    settings = Settings()

    async def run() -> None:
        store = await Store.open(settings)
        try:
            # The operator who runs this vouches for the clock.
            task = Retention(store, make_log(LocalBus()), settings, is_time_doubted=lambda: False)
            done = await (task.outlook() if dry_run else task.remove())
        finally:
            await store.close()
        word = "to remove" if dry_run else "removed"
        for what, count, period in (
            ("orders' persons", done.persons, f"{settings.person_days} days"),
            ("outbox files", done.outbox_files, f"{settings.outbox_days} days"),
            ("watch sessions and card taps", done.watches, f"{settings.watch_days} days"),
            ("records of sales", done.sales, f"{settings.sale_years} years"),
        ):
            _out.print(f"{what} {word}, after {period}: {count}")
        if isinstance(done, Outlook):
            _out.print(f"older orders that keep their person: {done.open.total()}")
            for because, count in sorted(done.open.items()):
                _out.print(f"  {count} {KEPT_BECAUSE[because]}")
            for broadcast, number, because in done.named:
                _out.print(f"  {number} of {broadcast}: {KEPT_BECAUSE[because]}")

    asyncio.run(run())


@cli.command()
def demo(
    data: Annotated[Path, typer.Option(help="Folder that the demo keeps everything in.")] = Path(
        ".farmlive-demo"
    ),
    host: Annotated[str, typer.Option(help="Address to listen on; loopback if empty.")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port to listen on.")] = 8000,
    udp_port: Annotated[
        int, typer.Option(min=0, max=65535, help="UDP port of media, and its TCP port.")
    ] = 8189,
    lan: Annotated[
        bool, typer.Option("--lan", help="Serve this network over HTTPS, so that a phone can film.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Empty the folder first.")] = False,
) -> None:
    """Serve a live demo farm until Ctrl-C, with a film, a host and simulated viewers."""
    # Imported here: the other commands need neither the film's nor the viewers' libraries.
    from farmlive.demo import DemoError, command

    try:
        command.run(data, host, port, udp_port, lan, fresh)
    except DemoError as error:
        _err.print(str(error), style="red")
        raise SystemExit(1) from None


@cli.command()
def selftest(
    data: Annotated[
        Path | None, typer.Option(help="Folder for what it keeps meanwhile; /tmp without.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="TCP port to listen on; 0 takes a free one.")
    ] = 0,
    udp_port: Annotated[
        int, typer.Option(min=0, max=65535, help="UDP port of media, and its TCP port.")
    ] = 0,
) -> None:
    """Try a broadcast from camera to review on a server of its own; exits with 0 or 1."""
    from farmlive.demo.selftest import selftest as trial
    from farmlive.demo.selftest.trial import Address

    raise SystemExit(trial.run(Address(host, port, udp_port), data))


@cli.command("whip-check")
def whip_check(
    url: Endpoint,
    key: Bearer = None,
    ca: Ca = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Hold any WHIP server against RFC 9725; exits with 1 where it breaks a MUST."""
    from farmlive.conformance import whip_check as checker

    _check("WHIP (RFC 9725)", checker.check, url, key, ca, insecure, as_json)


@cli.command("whep-check")
def whep_check(
    url: Endpoint,
    key: Bearer = None,
    ca: Ca = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Hold any WHEP server against draft-ietf-wish-whep-03, while somebody publishes there; exits
    with 1 where it breaks a MUST.
    """
    from farmlive.conformance import whep_check as checker

    _check("WHEP (draft-ietf-wish-whep-03)", checker.check, url, key, ca, insecure, as_json)


def _check(
    title: str,
    check: "Callable[..., AsyncIterator[Result]]",
    url: str,
    key: str | None,
    ca: Path | None,
    insecure: bool,
    as_json: bool,
) -> None:
    from farmlive.conformance import table as clause_table
    from farmlive.conformance.whip_check import CannotBegin, trust

    async def run() -> "list[Result]":
        results = []
        trials = check(url, key, verify=trust(ca, insecure))
        with Progress(TextColumn("{task.description}"), console=_err, transient=True) as progress:
            task = progress.add_task("")
            async for result in trials:
                results.append(result)
                progress.update(task, description=f"{len(results)}: {result.clause.title}")
        return results

    try:
        results = sorted(asyncio.run(run()), key=lambda result: result.clause.sort_key)
    except CannotBegin as reason:
        _err.print(str(reason), style="red")
        raise SystemExit(1) from None
    if as_json:
        told = clause_table.as_json(results, url, insecure=insecure)
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        shown = Console(highlight=False)
        shown.print(clause_table.table(results, f"{title}: {url}"))
        shown.print(clause_table.summary(results))
        if insecure:
            shown.print("The server's certificate was not checked (--insecure).")
    raise SystemExit(0 if clause_table.conforms(results) else 1)
