"""Documents that don't change while the server runs: made once, then answered from memory.

The caller gives the function that makes the content.
"""

import asyncio
import hashlib
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

# Seconds that a cache may keep one: a newer version of the server may answer another.
KEPT_S = 300


class Document:
    """Bytes that `make` gives once, in a thread, since that may take long; everyone else waits for
    the same, and gets 304 where the `ETag` is known (RFC 9110, section 13.1.2).
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
        # Whoever leaves takes it from nobody else.
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
    """Whether an If-None-Match names the tag, by the weak comparison."""
    tags = [each.strip().removeprefix("W/") for each in condition.split(",")]
    return tag in tags or tags == ["*"]
