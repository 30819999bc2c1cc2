"""Pagination: `cursor` and `limit` in, `next` and `Link: rel="next"` out (RFC 8288).

- A request asks for a page: a `PageQuery`, which a route gets from its query parameters
  (`PageParams`), or from the body of a search (`PageBody`), whose terms must not be in a URL.
- The response is a `Page`: its rows under a name of their own, and in `next` the cursor of the page
  that follows.
- A cursor is the `Position` of a page's last row in the list's order: a number, such as a time, and
  an id if that is not unique.

A query reads `fetch_limit` rows after `after`, and `take` makes the page of them: rows that are
added or deleted meanwhile shift no other page. `slice` makes the page of a list that is in memory;
there a page may repeat or miss rows if the last row of the page before was deleted meanwhile.
"""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from farmlive.problems import Invalid, field_error

Row = TypeVar("Row")

MAX_LIMIT = 200
"""The most rows of a page."""

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Maximum number of items")]
Cursor = Annotated[
    str | None, Query(max_length=48, description="As the page before told of it; none: the first")
]
Position = tuple[int, str]

_CURSOR = re.compile(r"(-?[0-9]{1,16})(?:-([0-9A-Za-z]{1,26}))?")


def encode_cursor(position: Position) -> str:
    """Return the cursor of a position."""
    number, identifier = position
    return f"{number}-{identifier}" if identifier else str(number)


def decode_cursor(cursor: str | None) -> Position | None:
    """Return the position of a cursor; None for the beginning. Raises Invalid."""
    if not cursor:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        message = "Take the cursor from the page before, or leave it out."
        raise Invalid(f"cursor: {message}", errors=[field_error("cursor", "cursor", message)])
    return int(found[1]), found[2] or ""


class PageQuery:
    """The requested page of a list: the rows after the position `after`, `limit` at most.

    `fetch_limit` is one more, which tells whether another page follows.
    """

    def __init__(
        self,
        cursor: str | None = None,
        limit: int = MAX_LIMIT,
        request: Request | None = None,
        response: Response | None = None,
    ):
        self.after = decode_cursor(cursor)
        self.fetch_limit = limit + 1
        self._request = request
        self._response = response

    def take(
        self, fetched: Sequence[Row], position: Callable[[Row], Position]
    ) -> tuple[list[Row], str | None]:
        """Return the rows of the page, and the next page's cursor, which is also put into the
        `Link` header.

        `fetched` has the rows after `after`, `fetch_limit` at most; `position` returns a row's.
        """
        if len(fetched) < self.fetch_limit:
            return list(fetched), None
        rows = list(fetched[: self.fetch_limit - 1])
        cursor = encode_cursor(position(rows[-1]))
        if self._request is not None and self._response is not None:
            following = self._request.url.include_query_params(cursor=cursor)
            self._response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
        return rows, cursor

    def slice(
        self, rows: Sequence[Row], identify: Callable[[Row], str]
    ) -> tuple[list[Row], str | None]:
        """Do as `take` for a whole list in memory; `identify` returns a row's id.

        A page begins after the last row of the page before or, if that row is gone, at its
        position.
        """
        start = 0
        if self.after is not None:
            start, last = max(0, self.after[0]), self.after[1]
            start = next((n for n, row in enumerate(rows, 1) if identify(row) == last), start)
        end = start + self.fetch_limit
        return self.take(rows[start:end], lambda row: (end - 1, identify(row)))


def page_params(default_limit: int = MAX_LIMIT) -> Any:
    """Return the dependency that makes a PageQuery of a request's query parameters."""

    def page(
        request: Request, response: Response, cursor: Cursor = None, limit: Limit = default_limit
    ) -> PageQuery:
        return PageQuery(cursor, limit, request, response)

    return Depends(page)


PageParams = Annotated[PageQuery, page_params()]
"""The page that a request for a list asks for in its query parameters."""


class PageBody(BaseModel):
    """The page that a search asks for, as members of its body."""

    cursor: Annotated[str | None, Field(max_length=48)] = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = MAX_LIMIT

    @property
    def page(self) -> PageQuery:
        """The requested page. Raises Invalid."""
        return PageQuery(self.cursor, self.limit)


class Page(BaseModel):
    """One page of a list; each list adds the member with its rows."""

    next: str | None = Field(None, description="The cursor of the page after this one; null: last")
