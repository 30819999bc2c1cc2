"""Pagination: `cursor` and `limit` in, `Link: rel="next"` out (RFC 8288).

A cursor is the position of a page's last row in the list's order: a number, such as a time, and an
id if that is not unique. Searches, whose terms must not be in a URL, have both in their body and
`next` in the response.
"""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from farmlive.problems import Invalid

Row = TypeVar("Row")

MOST = 200
"""So many rows has a page at most."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many of the list at most")]
Cursor = Annotated[
    str | None, Query(max_length=48, description="As the page before told of it; none: the first")
]
Mark = tuple[int, str]

_MARK = re.compile(r"(-?[0-9]{1,16})(?:-([0-9A-Za-z]{1,26}))?")


def written(mark: Mark) -> str:
    """Return the cursor of a position."""
    place, identifier = mark
    return f"{place}-{identifier}" if identifier else str(place)


def read(cursor: str | None) -> Mark | None:
    """Return the position of a cursor; None for the beginning. Raises Invalid."""
    if not cursor:
        return None
    found = _MARK.fullmatch(cursor)
    if found is None:
        message = "Take the cursor from the page before, or leave it out."
        raise Invalid(f"cursor: {message}", errors=[{"field": "cursor", "message": message}])
    return int(found[1]), found[2] or ""


class Page:
    """The requested page of a list: at most `rows` rows after the position `after`.

    `rows` is one more than are returned, which tells whether another page follows.
    """

    def __init__(
        self,
        cursor: str | None = None,
        limit: int = MOST,
        request: Request | None = None,
        response: Response | None = None,
    ):
        self.after = read(cursor)
        self.rows = limit + 1
        self._request = request
        self._response = response

    def cut(
        self, found: Sequence[Row], mark: Callable[[Row], Mark]
    ) -> tuple[list[Row], str | None]:
        """Return the rows of the page, and the next page's cursor, which is also put into the
        `Link` header.

        `mark` returns the position of a row.
        """
        if len(found) < self.rows:
            return list(found), None
        page = list(found[: self.rows - 1])
        cursor = written(mark(page[-1]))
        if self._request is not None and self._response is not None:
            following = self._request.url.include_query_params(cursor=cursor)
            self._response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
        return page, cursor

    def part(
        self, found: Sequence[Row], name: Callable[[Row], str]
    ) -> tuple[list[Row], str | None]:
        """Do as `cut` for a list in memory; `name` returns a row's id.

        A page begins after the last row of the page before or, if that row is gone, at its
        position.
        """
        start = 0
        if self.after is not None:
            start, last = max(0, self.after[0]), self.after[1]
            start = next((n for n, row in enumerate(found, 1) if name(row) == last), start)
        end = start + self.rows
        return self.cut(found[start:end], lambda row: (end - 1, name(row)))


def read_page(usual: int = MOST) -> Any:
    """Make the dependency that reads a route's Page; `usual` is the default limit."""

    def page(
        request: Request, response: Response, cursor: Cursor = None, limit: Limit = usual
    ) -> Page:
        return Page(cursor, limit, request, response)

    return Depends(page)


Asked = Annotated[Page, read_page()]
"""The page that a request for a list asks for."""


class Listing(BaseModel):
    """The pagination member of each list's response."""

    next: str | None = Field(None, description="The cursor of the page after this one; null: last")


class Paged(BaseModel):
    """The pagination members of each search's body: which page of the results to return."""

    cursor: Annotated[str | None, Field(max_length=48)] = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = MOST

    @property
    def page(self) -> Page:
        """The requested page. Raises Invalid."""
        return Page(self.cursor, self.limit)
