"""Commands: what a client asks for on the live channel, and over HTTP by the same models.

A room declares each of its commands once, with its model, its role, its result and its problems, in
its own `commands.py`; app.py registers all of them with the channel. The channel's document and the
routes of the API (command_routes.py) are made of the declarations, and a test holds the pages'
words and the typed client against them. What a command does is the room's part.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from farmlive.edge.contracts import contract_of
from farmlive.people import Caller
from farmlive.people.core.problems import ApiKeyAboveOwner, ExpiredApiKey, UnknownApiKey
from farmlive.problems import Forbidden, Invalid, Problem, TooMany, Unavailable
from farmlive.store import CommitFailed, CommitUnknown, NewerDatabase, NotRead

MessageId = Annotated[str, Field(max_length=64)] | int | None
MESSAGE_ID: TypeAdapter[str | int | None] = TypeAdapter(MessageId)
# `crew` are coordinators, hosts and moderators; `staff` are the first two.
Role = Literal["anyone", "crew", "staff"]


def _require_type(schema: dict[str, Any]) -> None:
    """State in a message's schema that the channel reads no message without a `type`."""
    schema["required"] = ["type", *schema.get("required", [])]


class Message(BaseModel):
    """What every message of a client has: its type and, for the reply to carry, an id.

    A subclass gives `type` its one value as the default too: over HTTP the path says it.
    """

    model_config = ConfigDict(extra="ignore", json_schema_extra=_require_type)

    type: str
    id: MessageId = None


class Nothing(BaseModel):
    """The result of a command that answers nothing but that it was done."""


class KeyMissing(Problem):
    """A request by HTTP that needs an Idempotency-Key has none that can be used."""

    slug = "key-missing"
    title = "The request needs an Idempotency-Key"


class StaffOnly(Forbidden):
    """Someone tried what only a host, or a host and a moderator, may do."""

    slug = "staff-only"
    title = "Only the broadcast's staff may do that"

    def __init__(self, command: str, role: Role):
        whose = "hosts and moderators" if role == "crew" else "hosts"
        super().__init__(f"Nothing was done: {command} is for {whose}. Sign in as one at /sign-in.")


M = TypeVar("M", bound=Message)
Answer = Callable[[Caller, str, M], Awaitable[dict[str, Any]]]

_OF_ANY = (
    Invalid,
    TooMany,
    Unavailable,
    CommitFailed,
    CommitUnknown,
    NewerDatabase,
    NotRead,
)
_OF_ROLES = (StaffOnly, UnknownApiKey, ExpiredApiKey, ApiKeyAboveOwner)


@dataclass(frozen=True, slots=True)
class Command(Generic[M]):
    """One command: the model of its message, what answers it with which result, and its role.

    `answer` gets the caller, the broadcast and the message, and declares the problems that it
    raises beyond what any command may (`contracts.raises`). `http` is the request that asks for the
    same, its method and path, in which `{broadcast}` and fields of the message stand; `operation`
    is its operation id. A POST makes something, unless `makes` is false. `tells` are the kinds of
    events that it may make; more may follow for others, as for the waiting list, or where a rush
    begins. A command that not everyone may send is noted in the audit list under its name.
    """

    model: type[M]
    answer: Answer[M]
    result: type[BaseModel]
    http: str
    operation: str
    role: Role = "anyone"
    tells: tuple[str, ...] = ()
    makes: bool = True

    @property
    def name(self) -> str:
        """The `type` of its messages, such as `order.place`."""
        return str(self.model.model_fields["type"].default)

    @property
    def problems(self) -> tuple[type[Problem], ...]:
        """All that it may be refused with, its own first."""
        own = contract_of(self.answer).problems
        return own + _OF_ANY + (() if self.role == "anyone" else _OF_ROLES)

    @property
    def status(self) -> int:
        """The HTTP status of its answer: a DELETE has no body, as what answers Nothing."""
        if self.result is Nothing or self.http.startswith("DELETE "):
            return 204
        return 201 if self.makes and self.http.startswith("POST ") else 200

    def check(self, caller: Caller) -> None:
        """Raise StaffOnly where the caller may not send it."""
        may = {"anyone": True, "crew": caller.is_crew, "staff": caller.is_staff}
        if not may[self.role]:
            raise StaffOnly(self.name, self.role)

    async def run(self, caller: Caller, broadcast: str, message: M) -> dict[str, Any]:
        """Do it and return its result, as JSON has it. Raises `problems`."""
        return await self.answer(caller, broadcast, message)
