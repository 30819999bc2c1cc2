"""Replies: what the channel answers to a message, as frames without their head; and what a refusal
needs of the message, its `id`.
"""

from typing import Any

from pydantic import ValidationError

from farmlive import compact_json
from farmlive.commands import MESSAGE_ID
from farmlive.problems import Problem

# Bytes of a message whose `id` a refusal reads: most orders have a tenth; a flood may send more.
MOST_READ = 8_192


def identity_of(id_: Any) -> str | int | None:
    """The message's `id`, where it is one."""
    try:
        return MESSAGE_ID.validate_python(id_, strict=True)
    except ValidationError:
        return None


def failure(identity: str | int | None, problem: Problem) -> dict[str, Any]:
    """The reply to a message that was refused."""
    return {"type": "reply", "id": identity, "ok": False, "problem": problem.body()}


def refusal(message: bytes, problem: Problem) -> bytes:
    """The reply to a message that nobody reads."""
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
    """What ends a channel."""
    return compact_json.encode({"type": "problem", "problem": problem.body()})
