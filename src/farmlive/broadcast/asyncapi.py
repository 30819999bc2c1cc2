"""The AsyncAPI 3 document of the live channel, generated from the kinds of events and the
registered commands; `wire.frame_schemas` has its frames. It lists the problem types that a command
declares; a handler raises no others.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from farmlive.broadcast.channel import SUBPROTOCOL, Channel
from farmlive.broadcast.events.schema import schemas
from farmlive.broadcast.wire.frame_schemas import (
    EVENT,
    FROM_SERVER,
    IDENTITY,
    PROBLEM,
    PROBLEM_REF,
    SCHEMA_REF,
    frame,
)
from farmlive.broadcast.wire.ws_protocol import TOO_MANY
from farmlive.commands import Command
from farmlive.people.core import devices, sessions
from farmlive.people.core.cookies import Cookies
from farmlive.settings import Settings

_LIVE = "#/channels/live"


def document(channel: Channel) -> dict[str, Any]:
    """Return the AsyncAPI 3 document of the live channel."""
    commands = sorted(channel.commands.values(), key=lambda command: command.name)
    shapes = _Shapes(commands)
    cookies = Cookies(secure=channel.settings.secure)
    messages = {**FROM_SERVER}
    operations: dict[str, Any] = {
        "follow": {
            "action": "send",
            "channel": {"$ref": _LIVE},
            "summary": "Frames that the server sends unasked.",
            "messages": [_message(name) for name in FROM_SERVER],
        }
    }
    for command in commands:
        messages |= _messages(command, shapes)
        operations[command.name] = _operation(command)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "farmlive live channel",
            "version": "1",
            "description": (
                f"Subprotocol `{SUBPROTOCOL}`; one JSON object a text frame. A channel takes some "
                f"messages a second, more at once, and is closed with {TOO_MANY} where still more "
                "come; what was not answered can be sent again. Examples are values of single "
                "fields: those of one event need not fit together."
            ),
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": "application/json",
        "servers": {"this": _server(channel.settings)},
        "channels": {
            "live": {
                "address": "/api/v1/broadcasts/{broadcast}/live",
                "parameters": {"broadcast": {"description": "The broadcast's id, a ULID."}},
                "bindings": {
                    "ws": {
                        "query": {
                            "type": "object",
                            "properties": {
                                "after": {
                                    "type": "string",
                                    "description": "The `to` of the last frame: what was missed "
                                    "is sent first.",
                                },
                                "heartbeat": {
                                    "type": "string",
                                    "description": "Present: send one of the team a `heartbeat` "
                                    "every second. A client that hears none for some seconds "
                                    "knows that what it shows is old.",
                                },
                            },
                        },
                        "headers": _headers(cookies),
                    }
                },
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": {
                "Event": EVENT,
                "Problem": PROBLEM,
                **schemas(),
                **shapes.definitions,
            },
            "securitySchemes": _security_schemes(cookies),
            "correlationIds": {
                "id": {
                    "description": "A reply carries the `id` of its message.",
                    "location": "$message.payload#/id",
                }
            },
        },
    }


def _server(settings: Settings) -> dict[str, Any]:
    scheme, _, host = settings.url.partition("://")
    return {
        "host": host,
        "protocol": "wss" if scheme == "https" else "ws",
        "description": "This server. Without FARMLIVE_PUBLIC_URL it answers under any other host, "
        "too. Viewers need none of the credentials.",
        "security": [
            {"$ref": f"#/components/securitySchemes/{name}"} for name in ("api_key", "session")
        ],
    }


def _security_schemes(cookies: Cookies) -> dict[str, Any]:
    return {
        "api_key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, in the handshake's `Authorization` header.",
        },
        "session": {
            "type": "httpApiKey",
            "in": "cookie",
            "name": cookies.name(sessions.COOKIE),
            "description": "A signed-in browser, by `session_sign_in`.",
        },
    }


def _headers(cookies: Cookies) -> dict[str, Any]:
    """Return the optional headers of the handshake besides the credentials."""
    device = cookies.name(devices.COOKIE)
    return {
        "type": "object",
        "properties": {
            "Cookie": {
                "type": "string",
                "description": f"`{device}` names the device, beside an API key, too; the answer "
                "to a handshake without it sets it. Holds, places in waiting lists and the chat "
                "belong to the device, and its own orders are told to it.",
            }
        },
    }


class _Shapes:
    """The JSON Schemas of all messages and results: `definitions` by name.

    `of` refers to each model's schema, as input or as output. A model of the API is prefixed with
    `Api` where a part of an event has the same name.
    """

    def __init__(self, commands: Iterable[Command[Any]]):
        wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
        for command in commands:
            wanted[command.model, "validation"] = None
            wanted[command.result, "serialization"] = None
        of, found = models_json_schema(list(wanted), ref_template=SCHEMA_REF)
        definitions: dict[str, Any] = found["$defs"]
        named = {name: f"Api{name}" for name in definitions.keys() & schemas().keys()}
        self.of = _renamed(of, named)
        self.definitions: dict[str, Any] = {
            named.get(name, name): _renamed(each, named) for name, each in definitions.items()
        }


def _renamed(schema: Any, named: dict[str, str]) -> Any:
    """Return a schema, or several, with references renamed."""
    if isinstance(schema, dict):
        return {
            key: SCHEMA_REF.format(model=named.get(name := each.rpartition("/")[2], name))
            if key == "$ref"
            else _renamed(each, named)
            for key, each in schema.items()
        }
    return [_renamed(each, named) for each in schema] if isinstance(schema, list) else schema


def _summary(command: Command[Any]) -> str:
    """Return the first line of a message's docstring."""
    return (command.model.__doc__ or "").strip().partition("\n")[0]


def _messages(command: Command[Any], shapes: _Shapes) -> dict[str, Any]:
    """Return a command's messages: request, reply, and failure with the possible problem types."""
    correlated = {"correlationId": {"$ref": "#/components/correlationIds/id"}}
    types = sorted({f"/problems/{problem.slug}" for problem in command.problems})
    done = frame(
        "reply",
        ["id", "ok", "result"],
        id=IDENTITY,
        ok={"const": True},
        result=shapes.of[command.result, "serialization"],
    )
    refused = frame(
        "reply",
        ["id", "ok", "problem"],
        id=IDENTITY,
        ok={"const": False},
        problem={"allOf": [PROBLEM_REF, {"properties": {"type": {"enum": types}}}]},
    )
    return {
        command.name: {
            "name": command.name,
            "summary": _summary(command),
            "payload": shapes.of[command.model, "validation"],
            **correlated,
        },
        f"{command.name}.done": {**done, "summary": f"`{command.name}` was done", **correlated},
        f"{command.name}.refused": {
            **refused,
            "summary": f"`{command.name}` was refused; nothing was changed",
            **correlated,
        },
    }


def _operation(command: Command[Any]) -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": {"$ref": _LIVE},
        "summary": _summary(command),
        "messages": [_message(command.name)],
        "reply": {
            "channel": {"$ref": _LIVE},
            "messages": [_message(f"{command.name}.{which}") for which in ("done", "refused")],
        },
        "x-role": command.role,
        "x-events": list(command.tells),
        "x-http": command.http,
    }


def _message(name: str) -> dict[str, str]:
    return {"$ref": f"{_LIVE}/messages/{name}"}
