"""Every list of the API comes by pages: `cursor` and `limit`, and `Link: rel="next"` (RFC 8288)."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from farmlive.edge.paging import MAX_LIMIT
from farmlive.server import Server

# What has lists in it and is no list: it is read, and where it can be it is set, as a whole.
WHOLE = {
    "/api/v1/broadcasts/{broadcast}/health",
    "/api/v1/broadcasts/{broadcast}/offers/{offer}/mispriced",
    "/api/v1/broadcasts/{broadcast}/review",
    "/api/v1/parcel-fees",
    "/api/v1/session/factors",
}


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def answer_of(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    content = operation["responses"].get("200", {}).get("content", {})
    return resolved(document, content.get("application/json", {}).get("schema", {}))


def of_things(document: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """The members that are lists of objects."""
    found = []
    for name, of in schema.get("properties", {}).items():
        inner = resolved(document, of.get("items", {})) if of.get("type") == "array" else {}
        if "properties" in inner or inner.get("type") == "object":
            found.append(name)
    return found


def lists(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The path, the operation and the answer of every list: a GET that names no one thing."""
    for path, item in document["paths"].items():
        operation = item.get("get")
        if operation is None or path in WHOLE or path.endswith("}"):
            continue
        answer = answer_of(document, operation)
        if of_things(document, answer):
            yield path, operation, answer


def searches(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The path, the body and the answer of every search."""
    for path, item in document["paths"].items():
        if path.endswith("/search") and not path.startswith("/api/v1/person/"):
            operation = item["post"]
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            yield path, resolved(document, body), answer_of(document, operation)


@pytest.fixture
async def staff(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    _, key = await server.house.people.create_api_key("test", "coordinator")
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        yield client


@pytest.fixture
async def document(staff: httpx.AsyncClient) -> dict[str, Any]:
    read: dict[str, Any] = (await staff.get("/openapi.json")).json()
    return read


@pytest.mark.any_database
async def test_every_list_comes_by_pages(document: dict[str, Any]) -> None:
    found = list(lists(document))
    assert len(found) > 20
    for path, operation, answer in found:
        taken = {each["name"]: each["schema"] for each in operation["parameters"]}
        assert taken["limit"]["maximum"] <= MAX_LIMIT == 200, path
        assert "cursor" in taken, path
        assert "next" in answer["properties"], path


@pytest.mark.any_database
async def test_every_search_comes_by_pages_in_its_body(document: dict[str, Any]) -> None:
    found = list(searches(document))
    assert found
    for path, body, answer in found:
        assert body["properties"]["limit"]["maximum"] <= MAX_LIMIT, path
        assert "cursor" in body["properties"], path
        assert "next" in answer["properties"], path


@pytest.mark.any_database
async def test_no_deletion_has_a_meaning_in_its_query(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        taken = item.get("delete", {}).get("parameters", [])
        assert [each["name"] for each in taken if each["in"] == "query"] == [], path


async def test_a_list_at_hand_whole_goes_on_behind_its_last_row(staff: httpx.AsyncClient) -> None:
    name = {"zh": "服务点", "en": ""}
    made = [
        (await staff.post("/api/v1/centres", json={"name": name, "address": name})).json()
        for _ in range(5)
    ]
    ids = [each["id"] for each in made]
    seen, path = [], "/api/v1/centres?limit=2"
    while path:
        answer = await staff.get(path)
        seen.append([each["id"] for each in answer.json()["centres"]])
        path = answer.links.get("next", {}).get("url", "")
    assert seen == [ids[:2], ids[2:4], ids[4:]]


async def test_the_log_goes_on_behind_its_last_event(staff: httpx.AsyncClient) -> None:
    title = {"zh": "直播", "en": ""}
    made = (await staff.post("/api/v1/broadcasts", json={"title": title})).json()
    for what in ("start", "end"):
        await staff.post(f"/api/v1/broadcasts/{made['id']}/{what}")
    path = f"/api/v1/broadcasts/{made['id']}/events"
    first = (await staff.get(path, params={"limit": 1})).json()
    assert [event["kind"] for event in first["events"]] == ["broadcast.started"]
    rest = (await staff.get(path, params={"cursor": first["next"]})).json()
    assert [event["kind"] for event in rest["events"]] == ["broadcast.ended"]
    assert (first["to"], rest["to"], rest["next"]) == (1, 2, None)
    after = (await staff.get(path, params={"cursor": rest["to"]})).json()
    assert (after["events"], after["to"]) == ([], 2)


@pytest.mark.parametrize("broadcast", ["NOPE", "01KB6Y3S8QJ4M1T9W2ZC5D7EFG"])
async def test_a_log_that_is_not_there_is_not_found(
    staff: httpx.AsyncClient, broadcast: str
) -> None:
    answer = await staff.get(f"/api/v1/broadcasts/{broadcast}/events")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/unknown-broadcast"
