"""Lists by pages: `cursor` and `limit` in, `Link: rel="next"` out (RFC 8288).

A cursor is the place of a page's last row in the list's order: a time, or 0, and an id.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request, Response

from farmlive.problems import Invalid

Row = TypeVar("Row")

MOST = 500

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many of the list at most")]
Cursor = Annotated[
    str | None, Query(max_length=48, description="As the page before told of it; none: the first")
]
Mark = tuple[int, str]

_MARK = re.compile(r"(-?[0-9]{1,16})-([0-9A-Za-z]{1,26})")


def written(mark: Mark) -> str:
    """Return the cursor of a place."""
    return f"{mark[0]}-{mark[1]}"


def read(cursor: str | None) -> Mark | None:
    """Return the place of a cursor; None for the beginning. Raises Invalid."""
    if not cursor:
        return None
    found = _MARK.fullmatch(cursor)
    if found is None:
        message = "Take the cursor from the page before, or leave it out."
        raise Invalid(f"cursor: {message}", errors=[{"field": "cursor", "message": message}])
    return int(found[1]), found[2]


class Page:
    """The page of a list that a request asks for: `rows` rows at most after the place `after`.

    `rows` is one more than are answered, which tells whether another page follows.
    """

    def __init__(self, request: Request, response: Response, cursor: str | None, limit: int):
        self.after = read(cursor)
        self.rows = limit + 1
        self._request = request
        self._response = response

    def cut(self, found: list[Row], mark: Callable[[Row], Mark]) -> tuple[list[Row], str | None]:
        """Return the rows to answer, and the next page's cursor, which the `Link` header gets too.

        `mark` gives the place of a row.
        """
        if len(found) < self.rows:
            return found, None
        page = found[:-1]
        cursor = written(mark(page[-1]))
        following = self._request.url.include_query_params(cursor=cursor)
        self._response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
        return page, cursor


def read_page(usual: int = MOST) -> Any:
    """Make the dependency that reads a route's Page; `usual` is the limit where none is sent."""

    def page(
        request: Request, response: Response, cursor: Cursor = None, limit: Limit = usual
    ) -> Page:
        return Page(request, response, cursor, limit)

    return Depends(page)
