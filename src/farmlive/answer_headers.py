"""The headers that every answer has, whoever makes it: what a browser must not do with it.

Pages, files and a certificate bring a policy of their own, which stays.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from farmlive.hosts import host_of, is_name
from farmlive.settings import Settings

# What is no page shows, loads and runs nothing, wherever a browser opens it.
POLICY = "default-src 'none'; frame-ancestors 'none'"
# A year, renewed by each answer; the operator's other names are the operator's to decide.
STRICT_TRANSPORT = "max-age=31536000"


class AnswerHeaders:
    """ASGI middleware: nosniff and a policy on every answer, and HSTS where the server is https."""

    def __init__(self, app: ASGIApp, settings: Settings):
        self._app = app
        self._secure = settings.secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        # A browser would not go by http to any port of that name again: none of a loopback one's.
        strict = self._secure and is_name(host_of(Headers(scope=scope).get("host", "")))

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                # A script's policy would be its worker's, too; a file that is shown has its own.
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Content-Security-Policy", POLICY)
                if strict:
                    headers["Strict-Transport-Security"] = STRICT_TRANSPORT
            await send(message)

        if scope["type"] in ("http", "websocket"):
            await self._app(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send)
