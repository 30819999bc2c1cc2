"""Documents that don't change while the server runs: built once, then served from memory.

The caller provides the function that builds the content.
"""

import asyncio
import hashlib
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

# Seconds that a cache may keep one: a newer version of the server may serve another.
KEPT_S = 300


class Document:
    """Bytes that `make` builds once, in a thread, because it may take long; all other requests wait
    for them, and get 304 if they know the `ETag` (RFC 9110, section 13.1.2).
    """

    def __init__(self, make: Callable[[], bytes], media_type: str):
        self._make = make
        self._media_type = media_type
        self._made: asyncio.Task[tuple[bytes, str]] | None = None

    async def answer(self, request: Request) -> Response:
        """Answer a GET."""
        if self._made is None:
            self._made = asyncio.create_task(asyncio.to_thread(self._make_once))
            self._made.add_done_callback(self._forget_failure)
        # A cancelled request must not cancel it for the others.
        body, tag = await asyncio.shield(self._made)
        headers = {"ETag": tag, "Cache-Control": f"public, max-age={KEPT_S}"}
        if _names(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=self._media_type)

    def _make_once(self) -> tuple[bytes, str]:
        body = self._make()
        return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    def _forget_failure(self, made: "asyncio.Task[tuple[bytes, str]]") -> None:
        if made.cancelled() or made.exception() is not None:
            self._made = None


def _names(condition: str, tag: str) -> bool:
    """Return whether an If-None-Match contains the tag, by the weak comparison."""
    tags = [each.strip().removeprefix("W/") for each in condition.split(",")]
    return tag in tags or tags == ["*"]
