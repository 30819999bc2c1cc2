"""The command `farmlive`: serve, and what an operator does with accounts and keys."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
import uvloop
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import Progress, TextColumn

from farmlive import app
from farmlive import server as serving
from farmlive.broadcast import airings
from farmlive.broadcast.log import Log
from farmlive.bus import LocalBus
from farmlive.clock import now_ms, rfc3339
from farmlive.media import NoNativeEngine
from farmlive.origin import farms
from farmlive.people import Caller, People, first_sign_in
from farmlive.people.accounts import Account
from farmlive.people.api_keys import ApiKey
from farmlive.people.credentials import Credential
from farmlive.people.models import DisplayName, KeyRole, Role
from farmlive.problems import Problem
from farmlive.retention import Outlook, Retention
from farmlive.settings import Settings, set_nothing
from farmlive.shop import catalogue
from farmlive.store import Store
from farmlive.store.engine import DatabaseRefused

if TYPE_CHECKING:
    from farmlive.client.clause import Result

T = TypeVar("T")
Endpoint = Annotated[str, typer.Argument(metavar="URL", help="Where offers are POSTed.")]
Bearer = Annotated[str | None, typer.Option("--key", help="Bearer token, where one is asked for.")]
Ca = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="PEM file with the certificate to trust."),
]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Trust any certificate; the key may be read on the way.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")]
Farms = Annotated[
    list[str] | None,
    typer.Option("--farm", metavar="ID", help="A seller's farm; as often as there are farms."),
]
Centres = Annotated[
    list[str] | None,
    typer.Option("--centre", metavar="ID", help="A clerk's pick-up point; as often as there are."),
]
# Why an order's person is kept, as `farmlive retention` says it.
KEPT_BECAUSE = {
    "due": "have money due",
    "to_give_back": "have money to be given back",
    "claim": "have a claim that is not answered",
    "placed": "are not packed",
    "packed": "are packed and have not left",
    "at_centre": "wait at their pick-up point",
}
# Whom the audit list names for what is done by this command.
OPERATOR = Caller(None, "farmlive command", "coordinator", "", "")
FIRST = "It works for 24 hours, and is changed at the first sign-in."

cli = typer.Typer(
    help="Live selling of local produce, on a server of your own.",
    no_args_is_help=True,
    add_completion=False,
)
user = typer.Typer(help="Accounts of staff.", no_args_is_help=True)
key = typer.Typer(help="API keys of programs.", no_args_is_help=True)
cli.add_typer(user, name="user")
cli.add_typer(key, name="key")

_out = Console(soft_wrap=True, highlight=False)
_err = Console(stderr=True, soft_wrap=True, highlight=False)


def main() -> None:
    """Run the command; what goes wrong is one sentence and exit code 1."""
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
    """Run something that ends when the event is set, as SIGINT and SIGTERM do."""
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
    # Given ones take the place of the environment's before any is judged.
    settings = Settings(**{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    serving.set_up_log(settings.log_level)
    for warning in set_nothing(os.environ):
        _err.print(warning, style="yellow")

    async def ready(server: serving.Server) -> None:
        first = await server.house.people.first_start()
        if first is not None:
            await _say_first(*first, settings.data)
        _out.print(f"Serving {server.url} with the {server.house.relay.engine} engine")
        for lost in server.house.outages.failing():
            ready = "Not ready" if lost.needed else "Ready, but"
            reason = str(lost.reason).rstrip(".")
            _err.print(f"{ready}: {lost.name}: {reason}. {lost.what_to_do}", style="red")

    uvloop.run(until_signal(lambda stop: serving.serve(settings, ready, stop)))


async def _say_first(name: str, password: str, data: Path) -> None:
    """Print the first password to a terminal; what else reads the output may keep it for ever."""
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
    _out.print(f"The database is at revision {asyncio.run(Store.migrate(settings))}")


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
            task = Retention(store, Log(LocalBus()), settings)
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
def selftest() -> None:
    """Try a broadcast from camera to review on a server of its own; exits with 0 or 1."""
    from farmlive.demo import selftest as trial

    raise SystemExit(trial.run())


@cli.command("whip-check")
def whip_check(
    url: Endpoint,
    key: Bearer = None,
    ca: Ca = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Hold any WHIP server against RFC 9725; exits with 1 where it breaks a MUST."""
    from farmlive.client import whip_check as checker

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
    from farmlive.client import whep_check as checker

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
    from farmlive.client import clause_table
    from farmlive.client.whip_check import CannotBegin, trust

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
        results = sorted(asyncio.run(run()), key=lambda result: result.clause.place)
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
    raise SystemExit(0 if clause_table.kept(results) else 1)


def with_people(work: Callable[[People], Awaitable[T]]) -> T:
    """Open the database, do the work, close it."""

    async def run() -> T:
        settings = Settings()
        store = await Store.open(settings)
        try:
            people = People(store, settings)
            people.farms_by(farms.find)
            people.centres_by(catalogue.find_centre)
            people.airings_by(airings.running)
            return await work(people)
        finally:
            await store.close()

    return asyncio.run(run())


def _shown(text: str | None) -> str | None:
    try:
        return TypeAdapter(DisplayName | None).validate_python(text)
    except ValidationError:
        raise typer.BadParameter("write a name of 1 to 24 characters") from None


@user.command("add")
def user_add(
    name: str,
    role: Annotated[Role, typer.Option(help="What the account may do.")] = "host",
    farm: Farms = None,
    centre: Centres = None,
    display_name: Annotated[
        str | None,
        typer.Option(help="What viewers read of it; they never read NAME.", callback=_shown),
    ] = None,
) -> None:
    """Make an account with a random password, shown once."""
    account, password = with_people(
        lambda people: people.create_account(
            name,
            role,
            farms=farm or (),
            centres=centre or (),
            display_name=display_name,
            first=True,
            caller=OPERATOR,
        )
    )
    _out.print(f"{account.name} ({account.role}): password {password}")
    _out.print(FIRST)


@user.command("list")
def user_list() -> None:
    """List the accounts."""
    for account in with_people(lambda people: people.accounts()):
        state = "disabled" if account.disabled_at else ""
        _out.print("\t".join((account.name, account.role, state, *_scope(account))))


def _scope(of: Account | ApiKey) -> list[str]:
    """A seller's farms, a clerk's pick-up points."""
    if of.centres is None:
        return ["all pick-up points: choose some at /studio/people"]
    return sorted(of.farms | of.centres)


@user.command("password")
def user_password(name: str) -> None:
    """Give an account a new random password for 24 hours, shown once; its sessions end."""
    password = with_people(lambda people: people.set_password(name, caller=OPERATOR))
    _out.print(f"{name}: password {password}")
    _out.print(FIRST)


@user.command("disable")
def user_disable(
    name: str,
    give_to: Annotated[
        str | None,
        typer.Option("--give-to", metavar="NAME", help="Who owns its keys and links from then on."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Shut an account out at once; its keys and links end, and what it sends."""

    async def owned(people: People) -> list[Credential]:
        return await people.credentials((await people.named(name)).id)

    found = with_people(owned)
    for item in found:
        state = "on air" if item.on_air else "sending" if item.sending else ""
        _out.print("\t".join((item.kind.replace("_", " "), item.label or "", state)))
    if found and not yes and give_to is None:
        question = f"All these end, and {name} is shut out"
        if any(item.on_air for item in found):
            question += "; viewers lose a picture within five seconds"
        typer.confirm(f"{question}. Do it?", abort=True)
    with_people(lambda people: people.disable_account(name, give_to=give_to, caller=OPERATOR))
    _out.print(f"{name} can't sign in any more")


@key.command("add")
def key_add(
    label: str,
    role: Annotated[KeyRole, typer.Option(help="What the key may do.")] = "host",
    farm: Farms = None,
    centre: Centres = None,
    owner: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The coordinator with whose account the key ends."),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=36_500, help="For how many days it works; no end without."),
    ] = None,
) -> None:
    """Make an API key, shown once on a line of its own."""

    async def add(people: People) -> str:
        _, secret = await people.create_api_key(
            label,
            role,
            farm or (),
            centre or (),
            caller=OPERATOR,
            owner=(await people.named(owner)).id if owner else None,
            expires_at=now_ms() + days * 86_400_000 if days else None,
        )
        return secret

    print(with_people(add))


@key.command("list")
def key_list() -> None:
    """List the API keys, without their secrets: whose they are, until when, and their last use."""

    async def read(people: People) -> tuple[list[ApiKey], dict[str, str]]:
        return await people.api_keys(), {each.id: each.name for each in await people.accounts()}

    keys, names = with_people(read)
    for item in keys:
        facts = (
            f"owner:{names[item.owner] if item.owner else '-'}",
            f"until:{rfc3339(item.expires_at) if item.expires_at else '-'}",
            f"used:{rfc3339(item.used_at) if item.used_at else '-'}",
        )
        _out.print("\t".join((item.id, item.role, item.label, *facts, *_scope(item))))


@key.command("revoke")
def key_revoke(identity: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Revoke an API key by its id."""
    with_people(lambda people: people.revoke_api_key(identity, caller=OPERATOR))
    _out.print("The key works no more")


if __name__ == "__main__":
    main()
