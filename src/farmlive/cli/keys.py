"""The command `farmlive keys`: replaces the key file if it was lost or leaked."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from farmlive.cli import rekeying
from farmlive.cli.accounts import OPERATOR
from farmlive.cli.rekeying import Outlook
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.keys import KeyFile

keys = typer.Typer(help="The file of keys beside the database.", no_args_is_help=True)

_out = Console(soft_wrap=True, highlight=False)
_BOTH = "Replace the pseudonyms' key, too; a lost file has it replaced in any case."


@keys.callback()
def _group() -> None:
    """The file of keys beside the database."""


@keys.command("replace")
def replace(
    pseudonyms: Annotated[bool, typer.Option("--pseudonyms", help=_BOTH)] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Make new keys where the file was lost or others have read it; every server is stopped first.

    It says what ends by it, and asks.
    """
    asyncio.run(_replace(Settings(), pseudonyms=pseudonyms, yes=yes))


async def _replace(settings: Settings, *, pseudonyms: bool, yes: bool) -> None:
    file = KeyFile.of(settings)
    store = await Store.open(settings, alone=True)
    try:
        if await rekeying.finish(store, file):
            _out.print("An interrupted replacement was finished.")
            kept = None
        else:
            _say(await rekeying.outlook(store, file, pseudonyms=pseudonyms), file.path)
            if not yes:
                typer.confirm("Replace them?", abort=True)
            kept = await rekeying.replace(store, file, pseudonyms=pseudonyms, caller=OPERATOR)
    finally:
        await store.close()
    _out.print(
        f"The keys of this database are in {file.path.absolute()}: keep a copy apart from its "
        "backups, give it to every server that shares it, then start them "
        "(docs/operator.md, Backup)."
    )
    if kept is not None:
        _out.print(f"The old ones are in {kept.absolute()}: backups from before need them.")


def _say(outlook: Outlook, path: Path) -> None:
    """Print what ends, and what does not."""
    opened = outlook.opened
    if outlook.lost:
        _out.print(f"There is no file {path}: the keys are lost.")
    else:
        _out.print(f"The keys in {path} are those of this database.")
    ends = [
        f"the links of {opened.orders} orders, {opened.under_way} of which are not over: the order "
        "desk has the new ones",
        f"the codes of {opened.codes} orders that wait to be picked up: the order desk and the new "
        "links say the new ones; until then orders are found by number or phone",
        "the codes on printed slips and labels: print those anew that are needed",
        "links in messages that were sent, or stand in the outbox",
        f"{outlook.factors.recovery_codes} recovery codes of second factors: their owners make new "
        "ones on “My account”",
    ]
    goes_on = [
        "orders, payments and claims",
        "accounts, sign-ins, API keys, cameras' keys and links",
    ]
    if outlook.lost:
        ends.append(
            f"the authenticator apps of {outlook.factors.apps} accounts: without a passkey they "
            "sign in by name and password, and set one up anew"
        )
    else:
        goes_on.append(
            f"the authenticator apps of {outlook.factors.apps} accounts: reset them where a copy "
            "of the database leaked as well"
        )
    if outlook.pseudonyms:
        ends += [
            f"{outlook.blocked} blocks of devices and addresses, those of numbers that stand in no "
            f"order, and {outlook.muted} mutes",
            "which browser is whose: buyers' browsers are new ones, to whom past orders are not "
            "shown, and what they hold runs out",
        ]
        goes_on.append("who is the same buyer, and blocks of numbers, where the number is there")
    else:
        goes_on.append("blocks, mutes, and who is the same buyer")
    _out.print("This ends, for everyone:")
    for each in ends:
        _out.print(f"  - {each}")
    _out.print("This goes on:")
    for each in goes_on:
        _out.print(f"  - {each}")
