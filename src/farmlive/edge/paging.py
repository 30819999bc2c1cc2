"""Lists by pages: `cursor` and `limit` in, `Link: rel="next"` out (RFC 8288).

A cursor is the place of a page's last row in the list's order: a number, such as a time, and where
that is not enough an id. Searches, whose words belong into no address, carry both in their body
and `next` in the answer.
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
    """Return the cursor of a place."""
    place, identifier = mark
    return f"{place}-{identifier}" if identifier else str(place)


def read(cursor: str | None) -> Mark | None:
    """Return the place of a cursor; None for the beginning. Raises Invalid."""
    if not cursor:
        return None
    found = _MARK.fullmatch(cursor)
    if found is None:
        message = "Take the cursor from the page before, or leave it out."
        raise Invalid(f"cursor: {message}", errors=[{"field": "cursor", "message": message}])
    return int(found[1]), found[2] or ""


class Page:
    """The page of a list that a request asks for: `rows` rows at most after the place `after`.

    `rows` is one more than are answered, which tells whether another page follows.
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
        """Return the rows to answer, and the next page's cursor, which the `Link` header gets too.

        `mark` gives the place of a row.
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
        """The same of a list that is at hand whole; `name` gives a row's id.

        A page begins behind the last row of the one before, and where that is gone at its place.
        """
        start = 0
        if self.after is not None:
            start, last = max(0, self.after[0]), self.after[1]
            start = next((n for n, row in enumerate(found, 1) if name(row) == last), start)
        end = start + self.rows
        return self.cut(found[start:end], lambda row: (end - 1, name(row)))


def read_page(usual: int = MOST) -> Any:
    """Make the dependency that reads a route's Page; `usual` is the limit where none is sent."""

    def page(
        request: Request, response: Response, cursor: Cursor = None, limit: Limit = usual
    ) -> Page:
        return Page(cursor, limit, request, response)

    return Depends(page)


Asked = Annotated[Page, read_page()]
"""The page that a request for a list asks for."""


class Listing(BaseModel):
    """What each list's answer has of paging."""

    next: str | None = Field(None, description="The cursor of the page after this one; null: last")


class Paged(BaseModel):
    """What each search's body has of paging: which page of what was found is answered."""

    cursor: Annotated[str | None, Field(max_length=48)] = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = MOST

    @property
    def page(self) -> Page:
        """The page that is asked for. Raises Invalid."""
        return Page(self.cursor, self.limit)
