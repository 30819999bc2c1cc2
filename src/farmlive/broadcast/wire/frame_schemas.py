"""The frames that a channel's server sends, as JSON Schemas for its AsyncAPI document."""

from collections.abc import Iterable
from typing import Any

from farmlive.broadcast.broadcast_state import CHAT_KEPT
from farmlive.broadcast.events.schema import event_schemas
from farmlive.broadcast.snapshot import STAFF_ORDERS

EVENT = {
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
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details. Other members are the type's own; GET its `type` "
    "tells of them.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "The first 20 errors in the message, for `/problems/invalid`.",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string", "description": "Such as `lines.0.quantity`."},
                    "code": {"type": "string", "description": "Such as `missing`."},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
IDENTITY = {"type": ["string", "integer", "null"], "description": "The message's `id`."}
# Members that only a channel's first frame has, welcome or events. After the server's clock was set
# back every frame has `now`, since the `at` of its events is ahead of the clock.
_FIRST = {
    "now": {"type": "integer", "description": "The server's clock, UTC milliseconds since 1970"},
    "you": {
        "type": "object",
        "description": "The identity of the client on this channel.",
        "required": ["role", "nickname"],
        "properties": {
            "role": {
                "type": ["string", "null"],
                "description": "Of the account or the API key; null for everyone else.",
            },
            "nickname": {
                "type": "string",
                "description": "The name beside the client's messages. Empty for one of the team "
                "without a display name: the role is shown instead.",
            },
        },
    },
}
SNAPSHOT = {
    "type": "object",
    "description": "The broadcast's state after the event `to`. The events after it change it. "
    "Events from before a field was added lack it.",
    "required": [
        *("broadcast", "paused", "source", "pinned"),
        *("offers", "chat", "answer", "audience", "orders"),
    ],
    "properties": {
        "broadcast": {
            "type": "object",
            "description": "As `broadcasts_get` answers it; times in RFC 3339.",
        },
        "paused": {"type": "boolean", "description": "Whether viewers wait for the camera."},
        "source": {
            "type": ["object", "null"],
            "description": "The camera that viewers see: its `id`, and the other fields of "
            "`source.switched`. Null before the first, and for staff once it has left.",
        },
        "pinned": {
            "type": ["string", "null"],
            "description": "The offer whose card is shown over the video.",
        },
        "offers": {
            "type": "array",
            "description": "The cards in the order of the bag. Each has its `id`, the fields of "
            "`offer.added` as later events changed them, `left`, and `flash`: the batch that is "
            "planned or runs, with its `id`, its `state` and the fields of `flash.planned`.",
            "items": {"type": "object", "required": ["id"]},
        },
        "chat": {
            "type": "array",
            "description": f"The last {CHAT_KEPT} messages that are not hidden, the oldest first: "
            "`seq` and `at` of the event, and the fields of `chat.said`.",
            "items": {"type": "object", "required": ["seq", "at"]},
        },
        "answer": {
            "type": ["object", "null"],
            "description": "The answer that viewers read over their chat: `at`, and the fields of "
            "`chat.answered`.",
        },
        "audience": {"type": "object", "description": "The fields of `audience.counted`."},
        "orders": {
            "type": "array",
            "description": "Holds and orders, the oldest first: the device's own, or for staff "
            f"and sellers the latest {STAFF_ORDERS} that they may see. Each has its `id`, `at` "
            "(when it was held or placed), and the fields of its `order.…` events; a refund's "
            "`amount` is `refunded`, too.",
            "items": {"type": "object", "required": ["id", "at"]},
        },
        "questions": {
            "type": "array",
            "description": "For staff alone: the questions to answer, the oldest first: `at`, and "
            "the fields of `chat.queued`.",
            "items": {"type": "object", "required": ["message", "at"]},
        },
        "rushes": {
            "type": "array",
            "description": "For staff alone: the offers in a rush, with the fields of "
            "`rush.began`.",
            "items": {"type": "object"},
        },
    },
}
# A reference to a schema of the document.
SCHEMA_REF = "#/components/schemas/{model}"


def frame(type_: str, required: Iterable[str], **properties: Any) -> dict[str, Any]:
    """Return a message with a payload of this type, its required members, and all of them."""
    return {
        "name": type_,
        "payload": {
            "type": "object",
            "required": ["type", *required],
            "properties": {"type": {"const": type_}, **properties},
        },
    }


PROBLEM_REF = {"$ref": SCHEMA_REF.format(model="Problem")}
FROM_SERVER = {
    "welcome": {
        **frame(
            "welcome",
            ["to", "now", "you", "snapshot"],
            to={"type": "integer"},
            **_FIRST,
            snapshot=SNAPSHOT,
        ),
        "summary": "The first frame, without `after` or where more was missed than is kept",
    },
    "events": {
        **frame(
            "events",
            ["to", "events"],
            to={"type": "integer"},
            **_FIRST,
            events={"type": "array", "items": {"$ref": SCHEMA_REF.format(model="Event")}},
        ),
        "summary": "New events; `to` is the last `seq` that the frame covers",
    },
    "heartbeat": {
        **frame("heartbeat", []),
        "summary": "The server is alive; every second, for one of the team that asked for it",
    },
    "refused": {
        **frame(
            "reply",
            ["id", "ok", "problem"],
            id=IDENTITY,
            ok={"const": False},
            problem=PROBLEM_REF,
        ),
        "summary": "The reply to a message that can't be read, or is no command",
    },
    "problem": {
        **frame("problem", ["problem"], problem=PROBLEM_REF),
        "summary": "Why the channel is closed after it",
    },
}
