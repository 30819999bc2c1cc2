"""Every address of a server, with its parameters, a body that it takes, and a shop to ask about.

Read from the code, so that no address is forgotten.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from tests.support.money import cny

from farmlive.broadcast.models import NewBroadcast
from farmlive.ids import token, ulid
from farmlive.server import Server

WORDS = {"zh": "金桔", "en": "Kumquats"}
# A proxy that is not trusted: behind it nothing is limited by address.
PROXIED = {"X-Forwarded-For": "198.51.100.7"}


@dataclass
class Address:
    """A path with its method, the names in it, of its query, and the shape of its body."""

    method: str
    path: str
    query: list[str] = field(default_factory=list)
    body: dict[str, Any] | None = None

    @property
    def names(self) -> list[str]:
        """The names in the path."""
        return re.findall(r"{(\w+)(?::path)?}", self.path)

    def url(self, known: dict[str, str], **given: str) -> str:
        """The path with `given`, or what is known, in the place of its names."""
        values = {name: given.get(name, known.get(name, "nothing")) for name in self.names}
        return re.sub(
            r"{(\w+)(?::path)?}", lambda found: quote(values[found[1]], safe=""), self.path
        )


def every_address(server: Server) -> list[Address]:
    """All that the server answers over HTTP."""
    schema = server.house.api.openapi()
    found = list(_walk(server.house.api.routes, ""))
    for address in found:
        operation = schema["paths"].get(re.sub(r":path}", "}", address.path), {})
        operation = operation.get(address.method.lower(), {})
        content = operation.get("requestBody", {}).get("content", {})
        shape = content.get("application/json", {}).get("schema")
        if shape:
            address.body = _resolved(shape, schema)
    return found


def _walk(routes: Iterable[Any], prefix: str) -> Iterator[Address]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _walk(inner.routes, prefix + route.include_context.prefix)
            continue
        if not hasattr(route, "methods"):
            continue  # the live channel, and /static
        dependant = getattr(route, "dependant", None)
        names = list(_parameters(dependant)) if dependant else []
        for method in sorted(route.methods - {"HEAD"}):
            yield Address(method, prefix + route.path, sorted(set(names)))


def _parameters(dependant: Any) -> Iterator[str]:
    for parameter in dependant.query_params:
        fields = getattr(parameter.field_info.annotation, "model_fields", None)
        if fields is None:
            yield parameter.alias
        else:
            yield from (each.alias or name for name, each in fields.items())
    for other in dependant.dependencies:
        yield from _parameters(other)


def _resolved(shape: Any, schema: dict[str, Any]) -> Any:
    if isinstance(shape, dict):
        if "$ref" in shape:
            return _resolved(schema["components"]["schemas"][shape["$ref"].split("/")[-1]], schema)
        return {name: _resolved(each, schema) for name, each in shape.items()}
    return [_resolved(each, schema) for each in shape] if isinstance(shape, list) else shape


def inlined(shape: Any, within: dict[str, Any] | None = None) -> Any:
    """A shape with what it refers to in its place."""
    definitions = shape.get("$defs", {}) if within is None else within
    if isinstance(shape, dict):
        if "$ref" in shape:
            return inlined(definitions[shape["$ref"].split("/")[-1]], definitions)
        return {name: inlined(each, definitions) for name, each in shape.items() if name != "$defs"}
    return [inlined(each, definitions) for each in shape] if isinstance(shape, list) else shape


def example(shape: dict[str, Any], known: dict[str, Any], name: str = "") -> Any:
    """A value of that shape, with what is known by its member's name."""
    if name in known:
        return known[name]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in shape:
            kinds = [each for each in shape[several] if each.get("type") != "null"]
            return example(kinds[0], known, name)
    if "const" in shape or "enum" in shape:
        return shape.get("const", shape.get("enum", [None])[0])
    match shape.get("type"):
        case "object":
            members = shape.get("properties", {})
            return {each: example(of, known, each) for each, of in members.items()}
        case "array":
            return [example(shape.get("items", {"type": "string"}), known, name)]
        case "integer" | "number":
            return shape.get("minimum", shape.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
    return "2026-11-25T00:00:00Z" if shape.get("format") == "date-time" else "some words"


@dataclass
class Shop:
    """A live broadcast with an offer of a lot, an order, a test, a claim's photo: ids by name."""

    known: dict[str, str]
    members: dict[str, Any]
    key: str


async def stock(server: Server) -> Shop:
    """Open the shop."""
    house = server.house
    _, key = await house.people.create_api_key("test", "coordinator")
    made = await house.broadcasts.create(NewBroadcast(title=WORDS))
    other = await house.broadcasts.create(NewBroadcast(title=WORDS))
    await house.broadcasts.begin(made.id)
    headers = {"Authorization": f"Bearer {key}", **PROXIED}
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", headers=headers) as staff:

        async def post(path: str, **body: Any) -> dict[str, Any]:
            answer = await staff.post(path, json=body)
            assert answer.status_code in (200, 201), answer.text
            kept: dict[str, Any] = answer.json()
            return kept

        farm = await post("/farms", name=WORDS, place=WORDS)
        plot = await post(f"/farms/{farm['id']}/plots", name=WORDS, crop=WORDS)
        lot = await post(
            "/lots",
            plot=plot["id"],
            code="1125",
            product_name=WORDS,
            harvested_at="2026-11-25T00:00:00Z",
            quantity_g=100_000_000,
            inspection={"at": "2026-11-25T06:00:00Z", "result": WORDS, "passed": True},
        )
        inspections = (await staff.get(f"/lots/{lot['id']}")).json()["inspections"]
        offer = await post(
            f"/broadcasts/{made.id}/offers",
            name=WORDS,
            unit=WORDS,
            net_weight_g=2500,
            lot=lot["id"],
            price=cny(2990),
            released=1000,
        )
        centre = await post("/centres", name=WORDS, address=WORDS)
        body = {
            "lines": [{"offer": offer["id"], "quantity": 1, "price": 2990}],
            "buyer": {"name": "王芳", "phone": "13800000000"},
            "delivery": {"way": "parcel", "address": "溪口村"},
            "payment": "cash_on_delivery",
        }
        placed = await staff.post(
            f"/broadcasts/{made.id}/orders", json=body, headers={"Idempotency-Key": token()}
        )
        assert placed.status_code == 201, placed.text
        guest = await post(f"/broadcasts/{made.id}/guests", label="guest")
        invited = await post("/invitations", role="host")
    order = placed.json()
    known = {
        "broadcast": made.id,
        "farm": farm["id"],
        "plot": plot["id"],
        "lot": lot["id"],
        "inspection": inspections[0]["id"],
        "offer": offer["id"],
        "centre": centre["id"],
        "order": order["id"],
        "token": order["token"],
        "guest": guest["id"],
        "invitation": invited["id"],
        "form": "csv",
        "paper": "slips",
        "name": "sales",
        "gtin": "06901234567892",
    }
    members = {
        **{name: known[name] for name in ("offer", "farm", "plot", "centre")},
        "lines": body["lines"],
        "buyer": body["buyer"],
        "delivery": body["delivery"],
        "payment": body["payment"],
        "phone": "13800000000",
        "price": cny(2990),
        "list_price": None,
        "source": None,
        "photos": [],
        "photo": None,
        "person_photo": None,
        "picture": None,
        "gtin": None,
        "gs1_prefix": None,
        "region": None,
        "kind": "flowered",
        "substance": None,
        "waiting_days": None,
        "waiting_period_overridden": None,
        "latitude": None,
        "longitude": None,
        "outline": None,
        "order": known["order"],
        "orders": [known["order"]],
        "email": None,
        "code": None,
        "starts_at": None,
        "fees": [],
        "other": other.id,
        "id": ulid(),
    }
    return Shop(known, members, key)
