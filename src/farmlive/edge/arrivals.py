"""Paces WebSockets that arrive at once: a few start at each turn of the event loop, so that current
work, such as an order, does not wait for all of them.
"""

import asyncio
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send

AT_A_TURN = 4


class Arrivals:
    """ASGI middleware: starts WebSockets in order of arrival."""

    def __init__(self, app: ASGIApp):
        self._app = app
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, a WebSocket when it is its turn."""
        if scope["type"] == "websocket":
            loop = asyncio.get_running_loop()
            turn = loop.create_future()
            self._waiting.append(turn)
            if len(self._waiting) == 1:
                loop.call_soon(self._next)
            await turn
        await self._app(scope, receive, send)

    def _next(self) -> None:
        for _ in range(min(AT_A_TURN, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
