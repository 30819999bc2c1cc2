"""A problem as a page, for a browser that asked for one."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from farmlive.pages.render import Pages
from farmlive.problems import Problem


def error_page(pages: Pages) -> Callable[[Request, Problem], Response]:
    """What the edge calls for an error where text/html is preferred."""

    def answer(request: Request, problem: Problem) -> Response:
        return pages.page(
            request,
            "problem.html",
            status=problem.status,
            cache="no-store",
            headers=problem.headers,
            problem=problem,
        )

    return answer
