"""The route of a command is made from its declaration, and asks for just what the channel does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal, Self

import httpx
import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator
from tests.support.parts import people_of
from tests.support.room_client import asked

from farmlive.command_routes import routes
from farmlive.commands import Command, Message, Nothing, StaffOnly
from farmlive.people import Caller, Guard
from farmlive.settings import Settings
from farmlive.shop.core.fields import Key
from farmlive.store import Store

pytestmark = pytest.mark.any_database

KEY = "a-key-of-a-test-0001"


class NewCrate(BaseModel):
    """A crate to set down."""

    model_config = ConfigDict(extra="forbid")

    boxes: Annotated[int, Field(ge=1)]
    note: str | None = None
    marks: list[str] = []

    @model_validator(mode="after")
    def _some_note(self) -> Self:
        if "note" in self.model_fields_set and not self.note:
            raise ValueError("Write a note, or leave it out.")
        return self


class CrateSet(NewCrate, Message):
    """Set a crate down.

    It stays there.
    """

    type: Literal["crate.set"] = "crate.set"
    barn: Annotated[int, Field(ge=1)]
    key: Key | None = None


class CratePlace(Message):
    """Place a crate."""

    type: Literal["crate.place"] = "crate.place"
    key: Key


class Crate(BaseModel):
    """A crate as it stands."""

    boxes: int


class Answers:
    """What was asked of a command, and by whom."""

    def __init__(self) -> None:
        self.asked: list[Message] = []
        self.callers: list[str | None] = []

    async def __call__(self, caller: Caller, broadcast: str, message: Any) -> dict[str, Any]:
        assert broadcast == "B"
        self.asked.append(message)
        self.callers.append(caller.role)
        return {} if isinstance(message, CratePlace) else {"boxes": 7}


@asynccontextmanager
async def served(
    store: Store, settings: Settings, *commands: Command[Any]
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    people = people_of(store, settings)
    async with asked(people, routes(commands, Guard(people))) as (viewer, staff):
        yield viewer, staff


def crate_set(answer: Any, **more: Any) -> Command[Any]:
    path = "POST /api/v1/broadcasts/{broadcast}/barns/{barn}/crates"
    return Command(CrateSet, answer, Crate, path, "crates_create", body=NewCrate, **more)


@pytest.mark.parametrize("body", [{"boxes": 3}, {"boxes": 3, "note": "ripe", "marks": ["a"]}])
@pytest.mark.parametrize("key", [None, KEY])
async def test_route_and_channel_make_the_same_message(
    store: Store, settings: Settings, body: dict[str, Any], key: str | None
) -> None:
    answers = Answers()
    async with served(store, settings, crate_set(answers)) as (viewer, _):
        headers = {"Idempotency-Key": key} if key else {}
        sent = await viewer.post("/api/v1/broadcasts/B/barns/4/crates", json=body, headers=headers)
    assert (sent.status_code, sent.json()) == (201, {"boxes": 7})
    on_the_channel = {"barn": 4, **body, **({"key": key} if key else {})}
    (message,) = answers.asked
    assert message == CrateSet.model_validate(on_the_channel)
    assert message.model_fields_set >= body.keys() | {"barn"}
    assert ("note" in message.model_fields_set) == ("note" in body)


@pytest.mark.parametrize(
    ("barn", "body", "key", "field"),
    [
        (0, {"boxes": 3}, KEY, "barn"),
        ("a", {"boxes": 3}, KEY, "barn"),
        (4, {"boxes": 0}, KEY, "boxes"),
        (4, {"boxes": 3, "note": None}, KEY, ""),
        (4, {"boxes": 3, "colour": "red"}, KEY, "colour"),
        (4, {"boxes": 3, "barn": 5}, KEY, "barn"),
        (4, {"boxes": 3}, "short", "Idempotency-Key"),
    ],
)
async def test_path_body_and_key_are_checked(
    store: Store, settings: Settings, barn: object, body: dict[str, Any], key: str, field: str
) -> None:
    answers = Answers()
    async with served(store, settings, crate_set(answers)) as (viewer, _):
        path, headers = f"/api/v1/broadcasts/B/barns/{barn}/crates", {"Idempotency-Key": key}
        answer = await viewer.post(path, json=body, headers=headers)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert answers.asked == []


async def test_a_key_that_must_be_there_is_asked_for(store: Store, settings: Settings) -> None:
    answers = Answers()
    command = Command(
        CratePlace,
        answers,
        Nothing,
        "POST /api/v1/broadcasts/{broadcast}/crates",
        "crates_create",
    )
    async with served(store, settings, command) as (viewer, _):
        path = "/api/v1/broadcasts/B/crates"
        for headers in ({}, {"Idempotency-Key": "short"}):
            answer = await viewer.post(path, headers=headers)
            assert (answer.status_code, answer.json()["type"]) == (400, "/problems/key-missing")
        answer = await viewer.post(path, headers={"Idempotency-Key": KEY})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answers.asked == [CratePlace(key=KEY)]


@pytest.mark.parametrize("role", ["crew", "staff"])
async def test_it_is_for_the_command_s_role(store: Store, settings: Settings, role: Any) -> None:
    answers = Answers()
    async with served(store, settings, crate_set(answers, role=role)) as (viewer, staff):
        path, body = "/api/v1/broadcasts/B/barns/4/crates", {"boxes": 3}
        assert (await viewer.post(path, json=body)).status_code == 401
        assert answers.asked == []
        assert (await staff.post(path, json=body)).status_code == 201
    assert answers.callers == ["coordinator"]


@pytest.mark.parametrize(
    ("http", "result", "makes", "status"),
    [
        ("POST /a", Crate, True, 201),
        ("POST /a", Crate, False, 200),
        ("POST /a", Nothing, True, 204),
        ("PUT /a", Crate, True, 200),
        ("PATCH /a", Crate, True, 200),
        ("DELETE /a", Crate, True, 204),
        ("DELETE /a", Nothing, True, 204),
    ],
)
def test_the_status_follows_from_the_method_and_the_result(
    http: str, result: type[BaseModel], makes: bool, status: int
) -> None:
    command = Command(CratePlace, Answers(), result, http, "crates_create", makes=makes)
    assert command.status == status


class CratePaint(Message):
    type: Literal["crate.paint"] = "crate.paint"
    colour: str


class CrateMove(NewCrate, Message):
    type: Literal["crate.move"] = "crate.move"

    @model_validator(mode="after")
    def _not_many(self) -> Self:
        return self


@pytest.mark.parametrize(
    ("model", "body", "named"),
    [
        (CratePaint, None, r"crate\.paint.* CratePaint .*with colour"),
        (CratePaint, NewCrate, r"crate\.paint.* CratePaint .*with colour"),
        (CratePlace, NewCrate, r"crate\.place.* CratePlace .*with no fields"),
        (CrateMove, None, r"crate\.move.* CrateMove .*with boxes, marks, note"),
        (CrateMove, NewCrate, r"crate\.move.*validators of CrateMove"),
    ],
)
def test_a_body_that_is_not_the_messages_is_named(
    model: Any, body: type[BaseModel] | None, named: str
) -> None:
    with pytest.raises(TypeError, match=named):
        Command(model, Answers(), Crate, "POST /{broadcast}/moves", "crates_move", body=body)


async def test_whoever_may_not_send_it_executes_nothing() -> None:
    """However it is called; and learns nothing of its fields."""
    answers = Answers()
    viewer = Caller(None, None, None, "a device", "192.0.2.1")
    for role in ("crew", "staff"):
        command = crate_set(answers, role=role)
        with pytest.raises(StaffOnly):
            command.parse(viewer, {"barn": "of no number"})
        with pytest.raises(StaffOnly):
            await command.execute(viewer, "B", CrateSet(barn=4, boxes=3))
    assert answers.asked == []
