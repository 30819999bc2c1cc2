"""Encodes the channel's replies to messages, and reads the `id` of a message that is refused
unread.
"""

from typing import Any

from pydantic import ValidationError

from farmlive import compact_json
from farmlive.commands import MESSAGE_ID
from farmlive.problems import Problem

# Bytes of a message that are searched for its `id`: most orders have a tenth of this, a flood may
# send more.
MOST_READ = 8_192


def identity_of(id_: Any) -> str | int | None:
    """Return the message's `id` if it is a valid one, else None."""
    try:
        return MESSAGE_ID.validate_python(id_, strict=True)
    except ValidationError:
        return None


def failure(identity: str | int | None, problem: Problem) -> dict[str, Any]:
    """Return the failure reply for a message."""
    return {"type": "reply", "id": identity, "ok": False, "problem": problem.body()}


def refusal(message: bytes, problem: Problem) -> bytes:
    """Encode the failure reply for a message that is refused unread."""
    identity = None
    if len(message) <= MOST_READ:
        try:
            read = compact_json.decode(message)
        except ValueError:
            read = None
        if isinstance(read, dict):
            identity = identity_of(read.get("id"))
    return compact_json.encode(failure(identity, problem))


def problem(problem: Problem) -> bytes:
    """Encode the problem that closes a channel."""
    return compact_json.encode({"type": "problem", "problem": problem.body()})
