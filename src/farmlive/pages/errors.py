"""Renders a problem as a page, for browsers."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response

from farmlive.pages.rendering.render import Pages
from farmlive.people import Caller, Guard
from farmlive.problems import Problem


def error_renderer(pages: Pages, guard: Guard) -> Callable[[Request, Problem], Awaitable[Response]]:
    """Return the edge's renderer of errors for clients that prefer text/html."""

    async def answer(request: Request, problem: Problem) -> Response:
        caller: Caller | None = None
        # After an error of ours, reading the session may fail too.
        if problem.status < 500:
            with suppress(Problem):
                caller = await guard.identify(request)
        async with pages.turn():
            return pages.page(
                request,
                "problem.html",
                status=problem.status,
                cache="no-store",
                headers=problem.headers,
                caller=caller,
                problem=problem,
            )

    return answer
