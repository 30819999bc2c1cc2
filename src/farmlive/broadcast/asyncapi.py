"""The channel's AsyncAPI 3 document, made from the commands that are registered."""

from typing import Any

from farmlive.broadcast.channel import SUBPROTOCOL, Channel
from farmlive.broadcast.events.schema import event_schemas, schemas
from farmlive.broadcast.wire import TOO_MANY

_EVENT = {
    "type": "object",
    "required": ["seq", "at", "kind", "data"],
    "properties": {
        "seq": {"type": "integer", "minimum": 1},
        "at": {"type": "integer", "description": "UTC milliseconds since 1970"},
        "kind": {"type": "string"},
        "data": {"type": "object"},
    },
    "anyOf": [*event_schemas(), {"description": "A kind that came later; to be passed over."}],
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
_IDENTITY = {"type": ["string", "integer", "null"]}
# Further members of a channel's first frame, of either type. After the server's clock was set back
# every frame has `now`, since the `at` of its events is ahead of it.
_FIRST = {
    "now": {"type": "integer", "description": "The server's clock, UTC milliseconds since 1970"},
    "you": {"type": "object", "description": "The `role` and `nickname` that one is heard by"},
}


def _frame(type_: str, **properties: Any) -> dict[str, Any]:
    return {
        "name": type_,
        "payload": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"const": type_}, **properties},
        },
    }


_FROM_SERVER = {
    "welcome": _frame(
        "welcome",
        to={"type": "integer"},
        **_FIRST,
        snapshot={"type": "object"},
    ),
    "events": _frame(
        "events",
        to={"type": "integer"},
        **_FIRST,
        events={"type": "array", "items": _EVENT},
    ),
    "reply": _frame(
        "reply",
        id=_IDENTITY,
        ok={"type": "boolean"},
        result={"type": "object"},
        problem=_PROBLEM,
    ),
    "problem": _frame("problem", problem=_PROBLEM),
}


def document(channel: Channel) -> dict[str, Any]:
    """The AsyncAPI 3 document of the live channel."""
    ours: dict[str, Any] = {
        command.name: {
            "name": command.name,
            "summary": (command.model.__doc__ or "").strip().partition("\n")[0],
            "payload": command.model.model_json_schema(ref_template="#/$defs/{model}"),
            "x-who": command.who,
        }
        for command in channel.commands.values()
    }
    messages = {**_FROM_SERVER, **ours}
    where = "#/channels/live"
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "farmlive live channel",
            "version": "1",
            "description": (
                f"Subprotocol `{SUBPROTOCOL}`; one JSON object a text frame. A channel takes some "
                f"messages a second, more at once, and is closed with {TOO_MANY} where still more "
                "come; what was not answered can be sent again."
            ),
        },
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
                                }
                            },
                        }
                    }
                },
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "send": {
                "action": "send",
                "channel": {"$ref": where},
                "messages": [{"$ref": f"{where}/messages/{name}"} for name in _FROM_SERVER],
            },
            "receive": {
                "action": "receive",
                "channel": {"$ref": where},
                "messages": [{"$ref": f"{where}/messages/{name}"} for name in ours],
            },
        },
        "components": {"messages": messages, "schemas": schemas()},
    }
