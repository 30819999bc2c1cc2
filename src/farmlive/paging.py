"""Lists by pages: `cursor` and `limit` in, `Link: rel="next"` out (RFC 8288).

A cursor is the place of a page's last row in the list's order: a time, or 0, and an id.
"""

import re
from typing import Annotated

from fastapi import Query, Request, Response

from farmlive.problems import Invalid

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


def link_next(request: Request, response: Response, mark: Mark | None) -> str | None:
    """Set the `Link` header to the next page, and return that page's cursor."""
    if mark is None:
        return None
    cursor = written(mark)
    following = request.url.include_query_params(cursor=cursor)
    response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return cursor
