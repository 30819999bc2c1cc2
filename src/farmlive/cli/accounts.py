"""The commands `farmlive user` and `farmlive key`: accounts of staff, and API keys of programs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from farmlive.bus import LocalBus
from farmlive.clock import DAY_MS, now_ms, rfc3339
from farmlive.composition.lookups import make_people
from farmlive.people import Caller, People
from farmlive.people.accounts.accounts import Account
from farmlive.people.core import audit
from farmlive.people.core.models import DisplayName
from farmlive.people.core.roles import KeyRole, Role
from farmlive.people.keys.api_keys import ApiKey
from farmlive.people.keys.credentials import Credential
from farmlive.settings import Settings
from farmlive.store import Store

T = TypeVar("T")
Farms = Annotated[
    list[str] | None,
    typer.Option("--farm", metavar="ID", help="A seller's farm; as often as there are farms."),
]
Centres = Annotated[
    list[str] | None,
    typer.Option("--centre", metavar="ID", help="A clerk's pick-up point; as often as there are."),
]
# The caller in the audit log for actions of this command.
OPERATOR = Caller(None, audit.COMMAND, "coordinator", "", "")
FIRST = "It works for 24 hours, and is changed at the first sign-in."

user = typer.Typer(help="Accounts of staff.", no_args_is_help=True)
key = typer.Typer(help="API keys of programs.", no_args_is_help=True)

_out = Console(soft_wrap=True, highlight=False)


def with_people(work: Callable[[People], Awaitable[T]]) -> T:
    """Open the database, run `work`, close it."""

    async def run() -> T:
        settings = Settings()
        store = await Store.open(settings)
        try:
            return await work(make_people(store, settings, LocalBus()))
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
    role: Annotated[Role, typer.Option(help="The role of the account.")] = "host",
    farm: Farms = None,
    centre: Centres = None,
    display_name: Annotated[
        str | None,
        typer.Option(help="The name that viewers see; they never see NAME.", callback=_shown),
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
    """List the accounts: role, second factor or until when it is due, farms or pick-up points."""

    async def read(people: People) -> list[tuple[Account, int | None]]:
        return [(each, people.factor_until(each)) for each in await people.accounts()]

    for account, until in with_people(read):
        state = "disabled" if account.disabled_at else ""
        factor = _factor(account, until)
        _out.print("\t".join((account.name, account.role, state, factor, *_scope(account))))


def _factor(account: Account, until: int | None) -> str:
    if account.second_factor:
        return "second factor"
    if until is None:
        return "no second factor"
    if account.factor_asked_at is None:
        return "no second factor: seven days from the next sign-in"
    return f"no second factor: {'overdue since' if until <= now_ms() else 'due'} {rfc3339(until)}"


def _known_to(key: ApiKey, names: dict[str, str]) -> list[str]:
    """Return the account that made the key, if it is not the owner: it knows the secret."""
    maker = key.made_by
    return [] if maker is None or maker == key.owner else [f"known-to:{names[maker]}"]


def _scope(of: Account | ApiKey) -> list[str]:
    """Return a seller's farms, a clerk's pick-up points."""
    if of.centres is None:
        return ["all pick-up points: choose some at /studio/people"]
    return sorted(of.farms | of.centres)


@user.command("password")
def user_password(name: str) -> None:
    """Give an account a new random password for 24 hours, shown once; its sessions end."""
    password = with_people(lambda people: people.set_password(name, caller=OPERATOR))
    _out.print(f"{name}: password {password}")
    _out.print(FIRST)


@user.command("reset-factor")
def user_reset_factor(name: str) -> None:
    """Take an account's second factors away: it signs in by its password alone; nothing ends."""

    async def reset(people: People) -> bool:
        account = await people.find_by_name(name)
        return (await people.reset_factors(account.id, caller=OPERATOR, anew=True)).second_factor

    had = "has no second factor any more" if with_people(reset) else "had no second factor"
    _out.print(f"{name} {had}, and signs in by name and password")
    if Settings().require_second_factor:
        _out.print("Coordinators and hosts have seven days from the next sign-in for another.")


@user.command("disable")
def user_disable(
    name: str,
    give_to: Annotated[
        str | None,
        typer.Option(
            "--give-to", metavar="NAME", help="The account that takes over its keys and links."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Shut an account out at once; its keys and links end, and what it sends."""

    async def read(people: People) -> tuple[list[Credential], list[Credential], list[str]]:
        own = (await people.find_by_name(name)).id
        every = await people.credentials()
        known = [
            each
            for each in every
            if each.made_by == own and (each.owner != own or give_to is not None)
        ]
        made = [each for each in await people.accounts() if each.made_by == own]
        names = [each.name for each in made if each.disabled_at is None]
        return [each for each in every if each.owner == own], known, names

    found, known, made = with_people(read)
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
    for item in known:
        _out.print(f"{name} still knows the secret of {item.label or item.kind}: renew it by")
        _out.print(f"  farmlive key renew {item.id}")
    if made:
        _out.print(f"{name} made or invited these accounts, which stay: {', '.join(made)}")


@key.command("add")
def key_add(
    label: str,
    role: Annotated[KeyRole, typer.Option(help="The role of the key.")] = "host",
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
            owner=(await people.find_by_name(owner)).id if owner else None,
            expires_at=now_ms() + days * DAY_MS if days else None,
        )
        return secret

    typer.echo(with_people(add))


@key.command("list")
def key_list() -> None:
    """List the API keys, without their secrets: whose they are, until when, their last use, and
    who else knows the secret.
    """

    async def read(people: People) -> tuple[list[ApiKey], dict[str, str]]:
        return await people.api_keys(), {each.id: each.name for each in await people.accounts()}

    keys, names = with_people(read)
    for item in keys:
        facts = (
            f"owner:{names[item.owner] if item.owner else '-'}",
            f"until:{rfc3339(item.expires_at) if item.expires_at else '-'}",
            f"used:{rfc3339(item.used_at) if item.used_at else '-'}",
            *_known_to(item, names),
        )
        _out.print("\t".join((item.id, item.role, item.label, *facts, *_scope(item))))


@key.command("renew")
def key_renew(identity: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Give a key or a link a new secret, shown once; the old one works no more."""
    renewed = with_people(lambda people: people.renew(identity, caller=OPERATOR))
    path = {"invitation": "/invitation/", "guest": "/guest/"}.get(renewed.kind, "")
    typer.echo(path + renewed.secret)


@key.command("revoke")
def key_revoke(identity: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Revoke an API key by its id."""
    with_people(lambda people: people.revoke_api_key(identity, caller=OPERATOR))
    _out.print("The key works no more")
