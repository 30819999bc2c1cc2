"""Compares every problem that a server of a test answers with those that its route declares, so
that the OpenAPI document names what clients get.

Servers in processes of their own are not watched; they run the same routes.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from starlette.types import Message, Receive, Scope, Send

from farmlive.openapi import Api, problems_of
from farmlive.problems import MEDIA_TYPE

_routes: WeakKeyDictionary[Api, dict[Any, Any]] = WeakKeyDictionary()


def undeclared(api: Api, scope: Scope, problem: dict[str, Any]) -> str | None:
    """Return a sentence where the route of the request, if it is in the document, does not declare
    the problem.
    """
    if api not in _routes:
        _routes[api] = {route.endpoint: route for route in api.described_routes()}
    route = _routes[api].get(scope.get("endpoint"))
    if route is None or scope["method"] not in route.methods:
        return None
    kinds = problems_of(route, scope["method"])
    if (problem["type"], problem["status"]) in {(f"/problems/{k.slug}", k.status) for k in kinds}:
        return None
    return (
        f"{scope['method']} {route.path_format} ({route.operation_id}) answered "
        f"{problem['status']} {problem['type']}, which it does not declare by @raises: "
        f"{problem['detail']}"
    )


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Watch every server of this process; yield what was found, a sentence each."""
    found: list[str] = []
    serve = Api.__call__

    async def watch(api: Api, scope: Scope, receive: Receive, send: Send) -> None:
        is_problem, body = False, b""

        async def look(message: Message) -> None:
            nonlocal is_problem, body
            if message["type"] == "http.response.start":
                types = [value for name, value in message["headers"] if name == b"content-type"]
                is_problem = types == [MEDIA_TYPE.encode()]
            elif is_problem and message["type"] == "http.response.body":
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    wrong = undeclared(api, scope, json.loads(body))
                    if wrong is not None:
                        found.append(wrong)
            await send(message)

        await serve(api, scope, receive, look if scope["type"] == "http" else send)

    monkeypatch.setattr(Api, "__call__", watch)
    yield found
