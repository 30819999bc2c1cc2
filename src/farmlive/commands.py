"""Commands: what a client requests on the live channel, and over HTTP with the same models.

A room declares each of its commands once, with its model, role, result and problems, in its own
`commands.py`; the channel is built with all of them (composition/rooms.py). The channel's document
and the API's routes (command_routes.py) are generated from the declarations, and a test compares
the pages' texts and the typed client with them. Rooms implement the commands.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
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
# Who may send a command: `Caller.is_crew` and `Caller.is_staff` say who they are.
RequiredRole = Literal["anyone", "crew", "staff"]
# The path of a broadcast in the API, below which most commands have theirs.
IN_BROADCAST = "/api/v1/broadcasts/{broadcast}"


def _require_type(schema: dict[str, Any]) -> None:
    """Declare in a message's schema that `type` is required on the channel."""
    schema["required"] = ["type", *schema.get("required", [])]


class Message(BaseModel):
    """The fields of every message of a client: its type and, for the reply, an id.

    A subclass gives `type` its one value as the default, too: over HTTP the path implies it.
    """

    model_config = ConfigDict(extra="ignore", json_schema_extra=_require_type)

    type: str
    id: MessageId = None


class Nothing(BaseModel):
    """The empty result of a command."""


class KeyMissing(Problem):
    """A request over HTTP needs an Idempotency-Key and has no usable one."""

    slug = "key-missing"
    title = "The request needs an Idempotency-Key"


class StaffOnly(Forbidden):
    """The command is reserved for the host, or for the host and moderators."""

    slug = "staff-only"
    title = "Only the broadcast's staff may do that"

    def __init__(self, command: str, role: RequiredRole):
        whose = "hosts and moderators" if role == "crew" else "hosts"
        super().__init__(f"Nothing was done: {command} is for {whose}. Sign in as one at /sign-in.")


M = TypeVar("M", bound=Message)
_IN_BRACES = re.compile(r"{(\w+)}")
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
    """One command: the model of its message, the function that executes it, its result, and its
    role.

    `answer` gets the caller, the broadcast and the message, and declares the problems that it
    raises in addition to those of every command (`contracts.raises`). `http` is the equivalent
    request's method and path, with `{broadcast}` and fields of the message; `operation` is its
    operation id. `body` is the model of the request's body, which the message extends: it has all
    fields that are neither in the path nor a `key`, and all validators; None if there are no such
    fields. A POST creates something, unless `makes` is false. `tells` are the kinds of events that
    it may append; more may follow for others, such as the waiting list, or when a rush begins. A
    command that not everyone may send is recorded in the audit log under its name.

    Raises TypeError for another body: a route validates only that, and not the message again.
    """

    model: type[M]
    answer: Answer[M]
    result: type[BaseModel]
    http: str
    operation: str
    role: RequiredRole = "anyone"
    tells: tuple[str, ...] = ()
    makes: bool = True
    body: type[BaseModel] | None = None

    def __post_init__(self) -> None:
        wanted = self.model.model_fields.keys() - Message.model_fields.keys() - self._not_in_body
        found = self.body.model_fields.keys() if self.body else set()
        extends = self.body is None or issubclass(self.model, self.body)
        if found != wanted or not extends:
            raise TypeError(
                f"{self.name}: let {self.model.__name__} extend a model of its body, with "
                f"{', '.join(sorted(wanted)) or 'no fields'}: what {self.http} takes besides path "
                "and key"
            )
        if _validators(self.model) - (_validators(self.body) if self.body else set()):
            raise TypeError(
                f"{self.name}: put the validators of {self.model.__name__} into the model of its "
                "body"
            )

    @property
    def in_path(self) -> set[str]:
        """The names in the request's path: `broadcast`, and fields of the message."""
        return set(_IN_BRACES.findall(self.http))

    @property
    def _not_in_body(self) -> set[str]:
        return self.in_path | {"key"}

    @property
    def name(self) -> str:
        """The `type` of its messages, such as `order.place`."""
        return str(self.model.model_fields["type"].default)

    @property
    def problems(self) -> tuple[type[Problem], ...]:
        """All problems that it may raise, its own first."""
        own = contract_of(self.answer).problems
        return own + _OF_ANY + (() if self.role == "anyone" else _OF_ROLES)

    @property
    def status(self) -> int:
        """The HTTP status of its response: 204 for a DELETE or a result Nothing."""
        if self.result is Nothing or self.http.startswith("DELETE "):
            return 204
        return 201 if self.makes and self.http.startswith("POST ") else 200

    def parse(self, caller: Caller, fields: Mapping[str, Any]) -> M:
        """Validate the fields of a message, whose type is known to be this command's.

        Raises StaffOnly if the caller may not send it, and only then ValidationError.
        """
        self._authorize(caller)
        return self.model.model_validate(fields)

    async def execute(self, caller: Caller, broadcast: str, message: M) -> dict[str, Any]:
        """Execute it and return its result, ready for JSON.

        Raises `problems`, StaffOnly among them if the caller may not send it.
        """
        self._authorize(caller)
        return await self.answer(caller, broadcast, message)

    def _authorize(self, caller: Caller) -> None:
        may = {"anyone": True, "crew": caller.is_crew, "staff": caller.is_staff}
        if not may[self.role]:
            raise StaffOnly(self.name, self.role)


def _validators(model: type[BaseModel]) -> set[str]:
    found = model.__pydantic_decorators__
    return {*found.model_validators, *found.field_validators}
