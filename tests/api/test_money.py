"""Money is `{amount, currency}` in every request and every answer, over HTTP and on the channel."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from farmlive.broadcast.asyncapi import document
from farmlive.server import Server

# A field that is named like this, or says this of itself, is money or has it.
MONEY = re.compile(r"price|amount|fee|total|cost|sum|money|refund|minor units|currency", re.I)
# What stays an integer: of an order's or a hold's lines, since an order has one currency, that of
# its offers, which its total names.
LINES = {"lines.[].price", "lines.[].total"}
OF_ORDERS = {"orders_place", "order.place", "holds_place", "hold.place"}

Found = Iterator[tuple[tuple[str, ...], dict[str, Any]]]


def fields(document: dict[str, Any], schema: dict[str, Any], path: tuple[str, ...] = ()) -> Found:
    """Every field of a body, at any depth, with its path; within money there is nothing to find."""
    if "$ref" in schema:
        named = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if set(named.get("properties", ())) != {"amount", "currency"}:
            yield from fields(document, named, path)
        return
    for name, of in schema.get("properties", {}).items():
        yield (*path, name), of
        yield from fields(document, of, (*path, name))
    for several in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(several, ()):
            yield from fields(document, each, path)
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            yield from fields(document, schema[inner], (*path, "[]"))


def numbers(schema: dict[str, Any]) -> bool:
    """Whether a field takes a number."""
    return schema.get("type") in ("integer", "number") or any(
        numbers(each) for several in ("anyOf", "oneOf", "allOf") for each in schema.get(several, ())
    )


def plain(document: dict[str, Any], name: str, schema: dict[str, Any]) -> set[str]:
    """The fields of a request that are money and yet take a plain number."""
    found = {
        ".".join(path)
        for path, of in fields(document, schema)
        if numbers(of) and (MONEY.search(path[-1]) or MONEY.search(of.get("description", "")))
    }
    return found - LINES if name in OF_ORDERS else found


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every request of the OpenAPI document: its operation and the schema of its body."""
    for item in document["paths"].values():
        for operation in item.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield operation["operationId"], content["schema"]


def messages(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every command of the AsyncAPI document and the schema of its message."""
    for name in document["operations"]:
        if name != "follow":
            yield name, document["components"]["messages"][name]["payload"]


@pytest.mark.any_database
async def test_no_request_has_money_as_a_plain_number(server: Server) -> None:
    api, channel = server.house.api.openapi(), document(server.house.channel)
    asked = [(api, *each) for each in bodies(api)]
    asked += [(channel, *each) for each in messages(channel)]
    assert len(asked) > 60
    wrong = {name: found for whole, name, schema in asked if (found := plain(whole, name, schema))}
    assert wrong == {}
    # And the walk sees what is excepted.
    for whole, name, schema in asked:
        if name in OF_ORDERS:
            assert "lines.[].price" in {".".join(path) for path, _ in fields(whole, schema)}


@pytest.mark.any_database
async def test_no_answer_has_money_as_a_plain_number(server: Server) -> None:
    api = server.house.api.openapi()
    named = {"price", "list_price", "was", "amount", "fee", "total", "refunded", "difference"}
    for item in api["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {}).get("application/json", {})
                for path, of in fields(api, content.get("schema", {})):
                    if path[-1] in named and ".".join(path) not in LINES:
                        assert not numbers(of), (operation["operationId"], path)


@pytest.mark.parametrize("named", ["price", "fee", "total_cost"])
def test_the_walk_finds_what_is_wrong(named: str) -> None:
    fields_of: dict[str, Any] = {named: {"type": "integer"}}
    schema = {"properties": {"rows": {"items": {"properties": fields_of}}}}
    assert plain({}, "things_make", schema) == {f"rows.[].{named}"}
    money = {"properties": {"amount": {"type": "integer"}, "currency": {"type": "string"}}}
    fields_of[named] = {"anyOf": [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]}
    whole = {"components": {"schemas": {"Money": money}}}
    assert plain(whole, "things_make", schema) == set()
    said = {"properties": {"off": {"type": "integer", "description": "In minor units."}}}
    assert plain({}, "things_make", said) == {"off"}
