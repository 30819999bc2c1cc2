"""Checks the documents against the code, the measured figures and each other.

`python -m scripts.reference` names what differs and exits 1; `--write` writes docs/settings.md,
docs/routes.md, docs/commands.md, docs/orders.md, docs/conformance.md, docs/events.json, the events'
types of the pages, the client's requests, and the blocks of figures.
"""

import asyncio
import json
import re
import sys
import tempfile
import typing
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from scripts import api_types, documents, figures, order_page
from starlette.routing import Mount
from typer.main import get_command

from farmlive.app import build
from farmlive.broadcast.events.schema import declarations, examples
from farmlive.cli.main import cli
from farmlive.commands import Command
from farmlive.conformance.registry import CLAUSES
from farmlive.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ROOT / "docs" / "settings.md"
ROUTES = ROOT / "docs" / "routes.md"
COMMANDS = ROOT / "docs" / "commands.md"
ORDERS = ROOT / "docs" / "orders.md"
CONFORMANCE = ROOT / "docs" / "conformance.md"
EVENTS = ROOT / "docs" / "events.json"
FIGURES = ROOT / "docs" / "figures"
EVENT_TYPES = ROOT / "web" / "static" / "lib" / "state" / "events.d.ts"
API_TYPES = EVENT_TYPES.with_name("api.d.ts")
REQUESTS = ROOT / "src" / "farmlive" / "client" / "requests_of_commands.py"


def settings_page() -> str:
    """Return the reference of settings, from settings.py."""
    lines = [
        "# Settings",
        "",
        "Each is an environment variable, which the server reads once, at its start. The start",
        "says which `FARMLIVE_…` names are none of these. This page is made from the code by",
        "`./scripts/check --fix`.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `FARMLIVE_{name.upper()}` | {_default(field)} | {field.description} |")
    return "\n".join(lines) + "\n"


def conformance_page() -> str:
    """Return the clauses of the standards that the server keeps, from their registry."""
    lines = [
        "# WHIP and WHEP, clause by clause",
        "",
        "What RFC 9725 (WHIP), draft-ietf-wish-whep-03 (WHEP) and the standards under them",
        "require of a server. farmlive keeps all of it: its tests have one for each clause. The",
        "same checks run against any other server:",
        "",
        "| command | what it does |",
        "|---|---|",
        "| `farmlive whip-check URL --key KEY` | publishes there, by HTTP and by media |",
        "| `farmlive whep-check URL --key KEY` | plays from there, while somebody publishes |",
        "",
        "Each prints a table, or JSON with `--json`, deletes every session that it made, and",
        "exits with 0 if no MUST is broken and all could be tried, else with 1. It does not try",
        "rate limits, which need a flood, nor the expiry of consent, which takes half a minute.",
        "",
        "| mark | JSON | result of a clause |",
        "|---|---|---|",
        "| ✓ | `pass` | the server keeps it |",
        "| ✗ | `fail` | a MUST is broken; the expectation, the request and the answer follow |",
        "| ! | `fail` | a SHOULD is not kept, which fails nothing |",
        "| – | `n/a` | it does not apply to this server; the reason follows |",
        "| ? | `untried` | no session was made for it, so that it could not be tried |",
        "",
        "For a server with a certificate of its own, give `--ca FILE`, a PEM file with the one",
        "certificate or authority to trust, or `--insecure`, which trusts any certificate and",
        "thus shows the key to anyone in the middle. Media is not affected: its certificate is",
        "the one that the answer names.",
        "",
        "`whip-check` publishes very little. On a farmlive broadcast its source keeps its place",
        "for 30 seconds (`FARMLIVE_SOURCE_GRACE_S`), as a camera that may come back does: run it",
        "against a broadcast that is not on air, with a stream key made for it.",
        "",
        "farmlive keeps one clause only towards clients whose offers have the ICE option `ice2`,",
        "as the newer documents ask: the transport is described once (RFC 9143, section 7.1.3).",
        "To others it describes the transport as they offer it, in each section, since GStreamer",
        "accepts it no other way.",
        "",
        "The number behind a section counts our clauses in it. This page is made from the code by",
        "`./scripts/check --fix`.",
    ]
    for title, kind in (("WHIP", "whip"), ("WHEP", "whep")):
        lines += [
            "",
            f"## {title}",
            "",
            "| clause | | what a server does | how it is tried |",
            "|---|---|---|---|",
        ]
        for clause in CLAUSES[typing.cast("typing.Literal['whip', 'whep']", kind)]:
            lines.append(f"| {clause.id} | {clause.level} | {clause.title} | {clause.expected} |")
    return "\n".join(lines) + "\n"


def events_file() -> str:
    """Return an event of every kind with all its fields, from the models."""
    return json.dumps(examples(), ensure_ascii=False, indent=2) + "\n"


def routes_page() -> str:
    """Return the list of paths, from the routers."""
    lines = [
        "# URLs",
        "",
        "Every path that the server answers, with its methods. `/openapi.json` has the schemas,",
        "and `/asyncapi.json` those of the live channel. A [command](commands.md) of the channel",
        "is a request, too. This page is made from the code by `./scripts/check --fix`.",
        "",
        "| path | methods | what it does |",
        "|---|---|---|",
    ]
    commands = {command.http: name for name, command in _server()[1].items()}
    for path, methods, summary in every_route():
        command = commands.get(f"{methods} {path}")
        what = f"The command `{command}`" if command else summary.removesuffix(".")
        lines.append(f"| `{path}` | {methods} | {what} |")
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Return the list of the channel's commands, from their declarations."""
    lines = [
        "# Commands of the live channel",
        "",
        "The messages that a client may send on `/api/v1/broadcasts/{broadcast}/live`, one JSON",
        'object a frame: `{"type": …, "id": …}` and the fields of the command. The answer is',
        '`{"type": "reply", "id": …, "ok": true, "result": …}`, or `"ok": false` with a `problem`.',
        "A request over HTTP does the same, where a `key` is the header `Idempotency-Key`.",
        "`/asyncapi.json` has the shapes and what each may be refused with, `/openapi.json` those",
        "of the requests. Crew are coordinators, hosts and moderators; staff are the first two.",
        "A command tells of itself by events of these kinds.",
        "This page is made from the code by `./scripts/check --fix`.",
        "",
        "| command | for | over HTTP | what | tells |",
        "|---|---|---|---|---|",
    ]
    for name, command in sorted(_server()[1].items()):
        summary = (command.model.__doc__ or "").strip().partition("\n")[0].removesuffix(".")
        tells = ", ".join(f"`{kind}`" for kind in command.tells)
        lines.append(f"| `{name}` | {command.role} | `{command.http}` | {summary} | {tells} |")
    return "\n".join(lines) + "\n"


def requests_of_commands() -> str:
    """Return the table by which the typed client sends commands over HTTP: it imports nothing of
    farmlive.
    """
    lines = [
        '"""The request that does what a command of the live channel does, by the command\'s type.',
        "",
        "Made from the declarations of the commands by `./scripts/check --fix`: edit them there.",
        "The body has the fields of the message that are not in the path, but for its `key`: that",
        "is the header `Idempotency-Key`.",
        '"""',
        "",
        "REQUESTS = {",
    ]
    lines += [f'    "{name}": "{command.http}",' for name, command in sorted(_server()[1].items())]
    return "\n".join([*lines, "}"]) + "\n"


def every_route() -> list[tuple[str, str, str]]:
    """Return path, methods and the first line of the docstring of every route, by path."""
    return _server()[0]


@lru_cache
def _server() -> tuple[
    list[tuple[str, str, str]], dict[str, Command[typing.Any]], dict[str, typing.Any]
]:
    """Return the routes, the commands and the OpenAPI document of a server."""

    async def read() -> tuple[
        list[tuple[str, str, str]], dict[str, Command[typing.Any]], dict[str, typing.Any]
    ]:
        with tempfile.TemporaryDirectory() as folder:
            house = await build(Settings(data=Path(folder), udp_port=0))
            try:
                routes = sorted(_routes(house.api.routes, ""))
                return routes, house.channel.commands, house.api.openapi()
            finally:
                await house.close()

    return asyncio.run(read())


def _routes(routes: Iterable[typing.Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _routes(inner.routes, prefix + route.include_context.prefix)
            continue
        methods = sorted((getattr(route, "methods", None) or {"WebSocket"}) - {"HEAD"})
        if methods == ["OPTIONS"] or (methods == ["GET"] and route.path.startswith("/wh")):
            continue  # WHIP's and WHEP's formalities
        said = getattr(getattr(route, "endpoint", None), "__doc__", None) or ""
        summary = said.strip().partition("\n")[0]
        if isinstance(route, Mount):
            methods, summary = ["GET"], "Scripts, styles and pictures."
        yield prefix + route.path, ", ".join(methods), summary


def unfinished(routes: list[tuple[str, str, str]]) -> list[str]:
    """Return the routes whose docstring's first line is no complete sentence."""
    return [
        f"the docstring of {methods} {path} has no whole sentence in its first line: {summary!r}"
        for path, methods, summary in routes
        if not summary.endswith(".")
    ]


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined or field.default in ("", (), None, SecretStr("")):
        return "(empty)"
    if isinstance(field.default, tuple):
        return f"`{','.join(field.default)}`"
    return f"`{field.default}`"


def commands() -> set[str]:
    """Return every `farmlive` command, as it is typed."""
    group = get_command(cli)
    found: set[str] = set()
    for name, command in typing.cast("dict[str, typing.Any]", group.commands).items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {f"{name} {sub}" for sub in inner} if inner else {name}
    return found


def differences() -> list[str]:
    """Return the differences between the documents and the code."""
    wrong = []
    made = (
        (SETTINGS, settings_page()),
        (ROUTES, routes_page()),
        (COMMANDS, commands_page()),
        (ORDERS, order_page.page()),
        (CONFORMANCE, conformance_page()),
        (EVENTS, events_file()),
        (EVENT_TYPES, declarations()),
        (API_TYPES, api_types.declarations(_server()[2])),
        (REQUESTS, requests_of_commands()),
    )
    for page, text in made:
        if not page.exists() or page.read_text() != text:
            wrong.append(f"{page.relative_to(ROOT)} is stale: ./scripts/check --fix writes it")
    wrong += unfinished(every_route())
    pages = documents.documents(ROOT)
    wrong += documents.differences(ROOT)
    wrong += figures.differences(pages, FIGURES)
    prose = {page: page.read_text() for page in pages}
    known_settings = {f"FARMLIVE_{name.upper()}" for name in Settings.model_fields}
    for page, text in prose.items():
        # What begins with FARMLIVE_TEST_ is read by the tests alone.
        for name in sorted(
            set(re.findall(r"FARMLIVE_(?!TEST_)[A-Z0-9_]*[A-Z0-9]", text)) - known_settings
        ):
            wrong.append(f"{page.relative_to(ROOT)} names {name}, which is no setting")
        for name in sorted(set(re.findall(r"\./scripts/(\w+)", text))):
            if not (ROOT / "scripts" / name).exists():
                wrong.append(f"{page.relative_to(ROOT)} names ./scripts/{name}, which is not there")
    guide = "\n".join(prose.values())
    for command in sorted(commands()):
        if f"farmlive {command}" not in guide:
            wrong.append(f"no document tells of `farmlive {command}`")
    typed = set(re.findall(r"`farmlive ([a-z-]+(?: [a-z-]+)?)", guide))
    for words in sorted(typed):
        if words not in commands() and words.split()[0] not in commands():
            wrong.append(f"a document tells of `farmlive {words}`, which is no command")
    return wrong


def main() -> int:
    """Write or compare."""
    if "--write" in sys.argv:
        SETTINGS.write_text(settings_page())
        ROUTES.write_text(routes_page())
        COMMANDS.write_text(commands_page())
        ORDERS.write_text(order_page.page())
        CONFORMANCE.write_text(conformance_page())
        EVENTS.write_text(events_file())
        EVENT_TYPES.write_text(declarations())
        API_TYPES.write_text(api_types.declarations(_server()[2]))
        REQUESTS.write_text(requests_of_commands())
        for page in documents.documents(ROOT):
            page.write_text(figures.rendered(page.read_text(), FIGURES))
    wrong = differences()
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
