"""The HTTP edge: problems as responses, HEAD, and a log line per request without personal data.

edge/request_limits.py limits what a request may cost; the rooms handle it.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from farmlive import problems
from farmlive.problems import Invalid, Problem

ErrorPage = Callable[[Request, Problem], Awaitable[Response]]
Answer = Callable[[Request, Problem], Awaitable[Response]]
Refused = Callable[[Request, str, Problem], None]

_log = structlog.get_logger(__name__)


class Internal(Problem):
    """A bug of ours; the log has it."""

    status = 500
    slug = "internal"
    title = "Something went wrong on our side"


class WrongMethod(Problem):
    """The URL exists, with other methods."""

    status = 405
    slug = "method-not-allowed"
    title = "This URL does not support the method"


def answer_problems(app: FastAPI, page: ErrorPage, refused: Refused) -> Answer:
    """Return errors as RFC 9457 problem details, or as a page to a browser that requests one.

    Calls `refused` with each problem that a route raises, and the route's pattern. Returns the
    function that does so, for middleware outside the application.
    """

    async def answer(request: Request, problem: Problem) -> Response:
        api = request.url.path.startswith(("/api/", "/whip/", "/whep/", "/epcis/"))
        if not api and "text/html" in request.headers.get("accept", ""):
            response = await page(request, problem)
            response.headers.update(problem.headers)
            return response
        return JSONResponse(
            problem.body(),
            problem.status,
            headers=problem.headers,
            media_type=problems.MEDIA_TYPE,
        )

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        refused(request, _route(request.scope), error)
        return await answer(request, error)

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = error.errors()
        if found[0]["type"] == "json_invalid":
            return await answer(request, Invalid("The body is not JSON. Nothing was changed."))
        if found[0]["loc"] == ("body",) and "json" not in request.headers.get("content-type", ""):
            return await answer(
                request,
                Invalid("Send JSON, with Content-Type: application/json. Nothing was changed."),
            )
        return await answer(request, Invalid.of(found, skip=1))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        problem: Problem
        if error.status_code == 404:
            problem = problems.NotFound("Check the address, or go to the start page.")
        elif error.status_code == 405:
            allowed = _allowed(request.scope)
            problem = WrongMethod(
                f"This address takes {allowed}.",
                headers={**(error.headers or {}), "Allow": allowed},
            )
        else:
            problem = Problem("The request can't be read: check its body and its Content-Type.")
        return await answer(request, problem)

    async def on_fault(request: Request, error: Exception) -> Response:
        _log.exception("a request failed", path=_route(request.scope))
        return await answer(
            request, Internal("Try again in a moment; if it stays, tell the operator.")
        )

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_fault)
    return answer


class Heads:
    """ASGI middleware: answers HEAD as GET, without the body (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def headers_only(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, headers_only)


class RequestLog:
    """ASGI middleware: one debug line per request with method, route, status and time; no IP, no
    query, no token: a route is logged by its pattern.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            _log.debug(
                "request",
                method=scope["method"],
                route=_route(scope),
                status=status,
                ms=round((time.perf_counter() - began) * 1000, 1),
            )


def _allowed(scope: Scope) -> str:
    """Return the methods of all routes at the request's URL (RFC 9110, section 15.5.6).

    The router's own exception names those of one route. Files have no route of their own.
    """
    methods: set[str] = set()
    for route in scope["app"].routes:
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    if "GET" in methods or not methods:
        methods |= {"GET", "HEAD"}  # by `Heads`
    return ", ".join(sorted(methods))


def _route(scope: Scope) -> str:
    route: Any = scope.get("route")
    return str(getattr(route, "path", "(none)"))
