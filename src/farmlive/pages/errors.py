"""A problem as a page, for a browser that asked for one."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response

from farmlive.pages.rendering.render import Pages
from farmlive.people import Caller, Guard
from farmlive.problems import Problem


def error_page(pages: Pages, guard: Guard) -> Callable[[Request, Problem], Awaitable[Response]]:
    """What the edge calls for an error where text/html is preferred."""

    async def answer(request: Request, problem: Problem) -> Response:
        caller: Caller | None = None
        # Where the fault is ours, who is signed in may not be found out either.
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
