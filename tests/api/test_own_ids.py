"""An object's own id is `id`, in the answers of the API and of the channel."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from farmlive.server import Server

pytestmark = pytest.mark.any_database

# What has no id of its own, by the name of its schema.
WITHOUT = {
    "Corrected": "what came of putting an offer's price right",
    "EventSeq": "an event is known by its `seq`",
    "FactorAdded": "the recovery codes that come with a second factor",
    "GuestKey": "a stream key as its guest gets it, who has it by the link alone",
    "Invited": "what a link invites to, whose token its guest has",
    "KeptPicture": "a file is known by its URL",
    "LoggedEvent": "an event is known by its `seq`",
    "Nothing": "that it was done",
    "OpenedCard": "the card is within, and has its id",
    "RefusalAnswer": "a count of refusals",
    "Stock": "how an offer stands",
    "StopReason": "a finding has an id, and what is missing has none",
    "Story": "the lot is within, and has its id",
    "Waiting": "a device's place in an offer's waiting list",
}
# What is called like its kind and is no id.
NO_ID = {"GuestKey": "key", "KeptPicture": "picture", "MadePassword": "password"}
Schema = dict[str, Any]


class Document:
    """An OpenAPI or AsyncAPI document."""

    def __init__(self, read: Schema):
        self.read = read

    def objects(self, schema: Schema) -> Iterator[tuple[str, Schema]]:
        """The objects that a schema stands for, by their names."""
        while "$ref" in schema:
            schema = self.read["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for each in schema.get("anyOf", ()):
            yield from self.objects(each)
        if schema.get("type") == "object":
            yield schema.get("title", "").removeprefix("Api"), schema

    def listed(self, schema: Schema) -> Iterator[tuple[str, Schema]]:
        """The objects in the lists of an object."""
        for of in schema.get("properties", {}).values():
            yield from self.objects(of.get("items", {}))

    def with_parts(self, schema: Schema) -> Iterator[tuple[str, Schema]]:
        """The objects that a schema stands for, and those within them."""
        for name, found in self.objects(schema):
            yield name, found
            for of in found.get("properties", {}).values():
                for part in (of, *of.get("anyOf", ()), of.get("items", {})):
                    yield from self.with_parts(part)


@pytest.fixture
async def documents(server: Server) -> tuple[Document, Document]:
    async with httpx.AsyncClient(base_url=server.url) as client:
        http, channel = [await client.get(f"/{name}.json") for name in ("openapi", "asyncapi")]
    return Document(http.json()), Document(channel.json())


def answers(document: Document) -> Iterator[tuple[str, str, str, Schema]]:
    """The method, the path, the status and the schema of every answer in JSON."""
    for path, item in document.read["paths"].items():
        for method, operation in item.items():
            for status, answer in operation["responses"].items():
                content = answer.get("content", {}).get("application/json")
                if status.startswith("2") and content is not None:
                    yield method, path, status, content["schema"]


def results(document: Document) -> Iterator[tuple[str, Schema]]:
    """The name and the schema of the result of every command."""
    for name, message in document.read["components"]["messages"].items():
        if name.endswith(".done"):
            yield name, message["payload"]["properties"]["result"]


def things(document: Document) -> Iterator[tuple[str, str, Schema]]:
    """What the API lists, makes, changes and shows: where, its name and its schema."""
    for method, path, status, schema in answers(document):
        where = f"{method} {path}"
        for name, found in document.objects(schema):
            if "next" in found.get("properties", {}):
                yield from ((where, *each) for each in document.listed(found))
            elif status == "201" or method == "patch" or (method == "get" and path.endswith("}")):
                yield where, name, found


async def test_what_is_listed_made_and_shown_has_an_id(
    documents: tuple[Document, Document],
) -> None:
    http, channel = documents
    found = list(things(http))
    for where, result in results(channel):
        found += [(where, *each) for each in channel.objects(result)]
    assert len(found) > 100
    without = [each for each in found if "id" not in each[2].get("properties", {})]
    assert [each for each in without if each[1] not in WITHOUT] == []
    assert set(WITHOUT) - {name for _, name, _ in without} == set()


async def test_nothing_names_itself_by_its_kind(documents: tuple[Document, Document]) -> None:
    """As a `CardFlash` whose id would be `flash`."""
    http, channel = documents
    found = [each for *_, schema in answers(http) for each in http.with_parts(schema)]
    for _, result in results(channel):
        found += channel.with_parts(result)
    assert len(found) > 200
    for name, schema in found:
        properties = schema.get("properties", {})
        if "id" not in properties:
            texts = [each for each, of in properties.items() if of.get("type") == "string"]
            own = [each for each in texts if name.lower().endswith(each.replace("_", ""))]
            assert [each for each in own if NO_ID.get(name) != each] == [], name
