"""Content that all visitors share: rendered at intervals, however many requests come meanwhile.

It has nothing of one visitor: it depends on the page's URL and language alone. So it may be
compressed, as pages with something of one visitor never are.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from farmlive.broadcast.log import TOPIC, unpack
from farmlive.bus import Bus
from farmlive.pages.rendering.compression import compress
from farmlive.pages.rendering.languages import language_of
from farmlive.pages.rendering.render import Pages
from farmlive.people import Caller

K = TypeVar("K")
V = TypeVar("V")

# A page is drawn once in so long, however many open it.
PAGE_S = 1.0
# Whoever is not signed in.
VISITOR = Caller(None, None, None, device="", address=None)


class Shared(Generic[K, V]):
    """Values by key, each computed again after `seconds`, and removed soon after.

    Those who ask while it is made wait for the same; an error reaches them all and is not kept.
    """

    def __init__(
        self,
        make: Callable[[K], Awaitable[V]],
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._make = make
        self._seconds = seconds
        self._clock = clock
        self._made: dict[K, tuple[float, V]] = {}
        self._making: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """Return the value, at most `seconds` old."""
        made = self._made.get(key)
        if made is not None and self._clock() < made[0] + self._seconds:
            return made[1]
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._make_and_keep(key))
        # Whoever leaves takes it from nobody else.
        return await asyncio.shield(making)

    async def _make_and_keep(self, key: K) -> V:
        began = self._clock()
        try:
            value = await self._make(key)
        finally:
            # Forgotten meanwhile, it is what was, and for those alone who asked before.
            is_current = self._making.get(key) is asyncio.current_task()
            if is_current:
                del self._making[key]
        if is_current:
            self._made.pop(key, None)
            self._made[key] = began, value
            self._forget_old()
        return value

    def forget(self) -> None:
        """Remove all values, so that the next request computes them again."""
        self._made.clear()
        self._making.clear()

    def _forget_old(self) -> None:
        # The oldest stand first, all but for the time that their making took.
        while self._made:
            oldest = next(iter(self._made))
            if self._clock() < self._made[oldest][0] + self._seconds:
                return
            del self._made[oldest]


class SharedPage:
    """A page that is the same for every visitor without a role: rendered once a second for each
    language and `key`, the variable part of its URL.

    `make(key, caller)` gives what stands on it, to `VISITOR` or to one who is signed in, for whom
    it is drawn alone; it raises where the key names nothing. `path` is its address, with `{}` for
    the key.
    """

    def __init__(
        self,
        pages: Pages,
        template: str,
        path: str,
        make: Callable[[str, Caller], Awaitable[dict[str, Any]]],
    ):
        self._pages = pages
        self._template = template
        self._path = path
        self._make = make
        self._drawn = Shared(self._draw, PAGE_S)

    async def answer(self, request: Request, caller: Caller, key: str = "") -> Response:
        """Answer with the page."""
        if caller.role is None:
            html, coded = await self._drawn.get((language_of(request), key))
            async with self._pages.turn():
                return self._pages.answer(request, html, coded=coded)
        context = await self._make(key, caller)
        return self._pages.page(request, self._template, caller=caller, **context)

    def forget(self) -> None:
        """Render it again at the next request."""
        self._drawn.forget()

    async def _draw(self, of: tuple[str, str]) -> tuple[str, bytes | None]:
        language, key = of
        scope = {"type": "http", "method": "GET", "path": self._path.format(key), "headers": []}
        request = Request({**scope, "query_string": f"lang={language}".encode()})
        context = await self._make(key, VISITOR)
        async with self._pages.turn():
            html = self._pages.html(request, self._template, caller=VISITOR, **context)
        return html, await to_thread.run_sync(compress, html.encode())


def forget_on(bus: Bus, kinds: str, *pages: SharedPage) -> None:
    """Forget these pages at every event whose kind has this prefix, such as the stop of a lot, so
    that the next request reads the present state.
    """
    mark = f'"{kinds}'.encode()

    def hear(topic: str, message: bytes) -> None:
        # Most events are of the trade, hundreds a second; of the others a chat may say the words.
        if topic == TOPIC and mark in message and unpack(message).kind.startswith(kinds):
            for page in pages:
                page.forget()

    bus.listen(hear)
