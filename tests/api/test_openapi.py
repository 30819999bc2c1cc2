"""The OpenAPI document: what a client is made from."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from tests.support import openapi_tools
from tests.support.plugins.undeclared_problems import watched

from farmlive.edge.contracts import raises
from farmlive.openapi import TAGS, Api
from farmlive.origin.core.problems import UnknownLot
from farmlive.people.core.cookies import Cookies
from farmlive.problems import MEDIA_TYPE, Invalid, NotFound, Problem, statuses, types
from farmlive.server import Server

pytestmark = pytest.mark.any_database

Operation = dict[str, Any]


@pytest.fixture
def document(server: Server) -> dict[str, Any]:
    return server.house.api.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    """The operations by method and path."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_it_is_valid(document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document), "utf-8")
    done = openapi_tools.run("openapi_spec_validator", "--schema", "3.1", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_operation_has_a_name_of_its_own_and_a_tag(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []
    assert [name for name, times in Counter(names).items() if times > 1] == []
    tags = {operation["operationId"]: operation["tags"] for _, operation in operations(document)}
    assert {name: found for name, found in tags.items() if found == [""]} == {}
    assert {each for found in tags.values() for each in found} == set(TAGS)
    assert [tag["name"] for tag in document["tags"]] == sorted(TAGS)


def test_each_operation_says_what_it_does(document: dict[str, Any]) -> None:
    for address, operation in operations(document):
        assert operation["description"].startswith(operation["summary"]), address
        security = operation.get("security", ())
        for roles in [each["api_key"] for each in security if each.get("api_key")]:
            assert operation["description"].endswith(f"Roles: {' or '.join(roles)}."), address


def test_no_schema_is_named_after_a_module(document: dict[str, Any]) -> None:
    names = list(document["components"]["schemas"])
    assert [name for name in names if not re.fullmatch(r"[A-Z][A-Za-z]*", name)] == []


def test_what_is_no_success_is_a_problem_with_its_types(document: dict[str, Any]) -> None:
    known = {(f"/problems/{kind.slug}", status) for kind in types() for status in statuses(kind)}
    for address, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) < 400:
                continue
            assert list(response["content"]) == [MEDIA_TYPE], address
            content = response["content"][MEDIA_TYPE]
            assert content["schema"]["$ref"] == "#/components/schemas/Problem"
            named = content["schema"]["properties"]["type"]["enum"]
            assert {(each, int(status)) for each in named} <= known, address
            assert len(response["description"].split(": ")) > len(named)
        for status in ("422", "421", "503", "500"):
            assert status in operation["responses"], address
        if "requestBody" in operation:
            assert {"400", "408", "413"} <= set(operation["responses"]), address
    problem = document["components"]["schemas"]["Problem"]
    assert problem["properties"]["errors"]["items"] == {"$ref": "#/components/schemas/FieldError"}


def test_credentials_are_described_and_changes_need_a_csrf_token(document: dict[str, Any]) -> None:
    for address, operation in operations(document):
        for each in operation.get("security", ()):
            assert set(each) <= set(document["components"]["securitySchemes"]), address
            if "session" in each and {} not in operation["security"]:
                assert ("csrf_token" in each) == (not address.startswith("GET ")), address
    assert document["paths"]["/whip/{broadcast}"]["post"]["security"] == [{"stream_key": []}]


def test_a_token_of_a_path_is_told_of(document: dict[str, Any]) -> None:
    found = {
        operation["operationId"]: parameter["description"]
        for _, operation in operations(document)
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "path" and parameter["name"] == "token"
    }
    assert "orders_place" in found["order_links_get"]
    assert len(found) > 8


async def test_a_key_is_mandatory_where_a_request_without_one_is_refused(
    server: Server, document: dict[str, Any]
) -> None:
    needed = set()
    for _, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "Idempotency-Key" and parameter["required"]:
                needed.add(operation["operationId"])
                limits = {each: parameter["schema"][each] for each in ("minLength", "maxLength")}
                assert limits == {"minLength": 16, "maxLength": 64}
    refused = {
        operation["operationId"]
        for _, operation in operations(document)
        if "key-missing" in operation["responses"].get("400", {}).get("description", "")
    }
    assert needed == refused == {"orders_place", "holds_place"}


async def test_a_problem_that_a_route_does_not_declare_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the fixture of every test stands on, which is not to find this one."""
    monkeypatch.setattr(Api, "__call__", FastAPI.__call__)
    api = Api(Cookies(secure=False))

    @api.exception_handler(Problem)
    async def answer(_request: Request, problem: Problem) -> Any:
        return JSONResponse(problem.body(), problem.status, media_type=MEDIA_TYPE)

    @api.get("/farms/{farm}", operation_id="farms_get")
    @raises(NotFound)
    async def farm(farm: str) -> None:
        raise {"none": NotFound, "lot": UnknownLot, "wrong": Invalid}[farm]("Not here.")

    transport = httpx.ASGITransport(api)
    with pytest.MonkeyPatch.context() as patched, watched(patched) as found:
        async with httpx.AsyncClient(transport=transport, base_url="http://farm.test") as client:
            await client.get("/farms/none")
            await client.get("/farms/wrong")
            assert found == []
            await client.get("/farms/lot")
    assert len(found) == 1
    assert "farms_get" in found[0]
    assert "/problems/unknown-lot" in found[0]
