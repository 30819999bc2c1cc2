"""Every command of the live channel is whole: declared, documented, in words, in the typed client
and in the API.

What is forgotten of a command is named.
"""

import ast
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

import httpx
import pytest
from tests.support.clerks import role_key
from tests.support.every_route import PROXIED, Address, stock
from websockets.asyncio.client import connect

from farmlive.broadcast.asyncapi import document
from farmlive.client import commands as client_commands
from farmlive.client.requests_of_commands import REQUESTS
from farmlive.commands import Command, Message, Nothing
from farmlive.edge.contracts import raises
from farmlive.pages.audit.sentences import SENTENCES
from farmlive.pages.rendering.static import WEB
from farmlive.people import Caller
from farmlive.people.core.problems import ApiKeyAboveOwner, ExpiredApiKey, UnknownApiKey
from farmlive.people.core.roles import KeyRole
from farmlive.problems import Conflict
from farmlive.server import Server

pytestmark = pytest.mark.any_database

STATIC = WEB / "static"
# A page sends no API key.
OF_PROGRAMS = {UnknownApiKey, ExpiredApiKey, ApiKeyAboveOwner}


def spoken(script: str) -> set[str]:
    """The problems that a script has words for, by the last part of their type."""
    text = (STATIC / script).read_text("utf-8")
    return {*re.findall(r'^  "?([a-z-]+)"?: ', text, re.M), *re.findall(r'case "([a-z-]+)":', text)}


class Words:
    """The words that pages have for what staff did, and for what was refused."""

    def __init__(self) -> None:
        self.viewers = spoken("lib/format/problems.js")
        self.staff = (
            self.viewers
            | spoken("lib/format/staff-sentences.js")
            | spoken("pages/console/cameras/sources.js")
        )

    def missing(self, command: Command[Any]) -> Iterator[str]:
        if command.role != "anyone" and command.name not in SENTENCES:
            yield "pages/audit/sentences.py has no words for it"
        if command.role == "anyone" and command.name in SENTENCES:
            yield "it has words in the audit list, and is for anyone: give it its role"
        for problem in command.problems:
            if problem in OF_PROGRAMS:
                continue
            if problem.slug not in (self.viewers if command.role == "anyone" else self.staff):
                yield f"no page has words for its problem {problem.slug}"


class Client:
    """What the typed clients send and ask for, read from their source."""

    def __init__(self) -> None:
        self.sent: dict[str, tuple[set[str], bool]] = {}
        for call in ast.walk(ast.parse(inspect.getsource(client_commands))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                continue
            if call.func.attr in ("call", "_call_with_retries") and isinstance(
                call.args[0], ast.Constant
            ):
                named = {each.arg for each in call.keywords if each.arg}
                more = any(each.arg is None for each in call.keywords)
                keyed = {"key"} if call.func.attr == "_call_with_retries" else set()
                self.sent[str(call.args[0].value)] = (named - {"timeout_s"} | keyed, more)

    def missing(self, command: Command[Any]) -> Iterator[str]:
        if REQUESTS.get(command.name) != command.http:
            yield "client/requests_of_commands.py does not have it so: ./scripts/check --fix"
        if command.name not in self.sent:
            yield "client/commands.py has no call for it"
            return
        named, more = self.sent[command.name]
        fields = command.model.model_fields
        if unknown := named - set(fields):
            yield f"client/commands.py sends {unknown}, which its message does not have"
        needed = {name for name, each in fields.items() if each.is_required()}
        if not more and (without := needed - named):
            yield f"client/commands.py does not send {without}"


def model_of(operation: dict[str, Any]) -> str | None:
    """The name of the schema of an operation's answer; None where it has no body."""
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            content = answer.get("content", {}).get("application/json", {})
            return content.get("schema", {}).get("$ref", "").rpartition("/")[2] or None
    return None


def missing_in_api(command: Command[Any], paths: dict[str, Any]) -> Iterator[str]:
    method, _, path = command.http.partition(" ")
    operation = paths.get(path, {}).get(method.lower())
    if operation is None:
        yield f"the API has no {command.http}"
        return
    answer = model_of(operation)
    if answer not in (None, command.result.__name__):
        yield f"{command.http} answers {answer}, not {command.result.__name__}"
    keyed = any(
        each["name"].lower() == "idempotency-key" for each in operation.get("parameters", ())
    )
    if keyed != ("key" in command.model.model_fields):
        yield f"of its message and {command.http} only one takes a key"


def missing_in_document(command: Command[Any], described: dict[str, Any]) -> Iterator[str]:
    messages, schemas = described["components"]["messages"], described["components"]["schemas"]
    for name in (command.name, f"{command.name}.done", f"{command.name}.refused"):
        if name not in messages:
            yield f"the document has no message {name}"
        elif name not in described["channels"]["live"]["messages"]:
            yield f"the document's channel has no message {name}"
    if command.name not in described["operations"]:
        yield "the document has no such operation"
    payload = messages.get(command.name, {}).get("payload", {})
    shape = schemas.get(payload.get("$ref", "").rpartition("/")[2], {})
    if shape.get("properties", {}).get("type", {}).get("const") != command.name:
        yield "its message has no type in the document"
    if "type" not in shape.get("required", ()) or "id" not in shape.get("properties", {}):
        yield "its message has no id in the document"
    if not re.match(r"\S.*[.]$", messages.get(command.name, {}).get("summary", "")):
        yield "its model's docstring has no whole sentence in its first line"


def missing(server: Server, commands: Iterable[Command[Any]]) -> list[str]:
    """What is missing of these commands."""
    words, client, described = Words(), Client(), document(server.house.channel)
    paths = server.house.api.openapi()["paths"]
    return [
        f"{command.name}: {part}"
        for command in commands
        for part in (
            *words.missing(command),
            *client.missing(command),
            *missing_in_document(command, described),
            *missing_in_api(command, paths),
        )
    ]


def of_the_house(model: type[Message]) -> Iterator[type[Message]]:
    """Every message that a room has a type for."""
    for each in model.__subclasses__():
        named = get_args(each.model_fields["type"].annotation)
        if each.__module__.startswith("farmlive.") and named:
            assert named == (each.model_fields["type"].default,), f"{each}: a default for its type"
            yield each
        yield from of_the_house(each)


async def test_every_message_is_registered_as_a_command(server: Server) -> None:
    registered = {command.model for command in server.house.channel.commands.values()}
    forgotten = {each.__name__ for each in of_the_house(Message)} - {
        each.__name__ for each in registered
    }
    assert forgotten == set(), "register them in the commands.py of their room"


async def test_every_command_is_whole(server: Server) -> None:
    commands = server.house.channel.commands
    assert {"order.place", "card.pin", "source.switch"} <= set(commands)
    assert missing(server, commands.values()) == []


class Unsaid(Conflict):
    """A problem that no page speaks of."""

    slug = "unsaid"
    title = "Nobody says so"


class Forgotten(Message):
    type: Literal["some.thing"] = "some.thing"
    key: str


async def test_what_is_forgotten_of_a_command_is_named(server: Server) -> None:
    @raises(Unsaid)
    async def answer(_caller: Caller, _broadcast: str, _message: Forgotten) -> dict[str, Any]:
        return {}

    command = Command(
        Forgotten, answer, Nothing, "POST /api/v1/things", "things_create", role="staff"
    )
    assert missing(server, [command]) == [
        "some.thing: pages/audit/sentences.py has no words for it",
        "some.thing: no page has words for its problem unsaid",
        "some.thing: client/requests_of_commands.py does not have it so: ./scripts/check --fix",
        "some.thing: client/commands.py has no call for it",
        "some.thing: the document has no message some.thing",
        "some.thing: the document has no message some.thing.done",
        "some.thing: the document has no message some.thing.refused",
        "some.thing: the document has no such operation",
        "some.thing: its message has no type in the document",
        "some.thing: its message has no id in the document",
        "some.thing: its model's docstring has no whole sentence in its first line",
        "some.thing: the API has no POST /api/v1/things",
    ]


@pytest.mark.parametrize("role", [None, *get_args(KeyRole)])
async def test_channel_and_api_are_for_the_same_roles(server: Server, role: KeyRole | None) -> None:
    shop = await stock(server)
    headers = dict(PROXIED)
    if role is not None:
        farms = [shop.known["farm"]] if role == "seller" else []
        headers["Authorization"] = f"Bearer {await role_key(server.house, role, farms)}"
    url = f"{server.url.replace('http', 'ws')}/api/v1/broadcasts/{shop.known['broadcast']}/live"
    by_channel, by_api = {}, {}
    async with (
        httpx.AsyncClient(base_url=server.url, headers=headers) as client,
        connect(url, additional_headers=headers, subprotocols=["farmlive.v1"]) as socket,  # type: ignore[list-item]
    ):
        for name, command in server.house.channel.commands.items():
            method, _, path = command.http.partition(" ")
            address = Address(method, path)
            # What is no such thing is refused after it is known who asks.
            answer = await client.request(method, address.url(shop.known), json={"no": "thing"})
            by_api[name] = answer.status_code not in (401, 403)
            await socket.send(json.dumps({"type": name, "no": "thing"}))
            while (reply := json.loads(await socket.recv()))["type"] != "reply":
                pass
            by_channel[name] = reply.get("problem", {}).get("type") != "/problems/staff-only"
    assert by_api == by_channel
