"""The OpenAPI document: FastAPI's, with each route's declarations (edge/contracts.py): its problems
with their types, its permitted callers, and the headers that it needs.

A route's tag is the first word of its operation id: `orders_place` belongs to `orders`.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from farmlive import problems
from farmlive.edge.contracts import Access, Contract, contract_of
from farmlive.edge.hosts import Misdirected
from farmlive.edge.http_edge import Internal
from farmlive.edge.request_limits import BodyLate
from farmlive.people.core import devices, sessions
from farmlive.people.core.cookies import Cookies
from farmlive.people.core.problems import CrossSite, WrongCsrfToken
from farmlive.problems import Invalid, Problem, TooLarge
from farmlive.store.failures import CommitFailed, CommitUnknown, NewerDatabase, NotRead

# Problems of any request; of any that may change something; and of any with a body.
EVERYWHERE: tuple[type[Problem], ...] = (Invalid, Misdirected, NotRead, Internal)
CHANGES: tuple[type[Problem], ...] = (CommitFailed, CommitUnknown, NewerDatabase)
BODIES: tuple[type[Problem], ...] = (Problem, BodyLate, TooLarge)
# Problems that a request which changes nothing never gets.
_OF_CHANGES = frozenset({CrossSite, WrongCsrfToken})
_SAFE = ("get", "head", "options")

TAGS = {
    "accounts": "Accounts of those who work here.",
    "addresses": "Pasted postal addresses, taken apart.",
    "api_keys": "API keys, by which programs call.",
    "audit": "The audit log, and refusals by limits and blocks.",
    "blocks": "Devices, phones and IPs of which nothing is taken.",
    "broadcasts": "Broadcasts, from the plan to the end.",
    "cards": "Cards over the video: pinned, taken away, looked at.",
    "centres": "Pick-up points, where orders are placed and handed over.",
    "claims": "Buyers' claims about damaged goods, for staff.",
    "county": "The county that runs the server: its name, contact, mark and colour.",
    "credentials": "Every key and link that works, and who owns it.",
    "events": "The ordered log of a broadcast.",
    "factors": "Second factors: authenticator app, passkeys, recovery codes.",
    "farms": "Farms, the sellers.",
    "files": "Pictures and certificates.",
    "flashes": "Flash batches: boxes at a price and for a time of their own.",
    "guests": "Guests, who send a camera by a link.",
    "handovers": "Orders that are handed over at a pick-up point.",
    "holds": "Stock that is reserved while an order is written.",
    "invitations": "Links by which someone makes an account.",
    "lots": "Lots, which are harvest batches: their story, inspections, stops.",
    "messages": "The chat of a broadcast.",
    "mutes": "Muted viewers.",
    "notices": "Messages to buyers that a limit holds back.",
    "offers": "Offers: the products in a broadcast's bag.",
    "order_links": "One order, for whoever has its token: no account is needed.",
    "orders": "Orders, from placing to refund.",
    "parcel_fees": "Parcel fees by region and weight.",
    "persons": "A buyer's personal data: show, export, erase.",
    "plots": "Plots of a farm, and the work done on them.",
    "products": "The catalogue of products.",
    "questions": "Questions of viewers that the crew keeps, and the answer shown.",
    "reactions": "Hearts that viewers send.",
    "reviews": "Sales of a broadcast.",
    "session": "Signing in, and one's own account.",
    "sources": "Cameras of a broadcast.",
    "stream_keys": "Stream keys, by which cameras publish.",
    "trace": "GS1 Digital Link and EPCIS 2.0: where a lot comes from.",
    "waitlist": "Waiting for boxes that are sold out.",
    "whep": "Playing a stream (draft-ietf-wish-whep-03).",
    "whip": "Publishing a stream (RFC 9725).",
}

# For routes that are open to holders of a link; OpenAPI has no security scheme for a path.
_TOKENS = {
    "guests": "The token of a guest's link: whoever has it needs no account.",
    "invitations": "The token of an invitation's link: whoever has it needs no account.",
    "order_links": "The order's token, of `orders_place`: whoever has it needs no account.",
}

_PROBLEM = {
    "title": "Problem",
    "description": "Problem details (RFC 9457): what happened, what was kept and what to do. "
    "Other members are the type's own; GET its `type` tells of them.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {
            "type": "string",
            "description": "A path on this server, which names the problem and never changes.",
        },
        "title": {"type": "string", "description": "A sentence, the same for each type."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What happened this time, and what to do."},
        "errors": {
            "type": "array",
            "description": "The first 20 errors in the request.",
            "items": {"$ref": "#/components/schemas/FieldError"},
        },
    },
}
_FIELD_ERROR = {
    "title": "FieldError",
    "description": "An error in one field of a request.",
    "type": "object",
    "required": ["field", "code", "message"],
    "properties": {
        "field": {"type": "string", "description": "Its path, such as `lines.0.quantity`."},
        "code": {
            "type": "string",
            "description": "The kind of error, which never changes, such as `missing`.",
        },
        "message": {"type": "string", "description": "The error."},
    },
}
_RETRY_AFTER = {
    "description": "Seconds after which the request may be sent again.",
    "schema": {"type": "integer", "minimum": 0},
}
_INTRODUCTION = """\
Programs send `Authorization: Bearer <API key>`; browsers sign in by `session_sign_in` and send its
`csrf` back as `X-CSRF-Token` with each change. Every refusal is a problem (RFC 9457): compare its
`type`, show its `detail`. The live channel is described by `/asyncapi.json`.
"""


class Api(FastAPI):
    """The application. `cookies` has the names of the cookies in the document."""

    def __init__(self, cookies: Cookies):
        super().__init__(
            title="farmlive",
            version="1",
            description=_INTRODUCTION,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            openapi_url=None,
        )
        self._cookies = cookies
        self._document: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        """Return the document; it is built once."""
        if self._document is None:
            document = super().openapi()
            components = document.setdefault("components", {})
            for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's, never returned
                components.get("schemas", {}).pop(name, None)
            components.setdefault("schemas", {}).update(Problem=_PROBLEM, FieldError=_FIELD_ERROR)
            components["headers"] = {"RetryAfter": _RETRY_AFTER}
            components["securitySchemes"] = self._security_schemes()
            for route in self.described_routes():
                for method in map(str.lower, route.methods):
                    operation = document["paths"][route.path_format][method]
                    _complete(method, operation, list(contracts_of(route)))
                    _add_problems(operation, problems_of(route, method))
            document["tags"] = [
                {"name": name, "description": description} for name, description in TAGS.items()
            ]
            self._document = document
        return self._document

    def described_routes(self) -> Iterator[Any]:
        """Yield the routes in the document, as FastAPI's contexts."""
        for route in iter_route_contexts(self.routes):
            if isinstance(route.original_route, APIRoute) and route.include_in_schema:
                yield route

    def _security_schemes(self) -> dict[str, Any]:
        return {
            "api_key": {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key, made by `api_keys_create` or `farmlive key add`.",
            },
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": self._cookies.name(sessions.COOKIE),
                "description": "A signed-in browser, by `session_sign_in`.",
            },
            "device": {
                "type": "apiKey",
                "in": "cookie",
                "name": self._cookies.name(devices.COOKIE),
                "description": "The device, beside an API key, too: an answer to a request without "
                "it sets it. Holds, places in waiting lists and the chat belong to the device; "
                "whoever sends no cookie is another one each time.",
            },
            "csrf_token": {
                "type": "apiKey",
                "in": "header",
                "name": "X-CSRF-Token",
                "description": "`csrf` of `session_sign_in`; with the cookie, for each change.",
            },
            "stream_key": {
                "type": "http",
                "scheme": "bearer",
                "description": "A stream key, made by `stream_keys_create`.",
            },
        }


def contracts_of(route: Any) -> Iterator[Contract]:
    """Yield the contracts of a route and its dependencies."""
    yield contract_of(route.endpoint)
    waiting = list(route.dependant.dependencies)
    while waiting:
        dependant = waiting.pop()
        yield contract_of(dependant.call)
        waiting += dependant.dependencies


def problems_of(route: Any, method: str) -> set[type[Problem]]:
    """Return the problems of a route for a method: its own, those of its dependencies, and those of
    any such request.
    """
    kinds = {*EVERYWHERE, *(kind for each in contracts_of(route) for kind in each.problems)}
    if method.lower() in _SAFE:
        return kinds - _OF_CHANGES
    if route.body_field is not None or "requestBody" in (route.openapi_extra or {}):
        kinds |= {*BODIES}
    return kinds | {*CHANGES}


def _complete(method: str, operation: dict[str, Any], contracts: list[Contract]) -> None:
    """Add to an operation its tag, its permitted callers, and the headers that it needs."""
    operation["tags"] = [_tag(operation["operationId"])]
    # The docstring: its first line is the summary, all of it the description.
    if description := operation.get("description"):
        operation["summary"] = description.partition("\n")[0].removesuffix(".")
    accesses = [each.access for each in contracts if each.access is not None]
    # If a route and its router differ, the one with roles applies.
    named = sorted((each for each in accesses if each.roles), key=lambda each: len(each.roles))
    access = next(iter([*named, *accesses]), None)
    if access is not None:
        operation["security"] = _security(access, is_change=method not in _SAFE)
        if any(each.by_device for each in contracts):
            of_all = operation["security"]
            operation["security"] = of_all + [{**each, "device": []} for each in of_all]
        if access.roles:
            operation["description"] = f"{description}\n\nRoles: {' or '.join(access.roles)}."
    needed = {name.lower() for contract in contracts for name in contract.headers}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "header" and parameter["name"].lower() in needed:
            parameter["required"] = True
        if parameter["in"] == "path" and parameter["name"] == "token":
            parameter["description"] = _TOKENS[operation["tags"][0]]


def _add_problems(operation: dict[str, Any], kinds: set[type[Problem]]) -> None:
    """Add the problem responses to an operation."""
    responses: dict[str, Any] = operation["responses"]
    responses.pop("422", None)  # FastAPI's own
    for status in sorted({kind.status for kind in kinds}):
        responses[str(status)] = _response([kind for kind in kinds if kind.status == status])


def _tag(operation_id: str) -> str:
    found = [tag for tag in TAGS if operation_id.startswith(f"{tag}_")]
    return max(found, key=len, default="")


def _security(access: Access, *, is_change: bool) -> list[dict[str, list[str]]]:
    """Return the security requirements, one of which must be met. Roles are listed with each
    scheme, as OpenAPI permits (section 4.8.30).
    """
    if access.stream_key:
        return [{"stream_key": []}]
    roles = list(access.roles)
    if not roles:
        return [{}, {"api_key": []}, {"session": []}]
    session = {"session": roles, "csrf_token": []} if is_change else {"session": roles}
    return [{"api_key": roles}, session]


def _response(kinds: list[type[Problem]]) -> dict[str, Any]:
    """Return the response of one status, with its possible types."""
    # Rooms that may not import each other share some slugs.
    titles = {kind.slug: kind.title for kind in sorted(kinds, key=lambda kind: kind.__module__)}
    response = {
        "description": " ".join(f"`{slug}`: {titles[slug]}." for slug in sorted(titles)),
        "content": {
            problems.MEDIA_TYPE: {
                "schema": {
                    "$ref": "#/components/schemas/Problem",
                    "properties": {
                        "type": {"enum": [f"/problems/{slug}" for slug in sorted(titles)]}
                    },
                }
            }
        },
    }
    if kinds[0].status in (429, 503):
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return response
